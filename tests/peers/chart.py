# SPDX-License-Identifier: MIT OR Apache-2.0
"""Line charts as SVG, without a library, for light and dark pages."""
import math
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 624, 48, 300
# More points have no mark at each.
MARKED = 40
# After Okabe and Ito, told apart by colour-blind readers; lighter where the page is dark.
STYLE = """text { font: 13px system-ui, sans-serif; fill: #24292f }
.grid { stroke: #d0d7de } .axis { stroke: #57606a }
path { fill: none; stroke-width: 2 }
.l0 { stroke: #0072b2; color: #0072b2 } .l1 { stroke: #d55e00; color: #d55e00 }
.l2 { stroke: #009e73; color: #009e73 } .l3 { stroke: #b8609a; color: #b8609a }
circle { fill: currentColor; stroke: none }
@media (prefers-color-scheme: dark) {
text { fill: #d1d7e0 } .grid { stroke: #3d444d } .axis { stroke: #9198a1 }
.l0 { stroke: #56b4e9; color: #56b4e9 } .l1 { stroke: #ff9f5a; color: #ff9f5a }
.l2 { stroke: #3fd0a4; color: #3fd0a4 } .l3 { stroke: #e59cc8; color: #e59cc8 } }"""


@dataclass(frozen=True)
class Line:
    """A named line and its points."""

    name: str
    points: list[tuple[float, float]]


@dataclass(frozen=True)
class Axis:
    """From numbers to places in the drawing; begins at 0 and ends at a tick."""

    label: str
    ticks: list[float]
    begin: float
    end: float

    @classmethod
    def of(cls, label: str, values: list[float], begin: float, end: float) -> "Axis":
        largest = max(values)
        rough = largest / 5 if largest > 0 else 1
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)
        if all(float(value).is_integer() for value in values):
            step = max(step, 1)
        count = max(1, math.ceil(largest / step - 1e-9))
        return cls(label, [index * step for index in range(count + 1)], begin, end)

    def place(self, value: float) -> float:
        return self.begin + (self.end - self.begin) * value / self.ticks[-1]


def grid(x: Axis, y: Axis) -> list[str]:
    """Ticks, their lines, and the labels with their units."""
    parts = []
    for tick in y.ticks:
        at = y.place(tick)
        kind = "grid" if tick else "axis"
        parts.append(f'<line class="{kind}" x1="{LEFT}" x2="{RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in x.ticks:
        at = x.place(tick)
        parts.append(f'<line class="axis" x1="{at:.1f}" x2="{at:.1f}" y1="{BOTTOM}" '
                     f'y2="{BOTTOM + 5}"/>')
        parts.append(f'<text x="{at:.1f}" y="{BOTTOM + 20}" text-anchor="middle">{tick:g}</text>')
    parts.append(f'<text x="{(LEFT + RIGHT) / 2}" y="{BOTTOM + 44}" text-anchor="middle">'
                 f'{escape(x.label)}</text>')
    middle = (TOP + BOTTOM) / 2
    parts.append(f'<text x="18" y="{middle}" text-anchor="middle" '
                 f'transform="rotate(-90 18 {middle})">{escape(y.label)}</text>')
    return parts


def drawn(line: Line, number: int, x: Axis, y: Axis) -> list[str]:
    """A line, its marks, and its entry above the plot."""
    places = [(x.place(a), y.place(b)) for a, b in line.points]
    path = "L".join(f"{a:.1f} {b:.1f}" for a, b in places)
    parts = [f'<g class="l{number % 4}"><path d="M{path}"/>']
    if len(places) <= MARKED:
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.5"/>' for a, b in places]
    at = LEFT + 140 * number
    parts.append(f'<path d="M{at} 36h22"/></g>')
    parts.append(f'<text x="{at + 28}" y="40">{escape(line.name)}</text>')
    return parts


def svg(title: str, x_label: str, y_label: str, lines: list[Line]) -> str:
    """The chart, its title and labels with units; both axes begin at 0."""
    points = [point for line in lines for point in line.points]
    x = Axis.of(x_label, [point[0] for point in points], LEFT, RIGHT)
    y = Axis.of(y_label, [point[1] for point in points], BOTTOM, TOP)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
             f"<title>{escape(title)}</title>", f"<style>{STYLE}</style>",
             f'<text x="{LEFT}" y="20">{escape(title)}</text>', *grid(x, y)]
    for number, line in enumerate(lines):
        parts += drawn(line, number, x, y)
    return "\n".join([*parts, "</svg>", ""])
