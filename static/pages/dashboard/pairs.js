// The pairs the viewer chose: in the address, so that they can be linked to, and remembered for the next visit.
import { $, h, setText } from "../../shared/js/dom.js";
import { get } from "../../shared/js/api.js";
import { params, push, replace } from "../../shared/js/address.js";
import { announce } from "../../shared/js/announce.js";

export const DEFAULT = ["BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT", "BNB/USDT", "DOGE/USDT"];
export const MOST = 12;
const KEPT = "coinmux-pairs";
const TYPING_MS = 200;
const LONGEST = 60;

function listed(text) {
  const pairs = String(text ?? "").split(",").map((one) => one.trim().toUpperCase().slice(0, LONGEST)).filter(Boolean);
  return [...new Set(pairs)].slice(0, MOST);
}

function kept() {
  try {
    return listed(localStorage.getItem(KEPT));
  } catch {
    return [];
  }
}

function keep(pairs) {
  try {
    localStorage.setItem(KEPT, pairs.join(","));
  } catch {
    // Storage is blocked: the address has them.
  }
}

// Those of the address, else those of the last visit, else the best known.
function chosen() {
  for (const pairs of [listed(params().get("pairs")), kept()]) if (pairs.length) return pairs;
  return DEFAULT;
}

export class Pairs {
  #timer = null;
  #searched = null;

  // `changed(pairs)` is called after the viewer, or Back, chose others.
  constructor(form, changed) {
    this.changed = changed;
    this.list = chosen();
    this.field = $("input", form);
    this.found = $("datalist", form);
    this.button = $("button", form);
    this.field.addEventListener("input", () => this.#typed());
    this.field.addEventListener("focus", () => this.#suggest());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.add(this.field.value);
    });
    document.addEventListener("address", () => this.#turn(chosen()));
    this.#full();
  }

  add(text) {
    const [pair] = listed(text);
    if (!pair || this.list.length >= MOST) return;
    this.field.value = "";
    if (this.list.includes(pair)) return;
    this.#choose([...this.list, pair]);
    announce(`${pair} added`);
  }

  remove(pair) {
    if (this.list.length < 2) return;
    this.#choose(this.list.filter((one) => one !== pair));
    announce(`${pair} removed`);
  }

  // The server's spelling of what was asked, in the same order.
  spelled(pairs) {
    const right = [...new Set(pairs)];
    if (right.join() === this.list.join()) return false;
    this.list = right;
    if (params().has("pairs")) replace({ pairs: right.join(",") });
    keep(right);
    return true;
  }

  #choose(pairs) {
    // The step that Back leads to says which pairs it showed.
    replace({ pairs: this.list.join(",") });
    push({ pairs: pairs.join(",") });
    this.#turn(pairs);
  }

  #turn(pairs) {
    keep(pairs);
    if (pairs.join() === this.list.join()) return;
    this.list = pairs;
    this.#full();
    this.changed(pairs);
  }

  #full() {
    const full = this.list.length >= MOST;
    // Not `disabled`: who just added the last one by keyboard would lose the focus.
    this.field.readOnly = full;
    this.button.setAttribute("aria-disabled", String(full));
    this.field.placeholder = full ? `${MOST} pairs at most` : "Add a pair";
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#suggest(), TYPING_MS);
  }

  async #suggest() {
    const search = this.field.value.trim();
    if (search === this.#searched) return;
    this.#searched = search;
    try {
      const { pairs } = await get("api/pages/pairs", { search });
      if (search !== this.#searched) return;
      this.found.replaceChildren(...pairs.filter(({ pair }) => !this.list.includes(pair)).map(({ pair, sources, sources_total: total }) => {
        const option = h("option", { value: pair });
        const more = total - sources.length;
        setText(option, sources.length ? `${sources.join(", ")}${more > 0 ? ` and ${more} more` : ""}` : pair);
        return option;
      }));
    } catch {
      // Suggestions are a help; without them a pair is typed whole. The next letter asks again.
      this.#searched = null;
    }
  }
}
