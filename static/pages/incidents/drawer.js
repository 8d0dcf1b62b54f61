// One incident in full: what, when, why, what happened one after the other, and who answered.
import { h } from "../../shared/js/dom.js";
import { address, get } from "../../shared/js/api.js";
import { number, words } from "../../shared/js/format.js";
import { outcome } from "../../shared/js/outcomes.js";
import { shell } from "../../shared/js/shell.js";
import { span, timeOf, when } from "../../shared/js/time.js";
import { badge, cost, length } from "./words.js";

const WHAT = { began: "Began", again: "Began again", changed: "Changed", ended: "Ended", lost: "Lost from sight" };

export class Drawer {
  constructor(dialog, place) {
    this.dialog = dialog;
    this.place = place;
    this.id = null;
    // Whether a step of the history was made for it, which closing takes back.
    this.pushed = false;
    dialog.addEventListener("close", () => this.#left());
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
  }

  // Opens it as a step of its own, which Back undoes.
  show(id) {
    shell.push({ id });
    this.pushed = true;
    this.open(id);
  }

  async open(id) {
    if (this.id === id && this.dialog.open) return;
    this.id = id;
    this.title = h("h2", { id: "drawer-title", text: "Incident" });
    this.body = h("div", { class: "parts" }, h("p", { class: "note", text: "Asking…" }));
    this.place.replaceChildren(
      h("header", null, this.title, h("button", { class: "button small", type: "button", onclick: () => this.dialog.close() }, "Close ✕")),
      this.body,
    );
    if (!this.dialog.open) this.dialog.showModal();
    try {
      const { found, incident, problem } = await get("api/pages/incident", { id });
      if (this.id !== id) return;
      if (found) this.#fill(incident);
      else this.body.replaceChildren(h("p", { class: "empty", text: `There is no such incident: ${problem.detail}. It may have been forgotten, or was kept by a process that has ended.` }));
    } catch (problem) {
      if (this.id === id) this.body.replaceChildren(h("div", { class: "failure" }, h("strong", { text: problem.title ?? problem.message }), h("span", { text: problem.detail ?? "" })));
    }
  }

  // As the address says; a step back was made already.
  close() {
    this.pushed = false;
    this.id = null;
    if (this.dialog.open) this.dialog.close();
  }

  #left() {
    const pushed = this.pushed;
    this.pushed = false;
    if (this.id === null) return;
    this.id = null;
    if (pushed) history.back();
    else shell.replace({ id: null });
  }

  #fill(one) {
    this.title.textContent = one.title;
    this.body.replaceChildren(
      h("p", { class: "lead", text: one.reason }),
      one.notes.length ? h("ul", { class: "notes" }, one.notes.map((note) => h("li", { text: note }))) : "",
      facts(one),
      written(one),
      standIns(one),
      course(one),
      samples(one),
      h("p", { class: "leads" }, leads(one)),
    );
  }
}

function facts(one) {
  const open = one.ended_at === null;
  const flaps = one.times > 1;
  const rows = [
    ["Severity", badge(one.severity)],
    ["State", open ? "open now" : one.unknown_until ? "ended, when is not known" : "ended"],
    ["Began", timeOf(one.started_at)],
    open ? null : [one.unknown_until ? "Last seen" : "Ended", timeOf(one.ended_at)],
    one.unknown_until ? ["Not known until", timeOf(one.unknown_until)] : null,
    ["Lasted", h("span", null, length(one), flaps ? `, of that ${span(1000 * one.down_s)} down, ${one.times} times` : "")],
    ["Cause", h("span", null, one.cause ? `${one.cause.message} ` : "not known", one.cause ? h("code", { text: one.cause.code }) : null)],
    one.capabilities.length ? ["Capabilities concerned", h("span", { class: "tags" }, one.capabilities.map((name) => h("span", { class: "tag", text: words(name) })))] : null,
  ];
  return h("dl", { class: "facts" }, rows.filter(Boolean).map(([name, value]) => [h("dt", { text: name }), h("dd", null, value)]).flat());
}

function written(one) {
  if (!one.operator_notes?.length) return "";
  return h("section", null, h("h3", { text: "What the operator wrote" }),
    h("ul", { class: "notes" }, one.operator_notes.map((note) => h("li", null, timeOf(note.at, when), ` ${note.text}`))));
}

function standIns(one) {
  if (one.failed_requests === null) return "";
  const most = Math.max(1, ...one.answered_by.map((stand) => stand.requests));
  return h("section", null, h("h3", { text: "Who answered meanwhile" }),
    one.answered_by.length
      ? h("ol", { class: "stands" }, one.answered_by.map((stand) => {
          const bar = h("i");
          bar.style.width = `${(100 * stand.requests) / most}%`;
          const name = stand.provider === "cache" ? h("span", { text: stand.title }) : h("a", { href: address("providers", { name: stand.provider }), title: stand.provider, text: stand.title });
          return h("li", null, name, h("span", { class: "meter", "aria-hidden": "true" }, bar), h("span", { class: "num", text: number(stand.requests) }));
        }))
      : null,
    h("p", { class: "note", text: `${cost(one)[0].toUpperCase()}${cost(one).slice(1)}.` }));
}

function course(one) {
  const steps = one.timeline.map((step) => h("li", { data: { what: step.what } }, timeOf(step.at, when), h("span", null, h("strong", { text: WHAT[step.what] ?? step.what }), step.text ? ` ${step.text}` : "")));
  if (one.moments_left_out) steps.splice(10, 0, h("li", { class: "note" }, h("span", { text: `${number(one.moments_left_out)} more, left out` })));
  return h("section", null, h("h3", { text: "What happened" }), h("ol", { class: "course" }, steps));
}

// A source has one title everywhere; one that is gone has its id alone.
const titleOf = (one, name) => one.answered_by.find((stand) => stand.provider === name)?.title ?? (name === one.name ? one.title : name);

function samples(one) {
  if (!one.requests.length) return "";
  return h("section", null, h("h3", { text: "Some of the requests" }),
    h("ul", { class: "samples" }, one.requests.map((sample) => h("li", null, timeOf(sample.at, when), h("span", { text: words(sample.capability) }),
      h("span", { class: sample.code ? "bad" : null, text: sample.code ? outcome(sample.code) : `answered by ${titleOf(one, sample.provider)}` }), shell.requestLink(sample.request_id)))),
    h("p", { class: "note", text: "A decision is kept for as long as newer ones leave it room." }));
}

function leads(one) {
  const own = one.name.split(":")[0];
  if (one.kind === "source") return [h("a", { href: address("providers", { name: own }), title: own }, `${one.title.split(":")[0]}: its page`), h("a", { href: address("incidents", { source: own }) }, "its other incidents")];
  if (one.kind === "capability") return [h("a", { href: address("explain", { capability: one.name }) }, "who would be asked now"), h("a", { href: address("incidents", { capability: one.name }) }, `all about ${words(one.name)}`)];
  return [h("a", { href: address("system-monitor") }, "the monitor"), h("a", { href: address("incidents", { kind: "service" }) }, "other services")];
}
