// What is said of a source in few words: why it is as it is, its channels, who answers in its place.
import { failure, reason } from "../../shared/js/codes.js";
import { words } from "../../shared/js/format.js";
import { stateOf } from "../../shared/js/states.js";

const MOST = 2;

export const keyState = (variables) => (!variables?.length ? "none" : variables.some((one) => one.required) ? "needed" : "optional");

// The last call of any kind.
export const checkedAt = (one) => one.checked_at ?? (Math.max(one.last_success_at ?? -Infinity, one.last_failure_at ?? -Infinity) || null);

// How little is left of the tightest window, as {left, of, per_s}.
export function tightest({ limits, quota }) {
  const windows = [
    ...(limits?.windows ?? []).map((one) => ({ left: Math.max(0, one.requests - one.used), of: one.requests, per_s: one.per_s })),
    ...(quota ?? []).map((one) => ({ left: one.remaining, of: one.limit, per_s: one.window_s })),
  ];
  return windows.sort((a, b) => a.left / a.of - b.left / b.of)[0] ?? null;
}

// `evm_rpc:ethereum_publicnode` as "ethereum publicnode".
export const channelName = (name) => words(name.slice(name.indexOf(":") + 1));

export const isBad = (one) => ["offline", "degraded"].includes(stateOf(one.state).key);

// An error as its words, and what the source said beside them where that is more.
export function errorText(error) {
  const short = failure(error);
  const message = (error.message ?? "").trim();
  return !message || message === short ? short : message.startsWith(short) ? message : `${short}: ${message}`;
}

// Why a source is off: the keys it waits for, or the code in words.
export function offBecause(one, variables) {
  const lacking = (variables ?? []).filter((variable) => variable.required && !variable.present);
  return one.reason === "missing_key" && lacking.length ? `${lacking.map((variable) => variable.name).join(", ")} not set` : reason(one.reason ?? "disabled");
}

// Names of those that answer its questions now, the busiest first.
export function answering(name, capabilities, monitor) {
  const found = (monitor?.capabilities ?? []).filter((one) => capabilities.includes(one.name)).flatMap((one) => one.serving ?? []);
  return [...new Set(found)].filter((other) => other !== name).slice(0, MOST);
}
