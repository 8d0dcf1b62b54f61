// Pages that do not poll the monitor take the overall state from the widget they carry.
import { shell } from "./shell.js";
import { sync } from "./time.js";
import "../components/system-status.js";

document.addEventListener("system-status", (event) => {
  const { status, server_time: serverTime, reachable } = event.detail;
  if (reachable) sync(serverTime);
  shell.status(status);
});
