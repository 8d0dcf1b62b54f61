// What changed, told from events: times a source was in trouble, failovers from one to another, and the rest.
// Values in, values out. Kept by time, not by number: what was busy since does not push it out.
import { titleOf } from "./words.js";

// How the hops of an event name this server.
const SERVER = "server";
const KEPT_MS = 24 * 3600000;
const MOST = 400;
// Failovers this far apart are two stories; troubles that begin this close together are one.
const GAP_MS = 5 * 60000;
const TOGETHER_MS = 60000;
// A trouble that comes back this soon is the same trouble, as it is one incident.
const AGAIN_MS = 10 * 60000;
const GROUPED = new Set(["spell", "first", "capability", "config"]);
const TROUBLE = { DEGRADED: 1, OFFLINE: 2 };

// The same was done to several sources where only their names differ.
const storyOf = (one) => (one.kind === "config" ? withoutName(one) : one.reason);
// A source and its channels, which fail each for a reason of its own, are in one trouble.
const rootOf = (one) => String(one.source).split(":")[0];
const isOneStory = (line, one) => storyOf(line.one) === storyOf(one) || (one.kind === "spell" && line.all.some((each) => rootOf(each) === rootOf(one)));
export const withoutName = ({ text, source }, put = "") => (source ? text.replace(text.includes(source) ? source : titleOf(source), put) : text);

export class Spells {
  #open = new Map();
  #over = new Map();
  #well = new Map();
  #failovers = new Map();
  #capabilities = new Map();
  entries = [];

  // True where an event was one that changes something: most are requests that were answered.
  add(events, at) {
    let isTold = false;
    for (const event of events) {
      if (event.kind === "state_change") this.#state(event);
      else if (event.kind === "failover") this.#failover(event);
      else if (event.kind === "config") this.#put({ kind: "config", at: event.t, source: event.provider ?? null, text: event.message, request: event.request_id });
      else continue;
      isTold = true;
    }
    this.#forget(at);
    return isTold;
  }

  #forget(at) {
    this.entries = this.entries.filter((one) => at - (one.until ?? at) < KEPT_MS).slice(-MOST);
  }

  // What a restart left out: troubles that began before this page's first event.
  known(incidents, at) {
    for (const one of incidents) {
      if (one.kind !== "source" || this.entries.some((entry) => entry.kind === "spell" && entry.source === one.name && Math.abs(entry.at - one.started_at) < TOGETHER_MS)) continue;
      const spell = { kind: "spell", source: one.name, at: one.started_at, until: one.ended_at ?? null, worst: one.severity === "degraded" ? "DEGRADED" : "OFFLINE", reason: one.cause?.code ?? null, message: one.cause?.message ?? "", times: one.times ?? 1 };
      if (spell.until === null && this.#open.has(one.name)) continue;
      if (spell.until === null) this.#open.set(one.name, spell);
      this.#put(spell);
    }
    this.#forget(at);
  }

  // An answer of the monitor: what it says of capabilities and sources holds, whatever events were missed.
  answered({ capabilities, providers, server_time: at }) {
    this.#capabilitiesAt(capabilities ?? [], at);
    const states = new Map((providers ?? []).map((one) => [one.name, one.state]));
    for (const [source, spell] of this.#open) {
      if (spell.at >= at || states.get(source.split(":")[0]) in TROUBLE) continue;
      this.#end(source, spell, at);
    }
  }

  #end(source, spell, at) {
    spell.until = at;
    this.#open.delete(source);
    this.#over.set(source, spell);
  }

  // A capability nobody can answer, or one alone, since when the server says so.
  #capabilitiesAt(list, at) {
    for (const one of list) {
      const open = this.#capabilities.get(one.name);
      const bad = one.status === "OFFLINE" || one.status === "DEGRADED";
      if (open && (!bad || open.worst !== one.status)) {
        open.until = Number.isFinite(one.since) ? one.since : at;
        this.#capabilities.delete(one.name);
      }
      if (bad && !this.#capabilities.has(one.name)) {
        const spell = { kind: "capability", source: one.name, title: one.title ?? one.name, at: Number.isFinite(one.since) ? one.since : at, until: null, worst: one.status, usable: one.usable, enabled: one.enabled };
        this.#capabilities.set(one.name, spell);
        this.#put(spell);
      }
    }
  }

  // Newest first; troubles of one kind that began together are one line.
  get lines() {
    const lines = [];
    for (const one of [...this.entries].sort((a, b) => b.at - a.at)) {
      const group = GROUPED.has(one.kind) && lines.find((line) => line.one.kind === one.kind && line.one.worst === one.worst && isOneStory(line, one)
        && (one.kind !== "config" || one.source !== null) && (line.one.until === null) === (one.until === null) && Math.abs(line.one.at - one.at) < TOGETHER_MS);
      if (group) group.all.push(one);
      else lines.push({ one, all: [one] });
    }
    return lines;
  }

  #state({ source, t, before, after, reason, message }) {
    const open = this.#open.get(source);
    if (after in TROUBLE) {
      this.#well.delete(source);
      if (open) {
        if (TROUBLE[after] > TROUBLE[open.worst]) Object.assign(open, { worst: after, reason });
        return;
      }
      const last = this.#over.get(source);
      const again = last && t - last.until < AGAIN_MS;
      const spell = again ? last : { kind: "spell", source, at: t, until: null, worst: after, reason, message: "", times: 1 };
      if (again) Object.assign(last, { until: null, times: last.times + 1, ...(TROUBLE[after] >= TROUBLE[last.worst] ? { worst: after, reason } : {}) });
      else this.#put(spell);
      this.#open.set(source, spell);
      return;
    }
    // Each worker of a server tells it for itself: it happened once.
    const isKnown = this.#well.get(source) === after;
    this.#well.set(source, after);
    if (open) {
      this.#end(source, open, t);
      return;
    }
    if (isKnown) return;
    if (before === "UNKNOWN" && after === "HEALTHY") this.#put({ kind: "first", source, at: t, until: t, worst: after, reason: null });
    else this.#put({ kind: "change", source, at: t, until: t, worst: after, text: message });
  }

  #failover(event) {
    const asked = (event.hops ?? []).filter((hop) => hop.from === SERVER);
    const to = event.provider ?? asked.findLast((hop) => hop.outcome === "ok")?.to ?? null;
    const handed = new Map(asked.filter((hop) => hop.outcome === "failover").map((hop) => [hop.to, hop.code]));
    if (to) for (const [from, code] of handed) this.#repeated({ kind: "failover", source: from, to, reason: code ?? null }, event);
    else this.#repeated({ kind: "nobody", source: event.operation, to: null, reason: asked[0]?.code ?? null }, event);
  }

  // The same again within a few minutes is counted, not told anew.
  #repeated(story, event) {
    const key = `${story.kind} ${story.source} ${story.to}`;
    const open = this.#failovers.get(key);
    if (open && event.t - open.until < GAP_MS) {
      Object.assign(open, { count: open.count + 1, until: event.t, request: event.request_id });
      return;
    }
    const made = { ...story, at: event.t, until: event.t, count: 1, request: event.request_id };
    this.#failovers.set(key, made);
    this.#put(made);
  }

  // `until` stays null while it lasts.
  #put(entry) {
    entry.id = `${entry.kind} ${entry.source ?? ""} ${entry.text ?? ""} ${entry.to ?? ""} ${entry.at}`;
    if (entry.until === undefined) entry.until = entry.at;
    this.entries.push(entry);
  }
}
