// The first question of the chart, and its price: asked and shown before the rest of the page is fetched,
// so that on a slow line neither waits for it.
import { ask, heard, script } from "../../shared/js/api.js";
import { digitsOf } from "./figures.js";
import { named, priced } from "./quote.js";
import { read } from "./state.js";

export const LIMIT = 500;
export const TIMEOUT_MS = 20000;
// The rest of the page waits so long for an answer at most.
const PATIENCE_MS = 400;

const { symbol, interval, ind } = read();
const own = new AbortController();
let asked = { params: { symbol, interval, limit: LIMIT, ind }, answer: null };

// The answer to the first question, for who asks the very same; null for any other, and once it was given.
export function first(params, signal) {
  const { params: known, answer } = asked ?? {};
  asked = null;
  if (!answer || params.end || Object.entries(known).some(([name, value]) => params[name] !== value)) {
    own.abort();
    return null;
  }
  signal.addEventListener("abort", () => own.abort());
  // Who listens was not there when it was heard.
  answer.then(() => heard(null), (problem) => problem.unreachable && heard(problem));
  return answer;
}

function shown({ data }) {
  const rows = (data.candles.data ? data.candles : data.candles.last_known)?.data.rows;
  if (!rows?.length || !asked) return;
  const last = rows.at(-1)[4];
  priced(last, (data.ticker?.data ?? data.ticker?.last_known?.data)?.change_percent, digitsOf(last));
}

const rest = () => script(() => import("./chart.js"));

named({ symbol, interval });
asked.answer = ask("api/pages/chart", { params: asked.params, signal: own.signal, timeout: TIMEOUT_MS });
const timer = setTimeout(rest, PATIENCE_MS);
// Two frames: the price is on the screen before anything else is fetched.
asked.answer.then(shown).then(() => requestAnimationFrame(() => requestAnimationFrame(() => {
  clearTimeout(timer);
  rest();
})), () => rest());
