// Breaking and mending simulated sources, to see what the rest does about it.
import { get, ask } from "../../shared/js/api.js";
import { h } from "../../shared/js/dom.js";
import { words } from "../../shared/js/format.js";

// The column of drill controls, or null where the server has none to offer.
export async function drillColumn(onChange) {
  let drill;
  try {
    drill = await get("api/drill");
  } catch {
    return null;
  }
  if (!drill.available) return null;
  const broken = { ...drill.broken };
  return {
    key: "drill",
    title: "Drill",
    cell: (one) => {
      const select = h("select", { class: "field small", "aria-label": `Break ${one.title ?? one.name}` },
        h("option", { value: "", text: "works" }),
        (drill.faults ?? []).map((fault) => h("option", { value: fault, text: words(fault), title: drill.descriptions?.[fault] ?? "" })));
      select.addEventListener("change", async () => {
        select.disabled = true;
        try {
          await ask(`api/drill/${encodeURIComponent(one.name)}`, { method: "POST", body: { fault: select.value || null } });
          broken[one.name] = select.value || null;
          select.title = "";
        } catch (problem) {
          select.value = broken[one.name] ?? "";
          select.title = problem.detail || problem.title;
        }
        select.disabled = false;
        onChange();
      });
      return h("span", { class: "drill" }, select);
    },
    set: (cell, one) => {
      const select = cell.querySelector("select");
      if (document.activeElement !== select && !select.disabled) select.value = broken[one.name] ?? "";
    },
  };
}
