// The system monitor, or its form for a screen on a wall.
import { script } from "../../shared/js/api.js";

const wall = document.documentElement.dataset.view === "wall";

if (wall) {
  // Only a wall pays for its looks; it is drawn once they are there.
  const looks = document.createElement("link");
  looks.rel = "stylesheet";
  looks.href = new URL("./wall/wall.css", import.meta.url).href;
  await new Promise((done) => {
    looks.onload = looks.onerror = done;
    document.head.append(looks);
  });
}
await script(() => import(wall ? "./wall/wall.js" : "./monitor.js"));
