// Headlines: their text, who wrote it and when.
import { $, each, h, safeLink, setText } from "../../shared/js/dom.js";
import { setSince, since } from "../../shared/js/time.js";

const TAGS = 4;

export function showHeadlines(list, items) {
  each(list, items, (item) => item.id,
    (item) => {
      const age = since(item.published_at);
      const line = h("li", null, safeLink(item.url, { class: "title" }, String(item.title)),
        h("div", { class: "note" }, h("span", { class: "by" }), age,
          (item.symbols ?? []).slice(0, TAGS).map((symbol) => h("span", { class: "tag", text: symbol }))));
      line.age = age;
      return line;
    },
    (line, item) => {
      setText($(".by", line), item.source ?? "");
      setSince(line.age, item.published_at);
    });
}
