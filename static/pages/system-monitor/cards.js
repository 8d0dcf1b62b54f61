// The summary strip and the small cards: services, server, database, models and sources.
import { each, h, setAttribute, setText } from "../../shared/js/dom.js";
import { NONE, ms, number, percent, words } from "../../shared/js/format.js";
import { badge, setBadge, shape, stateOf } from "../../shared/js/states.js";
import { ago, clock, span } from "../../shared/js/time.js";
import { root } from "../../shared/js/api.js";
import { Spark } from "../../shared/components/spark.js";

const MIX = ["healthy", "degraded", "offline", "unknown", "disabled"];

function tile(label) {
  const parts = { tone: h("i", { class: "tone" }), mark: h("span", { class: "mark" }), big: h("span"), unit: h("small"), between: h("div"), sub: h("div", { class: "sub" }) };
  parts.card = h("div", { class: "card" }, parts.tone, h("div", { class: "label", text: label }), h("div", { class: "big" }, parts.mark, h("span", null, parts.big, " ", parts.unit)), parts.between, parts.sub);
  return parts;
}

export class Summary {
  constructor(place) {
    this.overall = tile("Overall state");
    this.providers = tile("Providers healthy");
    this.rate = tile("Requests per minute");
    this.load = tile("Load");
    this.incidents = tile("Open incidents");
    this.tiles = [this.overall, this.providers, this.rate, this.load, this.incidents];
    this.providers.between.className = "mix";
    this.providers.between.setAttribute("aria-hidden", "true");
    this.load.between.className = "meter";
    this.load.between.setAttribute("aria-hidden", "true");
    this.fill = this.load.between.appendChild(h("i"));
    place.append(...this.tiles.map((one) => one.card));
  }

  show(snapshot) {
    const { status, since, summary = {}, server = {} } = snapshot;
    this.state(status, Number.isFinite(since) ? `since ${clock(since, { seconds: false })}, for ${span(snapshot.server_time - since)}` : "");
    const { healthy, total } = summary;
    this.#tone(this.providers, summary.offline > 0 ? "offline" : summary.degraded > 0 ? "degraded" : healthy > 0 ? "healthy" : "unknown");
    setText(this.providers.big, number(healthy));
    setText(this.providers.unit, `of ${number(total)}`);
    const parts = MIX.filter((name) => summary[name] > 0);
    each(this.providers.between, parts, (name) => name, (name) => h("i", { class: `m-${name}` }), (element, name) => {
      element.style.flexGrow = summary[name];
    });
    setText(this.providers.sub, parts.filter((name) => name !== "healthy").map((name) => `${summary[name]} ${name}`).join(", ") || "every one");
    this.#tone(this.rate, "healthy", true);
    setText(this.rate.big, number(server.requests_per_min));
    setText(this.rate.sub, `p95 ${ms(server.p95_ms)}, ${percent(Number.isFinite(server.error_rate) ? server.error_rate * 100 : null)} failed`);
    const load = server.load_percent;
    this.#tone(this.load, load >= 90 ? "offline" : load >= 70 ? "degraded" : "healthy", true);
    setText(this.load.big, number(load, load < 10 ? 1 : 0));
    setText(this.load.unit, Number.isFinite(load) ? "%" : "");
    this.fill.style.width = `${Math.min(100, Math.max(0, load || 0))}%`;
    setAttribute(this.load.card, "title", server.load_basis ?? "");
    setText(this.load.sub, server.load_basis ? "of one core" : "");
    const open = summary.open_incidents;
    this.#tone(this.incidents, open > 0 ? "degraded" : "healthy", !open);
    setText(this.incidents.big, number(open));
    setText(this.incidents.sub, open > 0 ? "see the providers below" : open === 0 ? "nothing is wrong" : "");
  }

  state(status, sub) {
    const { key, word } = stateOf(status);
    this.#tone(this.overall, key);
    if (this.overall.mark.dataset.state !== key) {
      this.overall.mark.replaceChildren(shape(key));
      this.overall.mark.dataset.state = key;
    }
    setText(this.overall.big, word === NONE ? NONE : key === "healthy" ? "Online" : word[0].toUpperCase() + word.slice(1));
    if (sub !== undefined) setText(this.overall.sub, sub);
  }

  #tone(tile, key, quiet = false) {
    setAttribute(tile.tone, "data-state", key);
    tile.tone.hidden = quiet && key === "healthy";
  }
}

export class Services {
  constructor(body) {
    this.list = body.appendChild(h("ul", { class: "rows" }));
  }

  show(services) {
    each(this.list, services, (one) => one.name,
      () => h("li", null, h("span", { class: "name" }), badge(null), h("span", { class: "detail" })),
      (line, one) => {
        setText(line.children[0], words(one.name).replace("api ", "API "));
        setBadge(line.children[1], one.status);
        const since = Number.isFinite(one.since) ? `since ${clock(one.since, { seconds: false })}` : "";
        setText(line.children[2], [since, one.detail].filter(Boolean).join(" · ") || NONE);
        setAttribute(line.children[2], "title", one.detail || null);
      });
  }
}

const figure = (list, title) => {
  const value = h("dd");
  list.append(h("div", null, h("dt", { text: title }), value));
  return (words, unit = "") => {
    value.replaceChildren(words, unit && words !== NONE ? h("small", { text: ` ${unit}` }) : "");
    return value;
  };
};

export class Server {
  constructor(body) {
    const list = h("dl", { class: "figures" });
    this.rate = figure(list, "Requests / min");
    this.load = figure(list, "Load");
    this.p95 = figure(list, "p95");
    this.memory = figure(list, "Memory");
    this.spark = new Spark("Requests and load");
    body.append(list, h("div", { class: "plot" }, this.spark.element),
      h("div", { class: "row" }, h("span", { class: "key" }, h("i"), "requests / min"), h("span", { class: "key second" }, h("i"), "load"), h("span", { class: "note" }, "15 minutes")));
  }

  show(server) {
    this.rate(number(server.requests_per_min));
    setAttribute(this.load(number(server.load_percent, 1), "%"), "title", server.load_basis ?? null);
    this.p95(ms(server.p95_ms));
    this.memory(number(server.rss_mb), "MB");
    const trend = server.trend ?? {};
    const rates = trend.requests_per_min ?? [];
    const known = rates.filter((value) => Number.isFinite(value));
    const say = known.length ? `Last 15 minutes: up to ${number(Math.max(...known))} requests a minute, load now ${percent(server.load_percent)}` : "Nothing sampled yet";
    this.spark.set([{ values: rates, least: 10 }, { values: trend.load_percent ?? [], least: 100 }], say);
    setAttribute(this.spark.element.parentElement, "title", `${say}. ${server.load_basis ?? ""}`);
  }
}

export class Database {
  constructor(body) {
    const list = h("dl", { class: "figures" });
    this.size = figure(list, "Size");
    this.usage = figure(list, "Used");
    this.queries = figure(list, "Queries / s");
    this.engine = h("p", { class: "note plot" });
    this.cache = h("dl", { class: "figures plot" });
    this.hits = figure(this.cache, "From cache");
    this.kept = figure(this.cache, "Hits");
    this.stale = figure(this.cache, "Served stale");
    body.append(list, this.engine, this.cache);
  }

  show(database, cache) {
    const off = database.engine ? null : "No archive is configured; set ARCHIVE to keep data over a restart";
    setAttribute(this.size(number(database.size_mb, 1), "MB"), "title", off);
    setAttribute(this.usage(percent(database.usage_percent)), "title", off ?? (database.usage_percent === null ? "No limit is configured (ARCHIVE_MAX_MB)" : null));
    setAttribute(this.queries(number(database.queries_per_second, 1)), "title", off);
    setText(this.engine, database.engine ? `Engine: ${database.engine}` : "No archive is configured: nothing is kept over a restart.");
    if (!cache) return;
    this.hits(percent(Number.isFinite(cache.hit_rate) ? cache.hit_rate * 100 : null, 0));
    this.kept(number(cache.hits));
    this.stale(number(cache.stale_served));
  }
}

export class Inventory {
  constructor(body) {
    const list = h("dl", { class: "figures" });
    this.models = figure(list, "AI models active");
    this.sources = figure(list, "Data sources");
    this.kinds = h("div", { class: "kinds" });
    body.append(list, this.kinds);
  }

  show(models, sources) {
    this.models(number(models?.active), `of ${number(models?.total)}`);
    this.sources(number(sources?.total));
    const kinds = Object.entries(sources?.by_kind ?? {}).sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
    each(this.kinds, kinds, ([kind]) => kind,
      ([kind]) => h("a", { href: new URL(`providers?kind=${encodeURIComponent(kind)}`, root).href }, kind, h("span")),
      (link, [, count]) => setText(link.lastChild, count));
  }
}

export const lastSeen = (ms) => (Number.isFinite(ms) ? ago(ms) : NONE);
