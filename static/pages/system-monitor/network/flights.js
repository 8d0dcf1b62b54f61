// Packets: each is one recorded hop, moved at the time it really began, one interval later.
import { CLIENT, SERVER } from "./layout.js";

const MOST = 200;
const MOST_RIPPLES = 60;
const LEG_MS = 520;
const LONGEST_MS = 3500;
// What comes back from a source, by the outcome of its hop; what no one knows yet is drawn neutral.
const BACK = { ok: "ok", failed: "failed", failover: "retry", cache_hit: "cached", cut_short: "out" };

// Whether nobody outside asked, but a page of this dashboard.
export const ours = (event) => event.own === true || !(event.hops ?? []).some((hop) => hop.from === CLIENT);

// The legs one request goes: out and back along each hop, with what is carried.
export function legsOf(event) {
  const hops = event.hops ?? [];
  if (ours(event)) {
    return hops.filter((hop) => hop.from === SERVER).flatMap((hop) => [
      { from: SERVER, to: hop.to, look: "refresh", starts: hop.t_start, hop: true },
      { from: hop.to, to: SERVER, look: hop.outcome === "ok" ? "refresh" : (BACK[hop.outcome] ?? "refresh"), lasts: hop.t_end - hop.t_start },
    ]);
  }
  const cached = event.kind === "cache_hit";
  const entry = hops.find((hop) => hop.from === CLIENT);
  const starts = entry?.t_start ?? hops[0]?.t_start ?? event.t;
  const legs = [{ from: CLIENT, to: SERVER, look: cached ? "cached" : "out", starts, hop: entry !== undefined }];
  for (const hop of hops) {
    if (hop.from !== SERVER) continue;
    legs.push({ from: SERVER, to: hop.to, look: "out", starts: hop.t_start, hop: true });
    legs.push({ from: hop.to, to: SERVER, look: BACK[hop.outcome] ?? "out", lasts: hop.t_end - hop.t_start });
  }
  legs.push({ from: SERVER, to: CLIENT, look: cached ? "cached" : event.kind === "error" ? "failed" : "ok" });
  return legs;
}

export class Flights {
  // `toLocal` turns the server's time into this page's, the lag included.
  constructor(toLocal) {
    this.toLocal = toLocal;
    this.waiting = [];
    this.active = [];
    this.arrivals = [];
    this.requests = 0;
    this.packets = 0;
  }

  add(events, now) {
    const merged = new Map();
    for (const event of events) {
      const legs = legsOf(event);
      if (!legs.length) continue;
      if (this.waiting.length + this.active.length >= MOST) {
        const key = legs.map((leg) => `${leg.to}${leg.look}`).join();
        const same = merged.get(key);
        if (same) {
          same.count += 1;
          continue;
        }
        const last = this.#flight(legs, now, event);
        merged.set(key, last);
        this.waiting.push(last);
        continue;
      }
      this.waiting.push(this.#flight(legs, now, event));
    }
    this.waiting.sort((a, b) => a.start - b.start);
  }

  clear() {
    this.waiting = [];
    this.active = [];
    this.arrivals = [];
  }

  // When the next packet sets off, or null.
  next() {
    return this.waiting[0]?.start ?? null;
  }

  // Moves everything on to `now`. Packets of the node `held` stand still.
  step(now, elapsed, held) {
    while (this.waiting.length && this.waiting[0].start <= now) {
      const flight = this.waiting.shift();
      this.active.push(flight);
      if (!flight.ours) this.requests += flight.count;
      if (flight.legs[0].hop) this.packets += flight.count;
    }
    let kept = 0;
    for (const flight of this.active) {
      if (held && (flight.legs[flight.at].to === held || flight.legs[flight.at].from === held)) flight.start += elapsed;
      if (this.#move(flight, now)) this.active[kept++] = flight;
    }
    this.active.length = kept;
  }

  #flight(legs, now, event) {
    const start = Math.max(now, this.toLocal(legs[0].starts));
    let end = 0;
    for (const leg of legs) {
      if (leg.starts !== undefined) end = Math.max(end, Math.min(LONGEST_MS, this.toLocal(leg.starts) - start));
      leg.begins = end;
      end += Math.max(LEG_MS, Math.min(LONGEST_MS, leg.lasts ?? 0));
      leg.ends = end;
    }
    return { legs, start, at: 0, t: 0, count: 1, ours: ours(event) };
  }

  // False once it has arrived.
  #move(flight, now) {
    const spent = now - flight.start;
    let leg = flight.legs[flight.at];
    while (spent >= leg.ends) {
      if (this.arrivals.length < MOST_RIPPLES) this.arrivals.push({ node: leg.to, look: leg.look, at: now });
      flight.at += 1;
      if (flight.at >= flight.legs.length) return false;
      leg = flight.legs[flight.at];
      if (leg.hop) this.packets += flight.count;
    }
    const t = Math.max(0, (spent - leg.begins) / (leg.ends - leg.begins));
    flight.t = t < 0.5 ? 2 * t * t : 1 - 2 * (1 - t) * (1 - t);
    return true;
  }
}
