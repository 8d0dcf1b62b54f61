// The bar of time: one lane for each severity, and hatched where coinmux did not run. It only shows:
// the list below has the same incidents as links, for keyboards and readers.
import { h, s, setAttribute } from "../../shared/js/dom.js";
import { clock, day, span, zone } from "../../shared/js/time.js";

const LANES = ["critical", "major", "minor"];
const WIDE = 1000;
const LANE = 16;
const LEAST = 3;
const TICKS = 7;
const DAY_MS = 86400000;
const HOUR_MS = 3600000;

export class Week {
  // `onOpen(id)` is called for a piece that is clicked.
  constructor(place, onOpen) {
    this.drawn = "";
    this.svg = s("svg", { class: "lanes", role: "img", viewBox: `0 0 ${WIDE} ${LANE * LANES.length}`, preserveAspectRatio: "none" });
    this.svg.addEventListener("click", ({ target }) => {
      const id = target.closest("[data-id]")?.dataset.id;
      if (id) onOpen(id);
    });
    this.axis = h("div", { class: "ticks", "aria-hidden": "true" });
    place.append(
      h("ul", { class: "names", "aria-hidden": "true" }, LANES.map((name) => h("li", { text: name }))),
      this.svg,
      this.axis,
    );
  }

  // Before `known` nothing is known: what was kept in memory begins with the process.
  show(incidents, from, to, known = null) {
    const scale = WIDE / Math.max(1, to - from);
    const place = (at) => Math.min(WIDE, Math.max(0, (at - from) * scale));
    const pieces = [];
    if (known > from) pieces.push({ key: "unknown", x: 0, until: place(known), top: 0, tall: LANE * LANES.length, text: "Not known: it was before coinmux was started" });
    for (const one of incidents) {
      const gone = one.kind === "service" && one.name === "process";
      const end = one.ended_at ?? to;
      if (end < from) continue;
      const top = gone ? 0 : LANE * LANES.indexOf(one.severity);
      pieces.push({ id: one.id, key: gone ? "gone" : one.severity, x: place(one.started_at), until: place(end), top, tall: gone ? LANE * LANES.length : LANE,
        text: `${one.reason} ${span(end - one.started_at)}` });
      if (one.unknown_until) pieces.push({ id: one.id, key: "unknown", x: place(end), until: place(one.unknown_until), top, tall: LANE, text: `${one.title}: not known` });
    }
    this.#ticks(from, to);
    setAttribute(this.svg, "aria-label", incidents.length ? `${incidents.length} incidents between ${day(from)} ${clock(from)} and now; they are listed below` : "No incident in this time");
    const drawn = JSON.stringify(pieces.map(({ key, x, until, id, top }) => [key, Math.round(x), Math.round(until), id, top]));
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    // The least severe is drawn first, gaps before all.
    pieces.sort((a, b) => order(a.key) - order(b.key));
    this.svg.replaceChildren(
      ...LANES.map((_, at) => s("rect", { class: "lane", x: 0, y: LANE * at + 1, width: WIDE, height: LANE - 2 })),
      ...pieces.map((piece) => {
        const wide = Math.max(LEAST, piece.until - piece.x);
        return s("rect", { class: `p-${piece.key}`, x: Math.min(piece.x, WIDE - wide), y: piece.top + 1, width: wide, height: piece.tall - 2, data: { id: piece.id ?? null } }, s("title", { text: piece.text }));
      }),
    );
  }

  // At midnights, or at full hours where the bar is a day long; as many as fit.
  #ticks(from, to) {
    const days = to - from > 2 * DAY_MS;
    const step = days ? DAY_MS : HOUR_MS;
    const every = Math.ceil((to - from) / step / TICKS);
    const write = days ? (at) => day(at).slice(5) : (at) => clock(at, { seconds: false });
    const labels = [];
    // A step and a half on lies in the next day, however long a change of the clocks makes one.
    for (let at = floor(from + step - 1, days), count = 0; at < to; at = floor(at + 1.5 * step, days), count += 1) {
      const share = (at - from) / (to - from);
      if (count % every || share < 0 || share > 0.9) continue;
      const label = h("span", { text: write(at) });
      label.style.left = `${100 * share}%`;
      // A phone has no room for it beside "now".
      label.toggleAttribute("data-near", share > 0.75);
      labels.push(label);
    }
    this.axis.replaceChildren(...labels, h("span", { class: "last", text: "now" }));
  }
}

// The last midnight, or full hour, until then, in the zone of the page.
function floor(at, days) {
  const date = new Date(at);
  if (zone() === "utc") days ? date.setUTCHours(0, 0, 0, 0) : date.setUTCMinutes(0, 0, 0);
  else days ? date.setHours(0, 0, 0, 0) : date.setMinutes(0, 0, 0);
  return date.getTime();
}

const order = (key) => ["gone", "unknown", "minor", "major", "critical"].indexOf(key);
