"""How much of a page moves while it fills: layout shift as web.dev defines it."""

#: Runs before the page; `shift_of(page)` reads what it added up.
WATCH_SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifted += one.value;
}).observe({ type: "layout-shift", buffered: true });
"""
LIMIT = 0.1


async def watch_shifts(page):
    """To be given to `page_of` as `before`."""
    await page.add_init_script(WATCH_SHIFTS)


async def shift_of(page):
    """How much moved until now."""
    return await page.evaluate("window.shifted")
