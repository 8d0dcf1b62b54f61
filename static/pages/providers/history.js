// What is known of a source over time, from the intervals of its states.
const BUCKETS = 60;
const RANK = { HEALTHY: 1, DISABLED: 0, UNKNOWN: 0, DEGRADED: 2, OFFLINE: 3 };

// State intervals as equal spans, each the worst of its time; null where nothing is known.
export function bucketsOf({ intervals, from_at: from, to_at: to }, count = BUCKETS) {
  const step = (to - from) / count;
  const found = Array.from({ length: count }, () => null);
  for (const one of intervals) {
    if (one.state === "UNKNOWN") continue;
    const first = Math.max(0, Math.floor((one.from_at - from) / step));
    const last = Math.min(count - 1, Math.floor(((one.to_at ?? to) - 1 - from) / step));
    for (let at = first; at <= last; at++) if (found[at] === null || RANK[one.state] > RANK[found[at]]) found[at] = one.state;
  }
  return { buckets: found, step };
}

// Milliseconds of which the state is known.
export const observed = ({ intervals, to_at: to }) =>
  intervals.filter((one) => one.state !== "UNKNOWN").reduce((sum, one) => sum + (one.to_at ?? to) - one.from_at, 0);

// Since when it is in its state, without a gap; null where its history says another.
export function sinceOf({ intervals }, state) {
  let at = null;
  for (let place = intervals.length - 1; place >= 0 && intervals[place].state === state; place--) at = intervals[place].from_at;
  return at;
}
