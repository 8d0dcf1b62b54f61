// Where each node of the network stands. Values in, values out: no drawing, no document.
import { stateOf } from "../../../shared/js/states.js";

export const CLIENT = "client";
export const SERVER = "server";
const ROW = 26;
const ROOMY = 36;
const PAD = 26;
const MANY = 40;

// The sources to draw, in groups by kind. Over forty, healthy ones without a recent request fold into
// one node for each kind: forty-odd still dots say less than their number.
export function grouped(providers, { everyone, disabled, busy }) {
  const shown = providers.filter((one) => disabled || stateOf(one.state).key !== "disabled");
  const fold = shown.length > MANY && !everyone;
  const groups = new Map();
  for (const one of [...shown].sort((a, b) => a.name.localeCompare(b.name))) {
    const kind = one.kind ?? "other";
    if (!groups.has(kind)) groups.set(kind, { kind, nodes: [], folded: [] });
    const group = groups.get(kind);
    if (fold && stateOf(one.state).key === "healthy" && !busy.has(one.name)) group.folded.push(one);
    else group.nodes.push(one);
  }
  return [...groups.values()].sort((a, b) => b.nodes.length + b.folded.length - a.nodes.length - a.folded.length || a.kind.localeCompare(b.kind));
}

function rowsOf(group) {
  const rows = [{ head: group.kind }];
  for (const one of group.nodes) rows.push({ id: one.name, provider: one });
  if (group.folded.length) rows.push({ id: `kind:${group.kind}`, folded: group.folded });
  return rows;
}

// Nodes with places, the heads of the groups, and the size of the whole.
export function arrange(groups, width, least = 440) {
  const columns = width >= 720 ? [[], []] : [[]];
  const total = groups.reduce((sum, group) => sum + rowsOf(group).length, 0);
  let column = 0;
  for (const group of groups) {
    const rows = rowsOf(group);
    if (column < columns.length - 1 && columns[column].length && columns[column].length + rows.length / 2 > total / columns.length) column += 1;
    columns[column].push(...rows);
  }
  const tallest = Math.max(...columns.map((rows) => rows.length));
  const row = Math.min(ROOMY, Math.max(ROW, (least - 2 * PAD) / (tallest + 0.5)));
  const height = Math.max(least, tallest * row + 2 * PAD + row / 2);
  const narrow = columns.length === 1;
  const xs = narrow ? [width * 0.6] : [width * 0.5, width * 0.775];
  const nodes = new Map();
  const heads = [];
  // In one long column the server stands where the reader begins.
  const middle = narrow ? Math.min(height / 2, 200) : height / 2;
  nodes.set(CLIENT, { id: CLIENT, x: Math.max(40, width * (narrow ? 0.09 : 0.065)), y: middle });
  nodes.set(SERVER, { id: SERVER, x: width * (narrow ? 0.32 : 0.255), y: middle });
  columns.forEach((rows, at) => {
    // Columns are half a row apart, so that the lines to the second pass between names of the first.
    const top = (height - rows.length * row) / 2 + row / 2 + (at % 2 && columns[0].length % 2 === rows.length % 2 ? row / 2 : 0);
    rows.forEach((one, line) => {
      const y = top + line * row;
      if (one.head) heads.push({ kind: one.head, x: xs[at], y });
      else nodes.set(one.id, { id: one.id, x: xs[at], y, provider: one.provider, folded: one.folded, wide: (narrow ? width : (xs[at + 1] ?? width)) - xs[at] - 8 });
    });
  });
  return { nodes, heads, height };
}

// The node that stands for a provider: its own, or the one its kind is folded into.
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
