// The buttons around the chart: intervals, scale, what is seen, files, and the menu that holds them on small screens.
import { $ } from "../../shared/js/dom.js";

const pressed = (button, on) => button.setAttribute("aria-pressed", String(on));

export class Tools {
  // `on`: what the buttons do, by name.
  constructor(on) {
    for (const button of $("#quick").children) button.addEventListener("click", () => on.interval(button.value));
    $("#interval").addEventListener("change", (event) => on.interval(event.target.value));
    for (const name of ["log", "percent"]) $(`#${name}`).addEventListener("click", () => on.scale(name));
    for (const name of ["auto", "fit", "now", "full", "table"]) $(`#show-${name}`).addEventListener("click", () => on[name]());
    for (const kind of ["csv", "json"]) $(`#${kind}`).addEventListener("click", () => on.file(kind));
    $("#menu").addEventListener("click", () => this.menu($("#more").dataset.open === undefined));
    document.addEventListener("pointerdown", (event) => {
      if (!event.target.closest("#more, #menu, dialog, .suggestions")) this.menu(false);
    });
    $("#ask").addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || $("#more").dataset.open === undefined || event.defaultPrevented) return;
      this.menu(false);
      $("#menu").focus();
    });
    document.addEventListener("fullscreenchange", () => pressed($("#show-full"), document.fullscreenElement !== null));
    $("#show-full").hidden = !document.fullscreenEnabled;
  }

  menu(open) {
    $("#more").toggleAttribute("data-open", open);
    $("#menu").setAttribute("aria-expanded", String(open));
  }

  interval(interval) {
    for (const button of $("#quick").children) pressed(button, button.value === interval);
    $("#interval").value = interval;
  }

  // With a second market prices are in percent, whatever was chosen.
  scale(scale, isCompared) {
    for (const name of ["log", "percent"]) {
      pressed($(`#${name}`), scale === name);
      $(`#${name}`).setAttribute("aria-disabled", String(isCompared));
    }
  }

  auto(on) {
    pressed($("#show-auto"), on);
  }

  table(open) {
    $("#table").hidden = !open;
    pressed($("#show-table"), open);
  }
}
