// The names over the canvas: a plate behind each, so that no line crosses it; one stop for Tab, arrows inside.
import { each, h, setAttribute, setText } from "../../../shared/js/dom.js";
import { ms, number } from "../../../shared/js/format.js";
import { kindOf } from "../../../shared/js/kinds.js";
import { root } from "../../../shared/js/api.js";
import { Roving } from "../../../shared/js/roving.js";
import { stateOf } from "../../../shared/js/states.js";
import { CLIENT, SERVER, isTight } from "./layout.js";
import { rateOf } from "./paint.js";

const NAMED = 6;

export class Plates {
  // `onHold(node, link)` is called when a node is pointed at or focused, and with null after.
  constructor(stage, onHold) {
    this.onHold = onHold;
    this.hub = h("div", { class: "hub" }, h("strong"), h("span", { text: "req/min" }));
    this.caller = h("div", { class: "caller", text: "clients" });
    this.heads = h("div");
    this.links = h("ul", { "aria-label": "Sources" });
    this.element = h("div", { class: "over" }, this.hub, this.caller, this.heads, this.links);
    this.roving = new Roving(this.links, "a");
    stage.append(this.element);
  }

  total(value) {
    setText(this.hub.firstChild, number(value));
  }

  // `asked(name)` is how many calls of the last minute were on behalf of a caller; `width` is the picture's.
  show({ nodes, heads }, asked, width) {
    const put = (element, x, y) => {
      element.style.left = `${x}px`;
      element.style.top = `${y}px`;
    };
    const server = nodes.get(SERVER);
    const client = nodes.get(CLIENT);
    put(this.hub, server.x, server.y);
    put(this.caller, client.x, client.y + 30);
    each(this.heads, heads, (head) => head.kind, () => h("div", { class: "kind" }), (element, head) => {
      setText(element, `${kindOf(head.kind)} · ${head.count}`);
      put(element, head.x - 5, head.y);
    });
    // Where there is little room a name is whole; what is only probed says so by its line.
    const tight = isTight(width);
    const listed = [...nodes.values()].filter((node) => node.provider || node.folded);
    each(this.links, listed, (node) => node.id, (node) => this.#link(node), (item, node) => {
      const link = item.firstChild;
      link.node = node;
      put(item, node.x, node.y);
      item.style.maxWidth = `${node.wide + 13}px`;
      setText(link.children[0], nameOf(node));
      setText(link.children[1], said(node, asked, tight));
      setAttribute(link, "data-state", node.folded ? node.state : stateOf(node.provider.state).key);
      setAttribute(link, "aria-label", this.says(node).join(", "));
    });
    this.roving.refresh();
  }

  says(node) {
    if (node.folded) {
      const names = node.folded.map((one) => one.title ?? one.name);
      const more = names.length - NAMED;
      return [`${nameOf(node)}: no requests lately`, names.slice(0, NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "")];
    }
    const one = node.provider;
    const error = one.last_error?.message ?? one.last_error?.code;
    return [
      one.title ?? one.name,
      `${stateOf(one.state).word}, ${number(one.requests_per_min)} requests a minute, ${number(one.failures_per_min)} failed, p95 ${ms(one.p95_ms)}`,
      ...(error ? [`last error: ${error}`] : []),
    ];
  }

  #link(node) {
    const where = node.folded ? `providers?kind=${encodeURIComponent(node.kind)}` : `providers?name=${encodeURIComponent(node.id)}`;
    const link = h("a", { href: new URL(where, root).href }, h("span", { class: "name" }), h("span", { class: "rate" }));
    const hold = () => this.onHold(link.node, link);
    const leave = () => this.onHold(null);
    link.addEventListener("pointerenter", hold);
    link.addEventListener("focus", hold);
    link.addEventListener("pointerleave", leave);
    link.addEventListener("blur", leave);
    return h("li", null, link);
  }
}

function nameOf(node) {
  if (node.provider) return node.provider.title ?? node.provider.name;
  const count = node.folded.length;
  return node.alone ? `${kindOf(node.kind)} · ${count} ${node.state}` : `${count} more, ${node.state}`;
}

function said(node, asked, tight) {
  const rate = rateOf(node);
  if (!rate) return "";
  const by = node.folded ? node.folded.some((one) => asked(one.name)) : asked(node.id);
  return by ? `${number(rate)}/min` : tight ? "" : `${number(rate)}/min probes`;
}
