// The address is the state of the page: what is looked at can be linked to, and Back leads back to it.
// `document` gets an event `address` when the browser goes back or forward.

export const params = () => new URLSearchParams(location.search);

function changed(values) {
  const address = new URL(location.href);
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined || value === "") address.searchParams.delete(name);
    else address.searchParams.set(name, value);
  }
  return address.href;
}

// A step that Back undoes: another symbol, interval, drawer, capability or view.
export function push(values) {
  const address = changed(values);
  if (address !== location.href) history.pushState(null, "", address);
}

// The same step, corrected: what is being typed, sorted or filtered.
export function replace(values) {
  const address = changed(values);
  if (address !== location.href) history.replaceState(null, "", address);
}

addEventListener("popstate", () => document.dispatchEvent(new CustomEvent("address", { detail: params() })));
