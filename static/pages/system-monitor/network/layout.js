// Where each node of the network stands. Values in, values out: no drawing, no document.
import { ORDER, stateOf } from "../../../shared/js/states.js";

export const CLIENT = "client";
export const SERVER = "server";
// The least a row may take, and the most: names stay readable, and few of them are not spread apart.
const ROW = 24;
const ROOMY = 34;
const PAD = 14;
const MOST_NAMES = 400;

// The sources to draw, in groups by kind. Whoever was not asked lately folds into one node for each kind
// and state: forty-odd still dots say less than their number.
export function grouped(providers, { everyone, disabled, busy, height, width }) {
  const shown = providers.filter((one) => disabled || stateOf(one.state).key !== "disabled");
  const most = everyone ? MOST_NAMES : roomFor(width, height);
  let named = everyone ? new Set(shown.map((one) => one.name)) : new Set(shown.filter((one) => busy.has(one.name)).map((one) => one.name));
  let groups = group(shown, named);
  // Too many were asked for the height there is: those asked least fold too.
  const least = shown.filter((one) => named.has(one.name)).sort((a, b) => (a.requests_per_min ?? 0) - (b.requests_per_min ?? 0));
  while (rowsIn(groups) > most && least.length) {
    named = new Set(named);
    for (const one of least.splice(0, Math.max(1, Math.ceil(least.length / 8)))) named.delete(one.name);
    groups = group(shown, named);
  }
  return groups;
}

function group(shown, named) {
  const groups = new Map();
  for (const one of [...shown].sort((a, b) => titleOf(a).localeCompare(titleOf(b)))) {
    const kind = one.kind ?? "other";
    if (!groups.has(kind)) groups.set(kind, { kind, nodes: [], folds: new Map() });
    const { nodes, folds } = groups.get(kind);
    const { key } = stateOf(one.state);
    if (named.has(one.name)) nodes.push(one);
    else if (folds.has(key)) folds.get(key).push(one);
    else folds.set(key, [one]);
  }
  return [...groups.values()].sort((a, b) => rowsOf(b).length - rowsOf(a).length || a.kind.localeCompare(b.kind));
}

const titleOf = (one) => one.title ?? one.name;
const roomFor = (width, height) => (isNarrow(width) ? 1 : 2) * Math.floor((height - 2 * PAD) / ROW);
const isNarrow = (width) => width < 620;
// Two columns of whole names need the room of the lines.
export const isTight = (width) => width < 800;
const rowsIn = (groups) => groups.reduce((sum, one) => sum + rowsOf(one).length, 0);

// A group in rows: its name with how many it has, who was asked, and the folds from bad to good.
function rowsOf({ kind, nodes, folds }) {
  const folded = ORDER.filter((key) => folds.has(key)).map((key) => ({ id: `kind:${kind}:${key}`, kind, state: key, folded: folds.get(key), alone: nodes.length === 0 }));
  if (!nodes.length) return folded;
  const count = nodes.length + folded.reduce((sum, one) => sum + one.folded.length, 0);
  return [{ head: kind, count }, ...nodes.map((provider) => ({ id: provider.name, kind, provider })), ...folded];
}

// Nodes with places, the brackets of the groups, and the height of the whole.
export function arrange(groups, width, least = 400) {
  const narrow = isNarrow(width);
  const columns = narrow ? [[]] : [[], []];
  const total = rowsIn(groups);
  let column = 0;
  for (const one of groups) {
    const rows = rowsOf(one);
    if (column < columns.length - 1 && columns[column].length && columns[column].length + rows.length / 2 > total / columns.length) column += 1;
    columns[column].push(...rows);
  }
  const tallest = Math.max(1, ...columns.map((rows) => rows.length));
  const row = Math.min(ROOMY, Math.max(ROW, (least - 2 * PAD) / tallest));
  const height = Math.max(least, tallest * row + 2 * PAD);
  const xs = narrow ? [width * 0.46] : isTight(width) ? [width * 0.33, width * 0.66] : [width * 0.4, width * 0.71];
  const nodes = new Map();
  const heads = [];
  // Where the whole is taller than the panel, the server stands where the reader begins.
  const middle = least / 2;
  nodes.set(CLIENT, { id: CLIENT, x: Math.max(34, width * 0.045), y: middle });
  nodes.set(SERVER, { id: SERVER, x: width * (narrow ? 0.26 : 0.18), y: middle });
  columns.forEach((rows, at) => {
    const top = Math.max(PAD, (least - rows.length * row) / 2) + row / 2;
    rows.forEach((one, line) => {
      const y = top + line * row;
      if (one.head) heads.push({ kind: one.head, count: one.count, x: xs[at], y });
      else nodes.set(one.id, { ...one, x: xs[at], y, wide: (narrow ? width : (xs[at + 1] ?? width)) - xs[at] - 26 });
    });
  });
  return { nodes, heads, height };
}

// The node that stands for a provider: its own, or the one it is folded into.
export function places(layout) {
  const found = new Map([[CLIENT, CLIENT], [SERVER, SERVER]]);
  for (const node of layout.nodes.values()) {
    if (node.provider) found.set(node.id, node.id);
    for (const one of node.folded ?? []) found.set(one.name, node.id);
  }
  return found;
}

// A point of the line between two nodes, `t` from 0 to 1.
export function along(from, to, t, point) {
  const bend = (to.x - from.x) * 0.5;
  const u = 1 - t;
  const a = u * u * u;
  const b = 3 * u * u * t;
  const c = 3 * u * t * t;
  const d = t * t * t;
  point.x = a * from.x + b * (from.x + bend) + c * (to.x - bend) + d * to.x;
  point.y = a * from.y + b * from.y + c * to.y + d * to.y;
  return point;
}
