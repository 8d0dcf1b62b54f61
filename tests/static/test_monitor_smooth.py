"""A refresh of the monitor comes in pieces, and has nothing laid out before it is over."""

import re

MONITOR = re.compile(r"/api/monitor(\?|$)")
READY = '[data-panel="providers"][data-panel-state="ready"]'
#: How many rows of sources came at a time: between two pieces the browser tells what was added.
COUNT_ROWS = """
window.rowsAdded = [];
new MutationObserver((changes) => {
  const added = changes.flatMap((one) => [...one.addedNodes])
    .filter((one) => one.localName === "tr" && one.closest("#providers"));
  if (added.length) window.rowsAdded.push(added.length);
}).observe(document, { childList: true, subtree: true });
"""
#: What a page asks that has the browser lay it out before it goes on. Who hears of a new size asks
#: when all is laid out.
COUNT_READS = """
window.sizesRead = [];
let isTold = false;
const note = (what) => isTold || window.sizesRead.push(what);
window.ResizeObserver = class extends ResizeObserver {
  constructor(heard) {
    super((...all) => {
      isTold = true;
      heard(...all);
      isTold = false;
    });
  }
};
const sizes = [
  [HTMLElement, ["offsetParent", "offsetWidth", "offsetHeight", "offsetLeft", "offsetTop"]],
  [Element, ["clientWidth", "clientHeight", "scrollWidth", "scrollHeight"]],
];
for (const [kind, names] of sizes) {
  for (const name of names) {
    const { get } = Object.getOwnPropertyDescriptor(kind.prototype, name);
    Object.defineProperty(kind.prototype, name, {
      configurable: true,
      get() {
        note(`${name} of ${this.id || this.className}`);
        return get.call(this);
      },
    });
  }
}
const box = Element.prototype.getBoundingClientRect;
Element.prototype.getBoundingClientRect = function () {
  note(`the box of ${this.id || this.className}`);
  return box.call(this);
};
"""
SOURCES = 60


def sixty(body):
    """Sixty sources in trouble, so that each has its row."""
    known = body["providers"]
    more = range(SOURCES - len(known))
    known += [{**known[0], "name": f"more_{number}", "title": f"More {number}"} for number in more]
    for one in known:
        one.update(state="OFFLINE", channels=None)


async def test_sixty_sources_are_made_in_pieces_and_all_there(page_of, altered):
    """No more than a dozen rows at a time, in the order of the table from the first."""

    async def before(page):
        await page.add_init_script(COUNT_ROWS)
        await altered(page, MONITOR, sixty)
        await page.route("**/api/stream", lambda route: route.abort())

    async with page_of("system-monitor", before=before) as page:
        await page.wait_for_selector(READY)
        added = await page.evaluate("window.rowsAdded")
        assert max(added) <= 12
        assert sum(added) > SOURCES
        rows = page.locator("#providers tr[data-key]")
        assert await rows.count() == SOURCES
        shown = await rows.locator(".who a").all_inner_texts()
        assert len(set(shown)) == SOURCES
        assert set(await rows.locator(".state .word").all_inner_texts()) == {"offline"}
        await page.unroute_all(behavior="ignoreErrors")


async def test_an_order_chosen_while_rows_are_made_holds(page_of, altered, until):
    """A click does not wait for the rows, and what was being made does not undo it."""

    def change(body):
        sixty(body)
        for number, one in enumerate(body["providers"]):
            one["requests_per_min"] = number

    async def before(page):
        await altered(page, MONITOR, change)
        await page.route("**/api/stream", lambda route: route.abort())

    async with page_of("system-monitor", before=before) as page:
        head = page.locator('#providers button.sort:text-is("Req/min")')
        await head.click()
        keys = page.locator("#providers tr[data-key]")

        async def falling():
            rates = await keys.locator("td:nth-child(6)").all_inner_texts()
            return len(rates) == SOURCES and rates == [str(at) for at in reversed(range(SOURCES))]

        assert await until(falling, 10)
        await page.unroute_all(behavior="ignoreErrors")


async def test_a_refresh_reads_no_size_of_the_page(page_of, altered, until):
    """What is read between two changes makes the browser lay out the whole page each time."""
    answered = []

    async def before(page):
        await page.add_init_script(COUNT_READS)
        # Another sentence is measured once: it may be longer than its place.
        await altered(page, MONITOR, lambda body: body.update(verdict=[{"text": "As ever."}]))
        page.on("response", lambda one: answered.append(one) if MONITOR.search(one.url) else None)

    async with page_of("system-monitor?quiet=1", before=before) as page:
        await page.wait_for_selector(READY)
        await page.wait_for_timeout(1_500)
        await page.evaluate("window.sizesRead = []")
        count = len(answered)

        async def twice_more():
            return len(answered) >= count + 2

        assert await until(twice_more, 40)
        await page.wait_for_timeout(1_000)
        assert await page.evaluate("window.sizesRead") == []
        await page.unroute_all(behavior="ignoreErrors")
