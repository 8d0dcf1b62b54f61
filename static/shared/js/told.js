// What is said of a line of changes: a sign, what happened, why or to whom, and where it leads.
import { root } from "./api.js";
import { failure } from "./codes.js";
import { words } from "./format.js";
import { withoutName } from "./spells.js";
import { stateOf } from "./states.js";
import { clock } from "./time.js";
import { titleOf } from "./words.js";

const NAMED = 4;
const link = (path) => new URL(path, root).href;
const capital = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);

// `one` is the newest of a line of `Spells`, `all` are those that are told with it.
export function told(one, all) {
  // Channels of a source count as that source.
  const names = [...new Set(all.map((each) => titleOf(all.length > 1 ? String(each.source).split(":")[0] : each.source)))];
  const rest = names.length - NAMED;
  const listed = names.slice(0, NAMED).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
  const { key, word } = stateOf(one.worst);
  const page = link(`providers?name=${encodeURIComponent(String(one.source).split(":")[0])}`);
  if (one.kind === "spell") {
    const lasts = one.until === null;
    const why = one.reason ? failure({ code: one.reason, message: one.message }) : "";
    const many = names.length > 1;
    const who = many ? `${names.length} sources` : names[0];
    return { look: lasts ? `state:${key}` : "change", what: lasts ? `${who} ${word}` : `${who} ${many ? "were" : "was"} ${word}`,
      more: [why, many ? listed : one.times > 1 ? `${one.times} times` : "", lasts ? "" : `until ${clock(one.until, { seconds: false })}`].filter(Boolean).join(" · "),
      href: many ? link(lasts ? `providers?state=${key}` : "incidents") : link(`incidents?source=${encodeURIComponent(one.source)}`) };
  }
  if (one.kind === "capability") {
    const lasts = one.until === null;
    const titles = all.map((each) => each.title);
    const many = all.length > 1;
    const left = many ? titles.join(", ") : one.worst === "OFFLINE" ? `none of ${one.enabled} sources left` : `${one.usable} of ${one.enabled} sources left`;
    const state = one.worst === "OFFLINE" ? `${lasts ? "cannot" : "could not"} be answered` : lasts ? "reduced" : many ? "were reduced" : "was reduced";
    return { look: lasts ? `state:${key}` : "change", what: `${many ? `${all.length} capabilities` : one.title} ${state}`, more: lasts ? left : [many ? titles.join(", ") : "", `until ${clock(one.until, { seconds: false })}`].filter(Boolean).join(" · "), href: link(`explain?capability=${encodeURIComponent(one.source)}`) };
  }
  if (one.kind === "nobody") {
    return { look: "failed", what: `Nobody answered ${words(one.source ?? "")}`, more: one.reason ? failure({ code: one.reason }) : "", href: one.request ? link(`explain?request=${encodeURIComponent(one.request)}`) : link("explain") };
  }
  if (one.kind === "failover") {
    return { look: "retry", what: `${titleOf(one.source)} → ${titleOf(one.to)}`,
      more: [one.count > 1 ? `failovers until ${clock(one.until, { seconds: false })}` : "failover", one.reason ? failure({ code: one.reason }) : ""].filter(Boolean).join(" · "),
      href: one.request ? link(`explain?request=${encodeURIComponent(one.request)}`) : page };
  }
  if (one.kind === "first") return { look: "change", what: `${names.length > 1 ? `${names.length} sources` : names[0]} found healthy`, more: names.length > 1 ? listed : "first answer", href: names.length > 1 ? link("providers?state=healthy") : page };
  if (one.kind === "config") {
    const text = names.length > 1 ? withoutName(one, `${names.length} sources`).replace(" was ", " were ") : withoutName(one, one.source ? names[0] : "");
    return { look: "config", what: capital(text), more: names.length > 1 ? listed : "configuration", href: link("config") };
  }
  return { look: `state:${key}`, what: one.text, more: `now ${word}`, href: page };
}
