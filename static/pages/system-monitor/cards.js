// The small cards: services in one line, the cache, the archive where there is one, models and sources.
import { each, h, setAttribute, setText } from "../../shared/js/dom.js";
import { kindOf } from "../../shared/js/kinds.js";
import { NONE, number, percent, words } from "../../shared/js/format.js";
import { shape, stateOf } from "../../shared/js/states.js";
import { clock } from "../../shared/js/time.js";
import { root } from "../../shared/js/api.js";
import { Spark } from "../../shared/components/spark.js";

const NOT_SET = { DISABLED: "not configured" };
const ENGINES = { sqlite: "SQLite", postgresql: "PostgreSQL" };
// "api_server" is the API server, "health_monitor" the health monitor.
const serviceOf = (name) => words(name).replace(/^(api |.)/, (first) => first.toUpperCase());

export class Services {
  constructor(body) {
    this.list = body.appendChild(h("ul", { class: "chips" }));
  }

  show(services) {
    each(this.list, services, (one) => one.name, () => h("li", null, h("span", { class: "is" }), h("span", { class: "name" }), " ", h("span", { class: "word" })), (chip, one) => {
      const state = stateOf(one.status);
      const place = chip.children[0];
      if (place.dataset.state !== state.key) {
        place.dataset.state = chip.dataset.state = state.key;
        place.replaceChildren(shape(state.key));
      }
      setText(chip.children[1], serviceOf(one.name));
      setText(chip.children[2], state.key === "healthy" ? "" : (NOT_SET[one.status] ?? state.word));
      setAttribute(chip, "title", [one.detail, Number.isFinite(one.since) ? `since ${clock(one.since, { seconds: false })}` : ""].filter(Boolean).join(" · ") || null);
    });
  }
}

const figure = (list, title, hint = null) => {
  const value = h("dd");
  list.append(h("div", { title: hint }, h("dt", { text: title }), value));
  return (text, unit = "", reason = hint) => {
    const shown = unit && text !== NONE ? `${text} ${unit}` : text;
    if (value.textContent !== shown) value.replaceChildren(text, unit && text !== NONE ? h("small", { text: ` ${unit}` }) : "");
    setAttribute(value.parentElement, "title", reason);
  };
};

export class Cache {
  constructor(body) {
    const list = h("dl", { class: "figures" });
    this.rate = figure(list, "From the cache", "Share of all questions since the start that the cache answered");
    this.hits = figure(list, "Hits");
    this.stale = figure(list, "Cached, refreshing", "Answers past their time that were served while a new one was fetched");
    this.misses = figure(list, "Misses", "Questions that a source was asked for");
    this.spark = new Spark("Share of answers from the cache");
    body.append(list, h("div", { class: "plot" }, this.spark.element));
  }

  show(cache, trend) {
    this.rate(percent(Number.isFinite(cache?.hit_rate) ? cache.hit_rate * 100 : null, 0));
    this.hits(number(cache?.hits));
    this.stale(number(cache?.stale_served));
    this.misses(number(cache?.misses));
    const shares = (trend?.cached ?? []).map((kept, at) => {
      const all = ["live", "cached", "stale", "failed"].reduce((sum, name) => sum + (trend[name]?.[at] ?? 0), 0);
      return Number.isFinite(kept) && all > 0 ? (100 * (kept + (trend.stale?.[at] ?? 0))) / all : null;
    });
    const known = shares.filter((value) => value !== null);
    this.spark.set([{ values: shares, least: 100 }], known.length ? `From the cache over the span shown: ${percent(Math.min(...known), 0)} to ${percent(Math.max(...known), 0)}` : "Nothing was asked in the span shown");
  }
}

// Shown only where an archive is configured.
export class Archive {
  constructor(card, body) {
    this.card = card;
    const list = h("dl", { class: "figures" });
    this.size = figure(list, "Size");
    this.usage = figure(list, "Used");
    this.queries = figure(list, "Queries / s");
    this.engine = h("p", { class: "note plot" });
    body.append(list, this.engine);
  }

  show(database) {
    this.card.hidden = !database?.engine;
    if (this.card.hidden) return;
    this.size(number(database.size_mb, 1), "MB");
    this.usage(percent(database.usage_percent), "", database.usage_percent === null ? "No limit is configured (ARCHIVE_MAX_MB)" : null);
    this.queries(number(database.queries_per_second, 1));
    setText(this.engine, `Engine: ${ENGINES[database.engine] ?? database.engine}`);
  }
}

export class Inventory {
  constructor(body) {
    const list = h("dl", { class: "figures" });
    this.models = figure(list, "AI models active");
    this.sources = figure(list, "Data sources");
    this.channels = figure(list, "Channels that answer", "Nodes and feeds inside sources that have several; what was not asked yet is not counted");
    this.kinds = h("div", { class: "kinds" });
    body.append(list, this.kinds);
  }

  show({ models, sources, channels }) {
    this.models(number(models?.active), `of ${number(models?.total)}`);
    this.sources(number(sources?.total));
    this.channels(number(channels ? (channels.healthy ?? 0) + (channels.degraded ?? 0) : null), channels ? `of ${number(channels.total)}` : "");
    const kinds = Object.entries(sources?.by_kind ?? {}).sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
    each(this.kinds, kinds, ([kind]) => kind,
      ([kind]) => h("a", { href: new URL(`providers?kind=${encodeURIComponent(kind)}`, root).href }, kindOf(kind), h("span")),
      (link, [, count]) => setText(link.lastChild, count));
  }
}
