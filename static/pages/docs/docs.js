// The documentation is made by the server; the page adds its frame, and opens what the address points at.
import "../../shared/js/shell.js";

function reveal() {
  const id = decodeURIComponent(location.hash.slice(1));
  const target = id ? document.getElementById(id) : null;
  if (target?.matches("details")) target.open = true;
  target?.scrollIntoView();
}

addEventListener("hashchange", reveal);
reveal();
