// A sentence that is longer than its place is written smaller, never cut: whoever reads a wall cannot open it.
const SMALLER = 0.92;
const LEAST = 0.5;
const LINE = 1.2;

// `tall` and `most` are parts of the screen's height: of the place, and of the type at its largest.
export function fit(element, { tall, most }) {
  for (let share = 1; share >= LEAST; share *= SMALLER) {
    const size = most * share;
    element.style.fontSize = `${size}vh`;
    element.style.webkitLineClamp = String(Math.floor(tall / (size * LINE)));
    if (element.scrollHeight <= element.clientHeight + 2) return;
  }
}
