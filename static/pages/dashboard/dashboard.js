// The overview: what can be answered, the viewer's pairs, what changed, the mood, the headlines.
import { $, h, setAttribute, setText } from "../../shared/js/dom.js";
import { address, get } from "../../shared/js/api.js";
import { live } from "../../shared/js/live.js";
import { Panel } from "../../shared/js/panel.js";
import { Poller, breath } from "../../shared/js/poll.js";
import { shell } from "../../shared/js/shell.js";
import { shape, stateOf } from "../../shared/js/states.js";
import { clock, eachSecond, now, sync } from "../../shared/js/time.js";
import { learn } from "../../shared/js/words.js";
import { Board } from "../../shared/components/board.js";
import { Verdict } from "../../shared/components/verdict.js";
import { Changes } from "./changes.js";
import { Facts } from "./facts.js";
import { Following } from "./following.js";
import { showHeadlines } from "./headlines.js";
import { Markets } from "./markets.js";
import { Mood } from "./mood.js";
import { Pairs } from "./pairs.js";
import { Provenance, shownOf } from "./provenance.js";

const PAGE_MS = 10000;
// While the stream tells the prices, only the rest is asked for: the lines of a day, headlines, the mood.
const MOVED_MS = 30000;
const STATE_MS = 10000;
// While the stream tells of every change, the state itself need not be asked for so often.
const FOLLOWING_MS = 20000;
// Several sources often turn together: one question for all of them.
const TURNED_MS = 300;

const verdict = new Verdict();
const board = new Board({ compact: true });
const facts = new Facts($("#facts"));
const changes = new Changes($("#changes"));
const mood = new Mood($("#mood"));
const markets = new Markets($("#markets"), (pair, at) => {
  pairs.remove(pair);
  markets.removed(at);
});
const pairs = new Pairs($("#pairs"), (list) => {
  markets.choose(list);
  page.now();
});
const following = new Following(markets, $("#followed"), {
  turned: paced,
  drawn: () => shell.updated(now(), page.interval),
});
const from = Object.fromEntries(["news", "mood"].map((name) => [name, new Provenance($(`#${name}-from`))]));
const panelOf = (name, every, again) => new Panel($(`[data-panel="${name}"]`), { staleAfter: 3 * every, retry: again });
const panels = {
  markets: panelOf("markets", PAGE_MS, () => page.now()),
  news: panelOf("news", PAGE_MS, () => page.now()),
  mood: panelOf("mood", PAGE_MS, () => page.now()),
  board: panelOf("board", FOLLOWING_MS, () => state.now()),
  changes: panelOf("changes", FOLLOWING_MS, () => state.now()),
};

$("#verdict").replaceWith(verdict.element);
$("#board").append(board.element);
board.element.dataset.folded = "";
// On a phone the board shows what needs a look, and the rest when asked.
const fold = $("#fold");
fold.addEventListener("click", () => {
  const open = board.element.toggleAttribute("data-folded") === false;
  setAttribute(fold, "aria-expanded", open);
  setText(fold, open ? "Show fewer" : "Show all");
  $("#calm").hidden = open || !allCalm;
});
let allCalm = false;

function showBoard({ capabilities, bars }, titles) {
  board.set(capabilities, bars.words, { ...bars, titles });
  allCalm = capabilities.every((one) => stateOf(one.status).key === "healthy");
  setText($("#calm"), `All ${capabilities.length} can be answered.`);
  $("#calm").hidden = !allCalm || fold.getAttribute("aria-expanded") === "true";
  panels.board.ready();
}

markets.choose(pairs.list);

// One banner for all that no source answers now; what was last known of it stays, dimmed.
const banner = { element: null, words: h("span"), why: h("a", null, "Why?") };

function missing(answer) {
  const failed = (part) => part.error && part.error.status >= 500;
  const found = [];
  const prices = answer.markets.pairs.filter((one) => failed(one) && !following.tells(one.pair));
  if (prices.length) found.push([prices.length === 1 ? `the price of ${prices[0].pair}` : `${prices.length} prices`, { capability: "ticker", symbol: prices[0].pair }]);
  if (failed(answer.global)) found.push(["the whole market", { capability: "global_stats" }]);
  if (failed(answer.news)) found.push(["headlines", { capability: "news" }]);
  if (failed(answer.mood)) found.push(["fear and greed", { capability: "fear_greed" }]);
  return found;
}

function warn(found, isDimmed) {
  if (!found.length) {
    banner.element?.remove();
    banner.element = null;
    return;
  }
  const names = found.map(([text]) => text);
  setText(banner.words, `No source answers for ${names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0]}. ${isDimmed ? "What was last known is dimmed. " : ""}`);
  setAttribute(banner.why, "href", address("explain", found[0][1]));
  if (banner.element) return;
  banner.element = h("div", { class: "banner", id: "missing", role: "status", data: { tone: "warn" } }, shape("degraded"), h("p", null, banner.words, banner.why));
  $("#facts").after(banner.element);
}

function showPart(name, part, show, sentence) {
  const shown = shownOf(part);
  const panel = panels[name];
  panel.card.toggleAttribute("data-past", Boolean(shown?.past));
  from[name].set(shown);
  if (shown) {
    show(shown);
    panel.ready();
  }
  panel.card.toggleAttribute("data-never", !shown);
  if (!shown) panel.empty(sentence);
}

const page = new Poller(async () => {
  const asked = pairs.list;
  const answer = await get("api/pages/overview", { pairs: asked.join(",") });
  sync(answer.server_time);
  // The viewer chose others meanwhile: they are asked for right after this.
  if (asked !== pairs.list) return;
  pairs.spelled(answer.markets.pairs.map((one) => one.pair));
  markets.set(answer.markets.pairs, (pair) => following.tells(pair));
  following.follow(answer.markets.pairs.filter((one) => one.data || following.tells(one.pair)).map((one) => one.pair));
  panels.markets.ready();
  facts.market(shownOf(answer.global));
  showPart("mood", answer.mood, (shown) => mood.set(shown), "Not known yet: no source of fear and greed has answered.");
  showPart("news", answer.news, ({ data }) => showHeadlines($("#news"), data.items), "No headlines yet: no source of news has answered.");
  if (shownOf(answer.news)?.data.items.length === 0) panels.news.empty("No headlines. Sources of news are listed under Providers.");
  warn(missing(answer), [...answer.markets.pairs, answer.global, answer.news, answer.mood].some((part) => part.last_known));
  shell.updated(now(), page.interval);
}, { interval: PAGE_MS, onBad: (problem) => failed(problem, ["markets", "mood", "news"]) });

// While the stream tells every price, the page asks for the rest more rarely; once it is over, at once.
function paced() {
  const before = page.interval;
  page.interval = following.isWhole ? MOVED_MS : PAGE_MS;
  for (const name of ["markets", "news", "mood"]) panels[name].staleAfter = 3 * page.interval;
  if (page.interval < before && !page.busy) page.now();
}

// A server that does not answer is said once, by the frame.
function failed(problem, names) {
  if (problem.unreachable) return;
  for (const name of names) panels[name].error(problem);
}

let cursor = null;

const state = new Poller(async () => {
  const answer = await get("api/monitor", { since: cursor });
  sync(answer.server_time);
  shell.answered(answer);
  // The sentence is on the screen before the rest is made.
  verdict.set(answer);
  await breath();
  const titles = new Map(answer.providers.map((one) => [one.name, one.title ?? one.name]));
  showBoard(answer, titles);
  await breath();
  facts.house(answer);
  learn(answer.providers);
  cursor = answer.events.cursor;
  changes.add(answer.events.items, answer);
  if (changes.size) panels.changes.ready();
  else panels.changes.empty(`Nothing changed since the server started at ${clock(answer.started_at, { seconds: false })}.`);
  state.interval = live.state === "stream" ? FOLLOWING_MS : STATE_MS;
}, { interval: STATE_MS, onBad: (problem) => failed(problem, ["board", "changes"]) });

let turned = null;

const askSoon = () => {
  clearTimeout(turned);
  turned = setTimeout(() => state.now(), TURNED_MS);
};

live.on((event) => {
  changes.add([event]);
  if (changes.size) panels.changes.ready();
  if (event.kind === "state_change" || event.kind === "config") askSoon();
});
document.addEventListener("live-state", ({ detail }) => {
  if (detail.gap || detail.state === "polling") askSoon();
});

page.start();
state.start();
// Troubles that began before the newest events, and before the server was started anew.
get("api/incidents", { limit: 50 }).then(({ incidents }) => {
  changes.known(incidents);
  if (changes.size) panels.changes.ready();
}, () => {});
eachSecond(() => {
  for (const panel of Object.values(panels)) panel.tick();
});
