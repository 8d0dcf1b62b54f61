// The system monitor, or its form for a screen on a wall.
const wall = document.documentElement.dataset.view === "wall";

await import(wall ? "./wall/wall.js" : "./monitor.js");
