// Announces changes to screen readers: politely, grouped, at most once in 5 s.
import { h } from "./dom.js";

const EVERY_MS = 5000;
const MOST = 4;

let place = null;
let waiting = [];
let timer = null;
let last = -Infinity;

export function announce(sentence) {
  place ??= document.body.appendChild(h("div", { class: "away", role: "status" }));
  waiting.push(sentence);
  timer ??= setTimeout(say, Math.max(120, last + EVERY_MS - performance.now()));
}

function say() {
  const more = waiting.length - MOST;
  place.textContent = waiting.slice(0, MOST).join(". ") + (more > 0 ? `. And ${more} more.` : ".");
  waiting = [];
  timer = null;
  last = performance.now();
}
