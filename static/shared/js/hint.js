// One tooltip for marks that cannot hold a title: it follows what is pointed at or focused.
import { h } from "./dom.js";

let tip = null;

// `parts` are texts or elements; the first is set strong.
export function showHint(anchor, parts) {
  tip ??= document.body.appendChild(h("div", { class: "tip", "aria-hidden": "true" }));
  const [first, ...rest] = parts;
  tip.replaceChildren(h("strong", { text: first }), ...rest.map((part) => h("div", { text: part })));
  tip.hidden = false;
  const box = anchor.getBoundingClientRect();
  const size = tip.getBoundingClientRect();
  const left = Math.min(innerWidth - size.width - 8, Math.max(8, box.left + box.width / 2 - size.width / 2));
  const above = box.top - size.height - 8;
  tip.style.left = `${left}px`;
  tip.style.top = `${above > 8 ? above : box.bottom + 8}px`;
}

export function hideHint() {
  if (tip) tip.hidden = true;
}

addEventListener("keydown", (event) => {
  if (event.key === "Escape") hideHint();
});
addEventListener("scroll", hideHint, { passive: true, capture: true });
