// Making and changing elements. Text from the server only ever becomes text nodes.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "text") element.textContent = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

export const $ = (selector, from = document) => from.querySelector(selector);

export function setText(element, value) {
  const words = String(value);
  if (element.textContent !== words) element.textContent = words;
}

export function setAttribute(element, name, value) {
  if (value === null || value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

// Children of `parent`, one for each item: reused by key, moved only where the order changed.
export function each(parent, items, keyOf, make, update) {
  const kept = (parent.keptChildren ??= new Map());
  const wanted = new Set();
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    if (wanted.has(key)) continue;
    wanted.add(key);
    let element = kept.get(key);
    if (!element) {
      element = make(item);
      kept.set(key, element);
    }
    update?.(element, item);
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
  for (const [key, element] of kept) {
    if (!wanted.has(key)) {
      element.remove();
      kept.delete(key);
    }
  }
}

export function safeLink(url, attributes, ...children) {
  let good = false;
  try {
    good = ["http:", "https:"].includes(new URL(url).protocol);
  } catch {
    // Not an address: shown as text.
  }
  return good
    ? h("a", { href: url, rel: "noopener noreferrer", target: "_blank", ...attributes }, ...children)
    : h("span", attributes, ...children);
}

export const query = new URLSearchParams(location.search);

// Keeps what is looked at in the address, so that a view can be bookmarked.
export function remember(values) {
  const address = new URL(location.href);
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined || value === "") address.searchParams.delete(name);
    else address.searchParams.set(name, value);
  }
  history.replaceState(null, "", address);
}
