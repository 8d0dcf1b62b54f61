// Links from a name to the page that explains it.
import { address } from "./api.js";
import { h } from "./dom.js";

export const provider = (name, text = name) => h("a", { href: address("providers", { name }), title: name, text });

// A request id leads to the decision of that request.
export const request = (id) =>
  h("a", { class: "mono request", href: address("explain", { request: id }), title: "How this request was decided", text: id });

// The dry run of a question: who would answer it now, and why.
export const capability = (name, text = name) => h("a", { href: address("explain", { capability: name }), text });
