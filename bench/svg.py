"""Pictures as text: a few shapes, in colours that follow the reader's light or dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1c2330; }
.page { fill: #ffffff; stroke: #d7dce3; }
.head { font-size: 16px; font-weight: 600; }
.small { font-size: 11px; }
.quiet { fill: #5b6575; }
.grid { stroke: #e4e8ee; stroke-width: 1; }
.limit { stroke: #1c2330; stroke-width: 1.5; stroke-dasharray: 4 3; }
.held { fill: #2f7d95; }
.missed { fill: #c4551d; }
.line { fill: none; stroke: #2f7d95; stroke-width: 2; }
.range { stroke: #2f7d95; stroke-width: 1.2; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e9ee; }
  .page { fill: #12161d; stroke: #2b323d; }
  .quiet { fill: #9aa5b5; }
  .grid { stroke: #242b36; }
  .limit { stroke: #e6e9ee; }
  .held { fill: #58b1cc; }
  .missed { fill: #ee8a4f; }
  .line, .range { stroke: #58b1cc; }
}
"""


class Drawing:
    """Shapes on a page of a fixed size, the origin at the top left.

    Args:
        title: what it shows, for those who do not see it.
    """

    def __init__(self, width: int, height: int, title: str) -> None:
        self._size = (width, height)
        self._title = title
        self._shapes: list[str] = []

    def text(self, x: float, y: float, said: str, kind: str = "", *, anchor: str = "start") -> None:
        self._shapes.append(
            f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">'
            f"{escape(said)}</text>"
        )

    def line(self, x: float, y: float, to_x: float, to_y: float, kind: str) -> None:
        self._shapes.append(
            f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" class="{kind}"/>'
        )

    def bar(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        self._shapes.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2"'
            f' class="{kind}"/>'
        )

    def dot(self, x: float, y: float, kind: str) -> None:
        self._shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" class="{kind}"/>')

    def path(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._shapes.append(f'<polyline points="{joined}" class="{kind}"/>')

    def render(self) -> str:
        width, height = self._size
        return "\n".join(
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
                f' width="{width}" height="{height}" role="img">',
                f"<title>{escape(self._title)}</title>",
                f"<style>{_STYLE}</style>",
                f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="6"'
                ' class="page"/>',
                *self._shapes,
                "</svg>\n",
            )
        )
