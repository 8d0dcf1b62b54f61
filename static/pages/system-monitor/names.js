// One title for each source, wherever it is written; a channel is named after its source.
import { words } from "../../shared/js/format.js";

const titles = new Map();

export function learn(providers) {
  for (const one of providers ?? []) titles.set(one.name, one.title ?? one.name);
}

export function titleOf(name) {
  if (!name) return "";
  const [source, channel] = String(name).split(":");
  const title = titles.get(source) ?? source;
  return channel ? `${title}, ${words(channel)}` : title;
}

export const allTitles = titles;
