// The second half of the monitor: network, what happened, sources, endpoints and the small cards.
import { $, h, setText } from "../../shared/js/dom.js";
import { get, script } from "../../shared/js/api.js";
import { breath } from "../../shared/js/poll.js";
import { shell } from "../../shared/js/shell.js";
import { eachSecond, now } from "../../shared/js/time.js";
import { Archive, Cache, Inventory, Services } from "./cards.js";
import { Changes } from "./changes.js";
import { Drill } from "./drill.js";
import { Endpoints } from "./endpoints.js";
import { Providers } from "./providers.js";
import { Requests } from "./requests.js";
import { Traffic } from "./traffic.js";
import { Trends } from "./trends.js";
import { Network, legend } from "./network/network.js";
import { Twin } from "./network/twin.js";

const NO_FEEDS = "No live feed now. One begins when somebody follows a market: a chart, api/market/ticker/stream, coinmux watch.";
const isOn = (name) => shell.params().get(name) === "1";
const sortOf = (name) => (shell.params().get(name) ?? "").split(".");
const kept = (key, direction, usual) => (`${key}.${direction}` === usual ? null : `${key}.${direction}`);

export class Later {
  #showing = Promise.resolve();
  isDrawn = false;

  // `part(name, draw)` shows one panel; `picture` asks the server.
  constructor({ panels, part, picture, simulated }) {
    document.head.append(h("link", { rel: "stylesheet", href: new URL("./later.css", import.meta.url).href }));
    Object.assign(this, { panels, part, picture, feeds: null });
    this.trends = new Trends($("#trends"));
    this.services = new Services($("#services"));
    this.traffic = new Traffic();
    this.network = new Network($("#stage"), this.traffic);
    legend($("#legend"));
    this.twin = new Twin($(".twin"), $("#traffic"));
    this.changes = new Changes($("#changes"));
    this.requests = new Requests($("#lines"), $("#kind"), { onChoose: (kind) => shell.replace({ log: kind || null }) });
    this.cache = new Cache(panels.cache.body);
    this.archive = new Archive(panels.archive.card, panels.archive.body);
    this.inventory = new Inventory(panels.inventory.body);
    const [by, way] = sortOf("endpoints");
    this.endpoints = new Endpoints($("#endpoints"), { idle: $("#all-endpoints"), own: $("#own-endpoints"), ...(by ? { sorted: by, direction: way } : {}),
      onSort: (key, direction) => shell.replace({ endpoints: kept(key, direction, "rate.desc") }) });
    $("#drill").hidden = !simulated;
    $("#drill").href = isOn("drill") ? "?" : "?drill=1";
    setText($("#drill"), isOn("drill") ? "End drill" : "Drill");
    this.#toggle($("#idle"), "all", ["Show every source", "Fold quiet sources"], (on) => this.network.choose({ everyone: on }));
    this.#toggle($("#disabled"), "disabled", ["Show disabled", "Hide disabled"], (on) => this.network.choose({ disabled: on }));
    this.#tabs();
    this.#pausing();
    document.addEventListener("address", () => this.#fromAddress());
    eachSecond(() => this.changes.tick());
  }

  async ready() {
    const [sort, direction] = sortOf("sort");
    const drill = isOn("drill") ? await new Drill(() => this.picture.now()).load() : null;
    if (drill) $("#providers").closest(".scroll").before(drill.strip);
    this.providers = new Providers($("#providers"), $("#providers-note"), {
      sort, direction, quiet: isOn("quiet"), drill,
      onSort: (key, way) => shell.replace({ sort: kept(key, way, "state.asc") }),
      onQuiet: (open) => shell.replace({ quiet: open ? "1" : null }),
    });
    // Troubles that began before this page was opened.
    get("api/incidents", { limit: 50 }).then(({ incidents }) => this.changes.known(incidents ?? []), () => {});
  }

  // One answer after the other, as each takes several frames.
  show(data, items) {
    const next = () => this.#show(data, items);
    this.#showing = this.#showing.then(next, next);
    return this.#showing;
  }

  async #show(data, items) {
    this.isDrawn = true;
    this.part("trends", () => this.trends.show(data.server));
    this.part("services", () => this.services.show(data.services));
    await breath();
    this.traffic.add(items, now());
    this.part("network", () => this.network.update({ ...data, poll_after_ms: this.picture.lag }, items));
    await breath();
    this.part("log", () => this.#log(items, data));
    await breath();
    await this.part("providers", async () => {
      await this.providers.show(data.providers, data.bars, this.traffic);
      return data.providers.length ? null : "No sources are installed. See docs/plugins.md.";
    });
    await breath();
    this.part("cache", () => this.cache.show(data.cache, data.server?.trend));
    this.part("archive", () => this.archive.show(data.database));
    this.part("inventory", () => this.inventory.show(data));
    await breath();
    this.#follow(data.feeds);
    this.part("endpoints", () => this.endpoints.show(data.endpoints));
    this.twin.show(data.providers ?? []);
  }

  // Most servers follow nothing most of the time: the first feed brings the script that draws them.
  #follow(feeds) {
    if (this.feeds) return;
    if (!feeds?.total) {
      this.part("feeds", () => NO_FEEDS);
      return;
    }
    this.feeds = script(() => import("./feeds.js")).then(({ Feeds }) => new Feeds(this.panels.feeds, this.part, NO_FEEDS), (error) => {
      this.feeds = null;
      this.panels.feeds.error({ title: "A part of this page did not load", detail: error.message });
    });
  }

  // What the stream told between two answers.
  happened(items) {
    this.traffic.add(items, now());
    this.network.happened(items, this.picture.lag);
    this.part("log", () => this.#log(items, null));
  }

  #log(items, answer) {
    this.requests.add(items);
    this.changes.add(items, answer);
    if (this.requests.shown) return this.requests.size ? null : "Nothing happened yet. Ask the API for something, for example api/market/ticker?symbol=BTC/USDT.";
    return this.changes.size ? null : "Nothing changed since this page was opened.";
  }

  #toggle(button, name, [off, on], act) {
    const set = (isPressed) => {
      button.setAttribute("aria-pressed", String(isPressed));
      setText(button, isPressed ? on : off);
      act(isPressed);
    };
    button.addEventListener("click", () => {
      const next = button.getAttribute("aria-pressed") !== "true";
      shell.replace({ [name]: next ? "1" : null });
      set(next);
    });
    set(isOn(name));
  }

  #tabs() {
    const tabs = [$("#tab-changes"), $("#tab-requests")];
    const choose = (name) => {
      for (const tab of tabs) {
        const chosen = tab.id === `tab-${name}`;
        tab.setAttribute("aria-selected", String(chosen));
        tab.tabIndex = chosen ? 0 : -1;
        $(`#${tab.getAttribute("aria-controls")}`).hidden = !chosen;
      }
      $("#kinds").hidden = name !== "requests";
      this.requests.shown = name === "requests";
      this.requests.show();
      // Before the first answer nothing is known to have happened or not.
      if (this.isDrawn) this.part("log", () => this.#log([], null));
    };
    this.chooseTab = choose;
    for (const tab of tabs) {
      tab.addEventListener("click", () => {
        const name = tab.id.slice(4);
        shell.replace({ tab: name === "changes" ? null : name });
        choose(name);
      });
      tab.addEventListener("keydown", (event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        const other = tabs[1 - tabs.indexOf(tab)];
        other.focus();
        other.click();
      });
    }
    this.requests.choose(shell.params().get("log") ?? "");
    choose(shell.params().get("tab") === "requests" ? "requests" : "changes");
  }

  #fromAddress() {
    this.requests.choose(shell.params().get("log") ?? "");
    this.chooseTab(shell.params().get("tab") === "requests" ? "requests" : "changes");
  }

  // A shared link of a paused page opens paused.
  #pausing() {
    if (isOn("paused") && !shell.paused) shell.live.click();
    document.addEventListener("paused", ({ detail }) => shell.replace({ paused: detail ? "1" : null }));
  }
}
