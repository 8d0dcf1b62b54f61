// The system monitor: one question every five seconds, and everything on the page from its answer.
// The network and the tables are loaded once the first answer is shown: what is read first comes first.
import { $, h, query, remember, setText } from "../../shared/js/dom.js";
import { ask } from "../../shared/js/api.js";
import { Poller } from "../../shared/js/poll.js";
import { Panel } from "../../shared/js/panel.js";
import { announce } from "../../shared/js/announce.js";
import { shell } from "../../shared/js/shell.js";
import { stateOf } from "../../shared/js/states.js";
import { number } from "../../shared/js/format.js";
import { clock, now, sync } from "../../shared/js/time.js";
import { Database, Inventory, Server, Services, Summary } from "./cards.js";
import { Log } from "./log.js";

const INTERVAL_MS = 5000;
const TIMEOUT_MS = 4000;
const SPANS = ["1h", "24h", "7d"];

const card = (name) => $(`[data-panel="${name}"]`);
const panels = Object.fromEntries(
  [...document.querySelectorAll("[data-panel]")].map((element) => [element.dataset.panel, new Panel(element, { staleAfter: 3 * INTERVAL_MS, retry: () => poller.now() })]),
);
const summary = new Summary($("#summary"));
const services = new Services(panels.services.body);
const server = new Server(panels.server.body);
const database = new Database(panels.database.body);
const inventory = new Inventory(panels.inventory.body);
const log = new Log($("#lines"), $("#waiting"), $("#kind"), $("#pause"));
// What is loaded later: the network, and the tables of providers, endpoints and traffic.
let later = null;
let coming = null;
let newest = null;
let unseen = [];
let cursor = null;
let good = null;
let bars = SPANS.includes(query.get("bars")) ? query.get("bars") : "1h";
const states = new Map();

async function round() {
  const { data } = await ask("api/monitor", { params: { since: cursor, bars }, timeout: TIMEOUT_MS });
  sync(data.server_time);
  good = now();
  const events = data.events ?? {};
  const items = events.items ?? [];
  cursor = events.cursor ?? null;
  if (Number.isFinite(data.poll_after_ms)) poller.interval = Math.max(1000, data.poll_after_ms);
  changes(data);
  shell.answered(data);
  shell.updated(good, poller.interval);
  part("log", () => {
    log.add(items, { reset: events.reset });
    return log.size ? null : "Nothing happened yet. Ask the API for something, for example api/market/ticker?symbol=BTC/USDT.";
  });
  summary.show(data);
  part("services", () => services.show(data.services));
  part("server", () => server.show(data.server));
  part("database", () => database.show(data.database, data.cache));
  part("inventory", () => inventory.show(data.models, data.sources));
  await breath();
  if (later) await secondary(data, items);
  else {
    unseen.push(...items);
    newest = data;
    coming ??= load();
  }
  const late = `shown ${number(poller.interval / 1000)} s late`;
  setText($("#late"), events.dropped > 0 ? `${late} · +${number(events.dropped)} not drawn` : late);
}

async function load() {
  try {
    const [{ Network, legend }, { endpointTable, providerTable, trafficTable }, drill] = await Promise.all([
      import("./network/network.js"), import("./tables.js"), newest.simulated ? import("./drill.js").then(({ drillColumn }) => drillColumn(() => poller.now())) : null,
    ]);
    legend(card("network"));
    later = {
      network: new Network($("#stage")),
      traffic: trafficTable($("#traffic")),
      endpoints: endpointTable($("#endpoints"), $("#all-endpoints")),
      providers: providerTable($("#providers"), drill),
    };
    later.network.choose({ everyone: pressed($("#idle")), disabled: pressed($("#disabled")) });
    if (pressed($("#still"))) later.network.pause(true);
    const missed = unseen;
    unseen = [];
    await secondary(newest, missed);
  } catch (error) {
    coming = null;
    for (const name of ["network", "providers", "endpoints"]) panels[name].error({ title: "A part of this page did not load", detail: error.message });
  }
}

// Lets the browser paint and answer between two parts: no refresh holds it for long.
const breath = () => new Promise((done) => {
  setTimeout(done);
});

async function secondary(data, items) {
  part("network", () => later.network.update(data, items));
  await breath();
  part("providers", () => {
    later.providers.show(data.providers, data.bars);
    return data.providers.length ? null : "No providers are installed. See docs/plugins.md.";
  });
  await breath();
  part("endpoints", () => later.endpoints.show(data.endpoints));
  later.traffic.show(data.providers ?? []);
}

// One part of the page that cannot read its part of the answer takes no other along.
function part(name, show) {
  try {
    const sentence = show();
    if (typeof sentence === "string") panels[name].empty(sentence, good);
    else panels[name].ready(good);
  } catch (error) {
    console.warn(`${name}: ${error.message}`);
    panels[name].error({ title: "The answer has a field this page cannot read", detail: error.message });
  }
}

function changes(data) {
  const told = [data.providers, data.services].filter(Array.isArray).flat();
  for (const one of [...told, { name: "overall", status: data.status }]) {
    const word = stateOf(one.status ?? one.state).word;
    const before = states.get(one.name);
    states.set(one.name, word);
    if (before !== undefined && before !== word) announce(`${one.title ?? one.name} is ${word}`);
  }
}

function failed(error) {
  const problem = error.title ? error : { title: error.message };
  if (good === null) {
    for (const panel of Object.values(panels)) panel.error(problem);
  } else if (error.status && !error.unreachable) {
    // The server answers, but not this: the data stays, and the reason stands beside it.
    panels.providers.error(problem);
  }
}

document.addEventListener("unreachable", () => {
  summary.state("OFFLINE", good === null ? "no answer since this page was opened" : `no answer since ${clock(good)}`);
});

const poller = new Poller(round, { interval: INTERVAL_MS, onBad: failed });

const pressed = (button) => button.getAttribute("aria-pressed") === "true";

function toggle(button, on) {
  button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", String(!pressed(button)));
    on(pressed(button));
  });
}

toggle($("#idle"), (isOn) => {
  setText($("#idle"), isOn ? "Fold idle sources" : "Show every source");
  later?.network.choose({ everyone: isOn });
});
toggle($("#disabled"), (isOn) => {
  setText($("#disabled"), isOn ? "Hide disabled" : "Show disabled");
  later?.network.choose({ disabled: isOn });
});
toggle($("#still"), (isOn) => {
  setText($("#still"), isOn ? "Go on" : "Pause");
  later?.network.pause(isOn);
});
$("#unfold").addEventListener("click", () => {
  const open = card("network").toggleAttribute("data-open");
  $("#unfold").setAttribute("aria-expanded", String(open));
  setText($("#unfold"), open ? "Hide network" : "Show network");
});
$("#span").append(...SPANS.map((span) => h("button", {
  type: "button", "aria-pressed": String(span === bars), text: span.replace("h", " h").replace("d", " d"),
  onclick: (event) => {
    bars = span;
    remember({ bars: span === "1h" ? null : span });
    for (const button of $("#span").children) button.setAttribute("aria-pressed", String(button === event.currentTarget));
    poller.now();
  },
})));

setInterval(() => {
  for (const panel of Object.values(panels)) panel.tick();
}, 1000);
poller.start();
