// The drawer of one source: opened and closed with the address, so that Back closes it and a link opens it.
import { $, setText } from "../../shared/js/dom.js";
import { address, ask, get } from "../../shared/js/api.js";
import { ms } from "../../shared/js/format.js";
import { shell } from "../../shared/js/shell.js";
import { badge, stateOf } from "../../shared/js/states.js";
import { failure } from "../../shared/js/codes.js";
import { now } from "../../shared/js/time.js";
import { lead, sections } from "./detail.js";

const TEST_EVERY_MS = 10000;

export class Drawer {
  #name = null;
  #resting = null;
  #turn = 0;
  #pushed = false;

  // `facts` are what the page knows of all sources; `changed` is called after a test.
  constructor(facts, changed) {
    this.facts = facts;
    this.changed = changed;
    this.dialog = $("#drawer");
    $("#close").addEventListener("click", () => this.dialog.close());
    $("#test").addEventListener("click", () => this.#test());
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
    this.dialog.addEventListener("close", () => this.#closed());
  }

  // Opens it as a step that Back undoes.
  push(name) {
    shell.push({ name });
    this.#pushed = true;
    this.follow();
  }

  // Shows what the address names.
  follow() {
    const name = shell.params().get("name");
    if (!name) {
      this.#pushed = false;
      if (this.dialog.open) this.dialog.close();
      return;
    }
    if (name === this.#name && this.dialog.open) return;
    this.#name = name;
    setText($("#drawer-title"), this.facts.titles.get(name) ?? name);
    $("#drawer-title").title = name;
    $("#drawer-state").replaceChildren();
    $("#detail").replaceChildren();
    setText($("#tested"), "");
    setText($("#lead"), "Asking…");
    $("#incidents").href = address("incidents", { source: name });
    this.#usable(true);
    if (!this.dialog.open) this.dialog.showModal();
    $("#close").focus();
    this.dialog.scrollTop = 0;
    this.#fill();
  }

  // Keeps what is shown true; not under the hands of who reads it by keyboard.
  refresh() {
    if (this.dialog.open && !$("#detail").contains(document.activeElement)) this.#fill();
  }

  #closed() {
    const name = this.#name;
    this.#name = null;
    this.#turn += 1;
    if (shell.params().has("name")) {
      if (this.#pushed) history.back();
      else shell.replace({ name: null });
    }
    this.#pushed = false;
    // The browser gives the focus back to what opened it; opened by its address, its row gets it.
    if (document.activeElement && document.activeElement !== document.body) return;
    ($(`#explorer tr[data-key="${CSS.escape(name ?? "")}"] .open`) ?? $("#main")).focus({ preventScroll: true });
  }

  async #fill() {
    const name = this.#name;
    const mine = ++this.#turn;
    try {
      const told = await get("api/pages/provider", { name });
      if (mine !== this.#turn) return;
      if (told.found) this.#show(told);
      else this.#lost(told.problem);
    } catch (problem) {
      if (mine === this.#turn && !$("#detail").children.length) this.#lost(problem);
    }
  }

  #show(told) {
    const { name, title } = told.provider;
    const known = this.facts.known.find((one) => one.name === name);
    const state = known?.state ?? told.health.state;
    setText($("#drawer-title"), title ?? name);
    $("#drawer-state").replaceChildren(badge(state));
    $("#lead").replaceChildren(...lead(told, state, this.facts));
    $("#detail").replaceChildren(...sections(told, this.facts));
    this.#usable(stateOf(state).key !== "disabled" || told.provider.reason === "key_refused");
  }

  #lost(problem) {
    $("#drawer-state").replaceChildren();
    $("#detail").replaceChildren();
    this.#usable(false);
    setText($("#lead"), `${problem.title ?? "This source cannot be shown"}. ${problem.detail ?? ""}`.trim());
  }

  // It keeps the focus while it may not be pressed, so that a keyboard is not thrown out of the drawer.
  #usable(yes) {
    // A refresh of the drawer does not end the rest after a test.
    $("#test").setAttribute("aria-disabled", String(!yes || this.#resting === this.#name));
  }

  async #test() {
    if ($("#test").getAttribute("aria-disabled") === "true") return;
    const name = this.#name;
    const began = now();
    let wait = TEST_EVERY_MS;
    this.#resting = name;
    this.#usable(false);
    setText($("#tested"), "testing…");
    try {
      const { data } = await ask(`api/source-health/test/${encodeURIComponent(name)}`, { method: "POST", timeout: 30000 });
      if (name === this.#name) setText($("#tested"), `${data.test.outcome === "ok" ? "answered" : failure(data.test)} after ${ms(data.test.elapsed_ms ?? now() - began)}`);
      this.changed();
    } catch (problem) {
      if (name === this.#name) setText($("#tested"), problem.detail || problem.title);
      wait = (problem.retryAfter ?? 1) * 1000;
    }
    setTimeout(() => {
      if (this.#resting === name) this.#resting = null;
      if (name === this.#name) this.#usable(true);
    }, wait);
  }
}
