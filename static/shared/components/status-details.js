// What the status widget shows on pages of ours: the sentence with its links, sources, models,
// endpoints, and the five sources that need a look, or else are asked most. It asks while it is open.
import { get } from "../js/api.js";
import { each, h, setText } from "../js/dom.js";
import { number } from "../js/format.js";
import * as links from "../js/links.js";
import { Poller } from "../js/poll.js";
import { ORDER, severity, shape, stateOf } from "../js/states.js";
import { clock, sync, zone } from "../js/time.js";
import { learn } from "../js/words.js";

const EVERY_MS = 5000;
const MOST = 5;
const NEED_A_LOOK = ["offline", "degraded"];

const plain = (reason) => reason && `${reason[0].toUpperCase()}${reason.slice(1)}.`;

export class StatusDetails {
  #told = "";

  constructor(widget) {
    this.sentence = h("p", { class: "sentence" });
    this.facts = h("dl");
    this.title = h("h3", { text: "Sources" });
    this.list = h("ul");
    this.trouble = h("p", { class: "note", role: "status", hidden: true });
    this.widget = widget;
    widget.append(h("div", { class: "status-details", slot: "details" }, this.sentence, this.facts, this.title, this.list, this.trouble));
    this.poller = new Poller(async () => this.#set(await get("api/monitor")), {
      interval: EVERY_MS,
      onBad: (problem) => this.#say(problem.title ?? "The server's answer cannot be read"),
    });
    this.poller.stopped = true;
  }

  // Asks only while somebody looks.
  show(open) {
    if (open === !this.poller.stopped) return;
    if (open) this.poller.start();
    else this.poller.stop();
  }

  #say(text) {
    setText(this.trouble, text);
    this.trouble.hidden = !text;
  }

  #set(answer) {
    sync(answer.server_time);
    learn(answer.providers);
    this.widget.tell(answer);
    this.#say("");
    this.#speak(answer);
    const summary = answer.summary ?? {};
    // Those that only pages like this one ask are no service to anybody.
    const endpoints = (Array.isArray(answer.endpoints) ? answer.endpoints : []).filter((one) => !one.own);
    const failing = endpoints.filter((one) => NEED_A_LOOK.includes(stateOf(one.state).key)).length;
    const models = answer.models ?? {};
    this.#facts([
      ["Sources", `${number(summary.healthy)} of ${number(summary.total)} healthy`],
      ["Models", `${number(models.active)} of ${number(models.total)} ready`],
      ["Endpoints", failing ? `${number(failing)} of ${number(endpoints.length)} failing` : `${number(endpoints.length)}, none failing`],
      ["Requests", `${number(answer.server?.requests_per_min)}/min`],
    ]);
    this.#sources(Array.isArray(answer.providers) ? answer.providers : []);
  }

  // The sentence is drawn anew only when it says something else: a link that has the focus stays.
  #speak({ verdict, reason }) {
    const segments = Array.isArray(verdict) && verdict.length ? verdict : [{ text: plain(String(reason ?? "")) }];
    const told = JSON.stringify([segments, zone()]);
    if (told === this.#told) return;
    this.#told = told;
    this.sentence.replaceChildren(...segments.map(({ text, capability, provider, at }) => {
      if (Number.isFinite(at)) return clock(at, { seconds: false });
      if (capability) return links.capability(capability, text);
      return provider ? links.provider(provider, text) : String(text ?? "");
    }));
  }

  #facts(rows) {
    each(this.facts, rows, ([name]) => name, ([name]) => h("div", null, h("dt", { text: name }), h("dd")),
      (line, [, value]) => setText(line.lastElementChild, value));
  }

  #sources(providers) {
    const bad = providers.filter((one) => NEED_A_LOOK.includes(stateOf(one.state).key));
    const shown = (bad.length ? bad : providers.filter((one) => one.requests_per_min > 0))
      .sort((a, b) => severity(a.state) - severity(b.state) || (b.requests_per_min ?? 0) - (a.requests_per_min ?? 0))
      .slice(0, MOST);
    setText(this.title, bad.length ? `${bad.length === 1 ? "One source needs" : `${number(bad.length)} sources need`} a look` : shown.length ? "Asked most" : "No source is asked now");
    each(this.list, shown, (one) => one.name,
      (one) => h("li", null, shape(ORDER[0]), links.provider(one.name, one.title ?? one.name), h("span", { class: "end" })),
      (line, one) => {
        const { key, word } = stateOf(one.state);
        if (line.dataset.state !== key) {
          line.dataset.state = key;
          line.firstElementChild.replaceWith(shape(key));
        }
        setText(line.lastElementChild, key === "healthy" ? `${number(one.requests_per_min)}/min` : word);
        line.title = one.last_error?.message ?? "";
      });
  }
}
