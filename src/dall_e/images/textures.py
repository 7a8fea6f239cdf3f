"""Materials and patterns: the colours of the ones, and tiles of both as SVG.

{ink} is a darker shade of the thing's own colour, {contrast} one that is well seen on it.
"""

from __future__ import annotations

import random
from typing import NamedTuple

MATERIALS: dict[str, tuple[float, float, float] | None] = {
    "wood": (0.62, 0.098, 60), "stone": (0.69, 0.012, 250), "marble": (0.93, 0.006, 250),
    "brick": (0.56, 0.125, 36), "gold": (0.82, 0.155, 88), "silver": (0.79, 0.012, 255),
    "bronze": (0.62, 0.105, 62), "metal": (0.64, 0.018, 250), "glass": (0.87, 0.050, 222),
    "crystal": (0.80, 0.085, 285), "diamond": (0.87, 0.065, 222), "ice": (0.86, 0.062, 218),
    "leather": (0.48, 0.088, 52), "wool": None, "cloth": None, "straw": (0.83, 0.095, 86),
    "paper": (0.95, 0.010, 95), "cardboard": (0.70, 0.068, 72), "plastic": None, "rubber": None,
    "porcelain": (0.95, 0.008, 250), "clay": (0.61, 0.115, 46), "chocolate": (0.40, 0.070, 48),
}  # fmt: skip
"""Lightness, chroma and hue in degrees of each material; None: it comes in any colour."""
PATTERNS = ("striped", "dotted", "checked", "floral", "starry")
"""What may be on a thing."""


class Texture(NamedTuple):
    """A tile that is repeated over a drawing of 384 pixels."""

    tile: str
    """SVG elements on one line."""
    side: float
    """Its width, in pixels."""
    angle: float = 0.0
    """Degrees by which the tiles are turned."""
    height: float = 0.0
    """In pixels; the tile is square unless given."""


def _facets(side: float, cells: int, seed: int, most: float) -> Texture:
    """Triangles in light and dark, as of something cut or broken; the tile meets itself."""
    draw = random.Random(seed)
    step = side / cells
    jitter = {
        (x, y): (draw.uniform(-0.3, 0.3) * step, draw.uniform(-0.3, 0.3) * step)
        for x in range(cells)
        for y in range(cells)
    }

    def at(x: int, y: int) -> str:
        across, down = jitter[x % cells, y % cells]
        return f"{x * step + across:.1f} {y * step + down:.1f}"

    triangles = []
    for x in range(-1, cells):
        for y in range(-1, cells):
            # What hangs over the tile's border comes again at the other side, in the same shade.
            shade = random.Random(f"{seed}/{x % cells}/{y % cells}")
            corners = (at(x, y), at(x + 1, y), at(x + 1, y + 1), at(x, y + 1))
            halves = ((0, 1, 2), (0, 2, 3)) if shade.random() < 0.5 else ((0, 1, 3), (1, 2, 3))
            for first, second, third in halves:
                level = shade.uniform(-most, most)
                fill = "#fff" if level > 0 else "{ink}"
                triangles.append(
                    f'<path d="M{corners[first]}L{corners[second]}L{corners[third]}z" '
                    f'fill="{fill}" fill-opacity="{abs(level):.2f}"/>'
                )
    return Texture("".join(triangles), side)


def _lines(d: str, width: float, opacity: float, ink: str = "{ink}") -> str:
    """Lines with round ends."""
    return (
        f'<path d="{d}" fill="none" stroke="{ink}" stroke-width="{width:g}" '
        f'stroke-opacity="{opacity:g}" stroke-linecap="round" stroke-linejoin="round"/>'
    )


_FLOWER = (
    "".join(
        f'<circle cx="{{x}}" cy="{{y}}" r="5.2" fill="{{contrast}}" '
        f'transform="rotate({turn} {{x}} {{y}}) translate(0 -6.4)"/>'
        for turn in range(0, 360, 72)
    )
    + '<circle cx="{x}" cy="{y}" r="4" fill="#f5b942"/>'
)


def _at(shape: str, x: float, y: float) -> str:
    """A shape in its place."""
    return shape.replace("{x}", f"{x:g}").replace("{y}", f"{y:g}")


_STAR = (
    '<path transform="translate({x} {y})" fill="{contrast}" d="M0-10L2.9-3.4 10-2.9 4.6 1.9 6.2 9 '
    '0 5.2-6.2 9-4.6 1.9-10-2.9-2.9-3.4z"/>'
)

TEXTURES: dict[str, Texture] = {
    "wood": Texture(
        _lines("M0 12C24 4 44 20 64 14S104 6 128 12M0 58c30 10 52-8 78 2s34 4 50-2"
               "M0 82c20-6 40 8 64 4s44-8 64-4M0 112c26-8 44 8 70 2s40-6 58-2", 2.6, 0.5)
        + _lines("M0 34c22-2 30-10 52-10s34 12 76 10M0 42c24 2 32 10 54 10s30-8 74-10", 2.6, 0.5)
        + '<ellipse cx="54" cy="38" rx="13" ry="6" fill="none" stroke="{ink}" stroke-width="2.4" '
        'stroke-opacity="0.5"/><ellipse cx="54" cy="38" rx="5" ry="2.2" fill="{ink}" '
        'fill-opacity="0.6"/>',
        128, -4,
    ),
    "stone": Texture(
        '<path d="M8 14l22-8 18 12-10 16-24-2zM84 66l26-4 10 20-20 14-22-12zM20 88l20-6 10 16-16 12'
        '-18-8z" fill="#fff" fill-opacity="0.16"/><path fill="{ink}" fill-opacity="0.22" '
        'd="M66 10l24 4 6 18-22 8-16-14zM96 112l16-6 12 10-12 8zM46 58l20-4 6 16-18 8z"/>'
        + _lines("M4 52l16 6 6 14 14 4M104 20l8 14-6 10M70 92l4 14-8 10", 2.4, 0.55)
        + '<g fill="{ink}" fill-opacity="0.5"><circle cx="54" cy="44" r="2.2"/><circle cx="14" '
        'cy="112" r="2.6"/><circle cx="118" cy="48" r="2"/><circle cx="60" cy="118" r="2"/><circle '
        'cx="34" cy="24" r="1.8"/><circle cx="88" cy="50" r="1.8"/></g>',
        128,
    ),
    "marble": Texture(
        _lines("M-10 60C40 50 60 110 120 96S190 150 240 138 320 190 400 176", 4, 0.32)
        + _lines("M70 -10C80 40 130 60 128 110S170 200 160 250 210 330 200 400", 2.6, 0.3)
        + _lines("M-10 250C50 240 70 290 130 280S220 320 260 300 330 330 400 318", 3.4, 0.3)
        + _lines("M270 -10C262 50 310 90 300 140S340 230 330 290 370 350 360 400", 2, 0.3)
        + _lines("M120 96C150 80 170 40 210 34M240 138C270 120 290 80 330 60"
                 "M130 280c-20 30-10 60-40 90", 1.6, 0.28),
        384,
    ),
    "brick": Texture(
        _lines("M0 0h64M0 24h64M0 48h64M16 0v24M48 24v24", 3, 0.85, "#efe3d6"),
        64,
    ),
    "crystal": _facets(230, 3, 5, 0.42),
    "diamond": _facets(200, 3, 8, 0.45),
    "ice": Texture(
        _lines("M20 30l26 22 4 30M46 52l28-8M96 84l24 12 18 30M120 96l12-18M30 122l22 10",
               2.6, 0.75, "#fff"),
        150,
    ),
    "leather": Texture(
        _lines("M4 6q5-4 9 0t-1 8-8-1-0-7M20 4q5-2 8 2t-3 7-7-2 2-7M10 20q6-3 10 1t-2 8-8-2 0-7"
               "M27 19q4-1 6 3M0 24q3 2 2 6M2 16q3-2 5 0", 1.5, 0.42),
        34,
    ),
    "wool": Texture(
"".join(
            f'<ellipse cx="{x}" cy="{y}" rx="4.1" ry="9" fill="#fff" fill-opacity="0.12" '
            f'stroke="{{ink}}" stroke-width="1.9" stroke-opacity="0.5" '
            f'transform="rotate({turn} {x} {y})"/>'
            for x, turn in ((5, -28), (15, 28))
            for y in (-8, 6, 20)
        ),
        20, height=14,
    ),
    "cloth": Texture(
        _lines("M0 2h5M5 7h5", 1.6, 0.35) + _lines("M2 5v5M7 0v5", 1.6, 0.2, "#fff"), 10
    ),
    "straw": Texture(
        _lines("M0 5h14M0 11h14M16 16h14M16 22h14", 2, 0.5)
        + _lines("M18 0v14M24 0v14M4 16v14M10 16v14", 2, 0.5),
        30, 45,
    ),
    "paper": _facets(210, 2, 3, 0.13),
    "cardboard": Texture(_lines("M5 0v20M15 0v20", 3, 0.3), 20),
    "striped": Texture('<path d="M0 0h44v20H0z" fill="{contrast}"/>', 44, 38),
    "dotted": Texture(
        '<circle cx="12" cy="12" r="8" fill="{contrast}"/>'
        '<circle cx="36" cy="36" r="8" fill="{contrast}"/>',
        48,
    ),
    "checked": Texture(
        '<path d="M0 0h52v22H0z" fill="{contrast}" fill-opacity="0.55"/>'
        '<path d="M0 0h22v52H0z" fill="{contrast}" fill-opacity="0.55"/>',
        52,
    ),
    "floral": Texture(_at(_FLOWER, 18, 18) + _at(_FLOWER, 51, 51), 66, 12),
    "starry": Texture(_at(_STAR, 16, 16) + _at(_STAR, 45, 45), 58, 10),
}  # fmt: skip
"""Of each material that has grain, and of each pattern."""
