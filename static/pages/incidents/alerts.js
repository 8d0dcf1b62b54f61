// Whom incidents are told to: the channels, what was sent or would have been, what is held back and
// why, and what is in maintenance.
import { h } from "../../shared/js/dom.js";
import { address } from "../../shared/js/api.js";
import { number } from "../../shared/js/format.js";
import { span, timeOf, when, zone } from "../../shared/js/time.js";

const MOST = 20;
const STATES = { unsent: "not sent: no channel", waiting: "on its way", sent: "sent", failed: "failed", "given up": "given up" };
const WHAT = { began: "that it began", over: "that it is over", flapping: "that it comes and goes", settled: "that it has settled", reminder: "a reminder", passed: "that it was" };

export class Alerts {
  constructor(place) {
    this.place = place;
    this.key = null;
  }

  // Written anew only where something changed: an opened message stays open.
  show(alerts, maintenance) {
    const key = JSON.stringify([alerts, maintenance, zone()]);
    if (key === this.key) return;
    this.key = key;
    const open = new Set([...this.place.querySelectorAll("details[open]")].map((one) => one.dataset.key));
    this.place.replaceChildren(
      h("p", { class: "note", text: sentence(alerts) }),
      alerts.notes.length ? h("ul", { class: "notes" }, alerts.notes.map((note) => h("li", { text: note }))) : "",
      windows(maintenance.windows),
      alerts.channels.length ? part("Channels", "channels", alerts.channels.map(channel)) : "",
      alerts.held.length ? part("Held back", "held", alerts.held.map(held)) : "",
      alerts.messages.length ? part("Messages", "messages", alerts.messages.slice(0, MOST).map((one) => message(one, open))) : "",
    );
  }
}

function sentence(alerts) {
  const count = alerts.messages.length;
  const said = count ? "" : " Nothing was to be told since the start.";
  if (!alerts.configured) return `No channel is set (ALERT_URLS): this is what would have been sent.${said}`;
  const quiet = alerts.quiet ? " It is quiet hours: only what is critical is sent." : "";
  const other = alerts.speaks ? "" : " Another worker sends them.";
  return `Sent to ${alerts.channels.map((one) => one.name).join(", ")}.${quiet}${other}${said}`;
}

const part = (title, name, rows) => h("section", null, h("h3", { text: title }), h("ul", { class: `alerts ${name}` }, rows));

function windows(list) {
  const shown = list.filter((one) => one.active || one.from_at > Date.now());
  if (!shown.length) return "";
  return part("In maintenance", "windows", shown.map((one) => h("li", null,
    h("span", { class: "tag", data: { tone: "warn" }, text: one.active ? "now" : "comes" }),
    one.source ? h("a", { href: address("providers", { name: one.source.split(":")[0] }), title: one.source, text: one.title }) : h("span", { text: one.title }),
    h("span", null, timeOf(one.from_at, when), " to ", timeOf(one.to_at, when)),
    h("span", { class: "why", text: one.note ? `${one.note}; nobody is alerted` : "nobody is alerted" }))));
}

const channel = (one) => h("li", null,
  h("span", { class: "tag", data: one.state === "failing" ? { tone: "bad" } : {}, text: one.state }),
  h("strong", { text: one.name }),
  h("span", { text: `${one.kind}, ${one.least} and worse${one.categories.length ? `: ${one.categories.join(", ")}` : ""}` }),
  h("span", { class: "why", text: one.trouble ?? `${number(one.sent)} sent${one.failed ? `, ${number(one.failed)} failed` : ""}` }));

const held = (one) => h("li", null,
  one.channel ? h("span", { class: "tag", text: one.channel }) : "",
  h("a", { href: address("incidents", { id: one.incident }), text: one.title }),
  h("span", { text: WHAT[one.what] ?? one.what }),
  h("span", { class: "why", text: one.why }));

function message(one, open) {
  const key = `${one.at}/${one.channel}`;
  const late = one.sent_at !== null && one.sent_at - one.at > 1000 ? ` after ${span(one.sent_at - one.at)}` : "";
  return h("li", null, h("details", { open: open.has(key), data: { key } },
    h("summary", null, timeOf(one.at, when), h("strong", { text: one.title }),
      h("span", { class: "why", text: `${one.channel ? `${one.channel}: ` : ""}${STATES[one.state] ?? one.state}${late}${one.trouble ? `, ${one.trouble}` : ""}` })),
    h("pre", { text: one.body })));
}
