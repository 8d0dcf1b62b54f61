// The server's time: the local clock only measures the time since the server's last answer.

let told = null;

export function sync(serverTime) {
  if (Number.isFinite(serverTime)) told = { server: serverTime, local: performance.now() };
}

export const now = () => (told ? told.server + (performance.now() - told.local) : Date.now());

const two = (value) => String(value).padStart(2, "0");

export function clock(ms, { seconds = true } = {}) {
  if (!Number.isFinite(ms)) return "—";
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}${seconds ? `:${two(at.getSeconds())}` : ""}`;
}

export function stamp(ms) {
  if (!Number.isFinite(ms)) return "—";
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(ms)}`;
}

export function span(ms) {
  if (!Number.isFinite(ms)) return "—";
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  const [big, small] = s < 86400 ? ["h", "min"] : ["d", "h"];
  const whole = s < 86400 ? 3600 : 86400;
  const rest = Math.floor((s % whole) / (whole === 3600 ? 60 : 3600));
  return `${Math.floor(s / whole)} ${big}${rest ? ` ${rest} ${small}` : ""}`;
}

export const ago = (ms) => (Number.isFinite(ms) ? `${span(now() - ms)} ago` : "—");

export const until = (ms) => (Number.isFinite(ms) ? (ms <= now() ? "now" : `in ${span(ms - now())}`) : "—");
