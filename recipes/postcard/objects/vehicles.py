"""Car, boat and hot air balloon."""

from __future__ import annotations

from recipes.postcard.palette import Paint, mix
from recipes.postcard.shapes import Shape, arc, box, ellipse, line, polygon


def car(paint: Paint) -> list[Shape]:
    """Seen from its side, driving to the right."""
    tyre, hub = paint.lit((46, 46, 56)), paint.lit((206, 210, 218))
    lamp = (255, 240, 150)
    glass = paint.window if paint.time != "night" else (150, 178, 226)
    rim = paint.ink_of(glass)
    shapes = [
        polygon(
            [
                (-0.98, 0.16),
                (-0.98, 0.44),
                (-0.9, 0.55),
                (-0.66, 0.58),
                (-0.42, 0.97),
                (-0.3, 1.0),
                (0.3, 1.0),
                (0.42, 0.95),
                (0.66, 0.6),
                (0.94, 0.52),
                (1.0, 0.42),
                (1.0, 0.16),
            ],
            paint.main,
            paint.ink,
        ),
        polygon([(-0.5, 0.6), (-0.31, 0.87), (-0.07, 0.87), (-0.07, 0.6)], glass, rim),
        polygon([(0.05, 0.6), (0.05, 0.87), (0.29, 0.87), (0.48, 0.6)], glass, rim),
        box(0.86, 0.34, 1.0, 0.46, lamp),
        box(-0.98, 0.34, -0.88, 0.46, paint.lit((196, 40, 40))),
        box(-0.98, 0.16, 1.0, 0.23, paint.dark),
    ]
    for x in (-0.54, 0.54):
        shapes += [ellipse(x, 0.22, 0.22, 0.22, tyre, paint.ink_of(tyre)), ellipse(x, 0.22, 0.095, 0.095, hub)]
    return shapes


def boat(paint: Paint) -> list[Shape]:
    mast, cream = paint.lit((104, 70, 48)), paint.lit((252, 246, 230))
    return [
        line([(0.0, 0.2), (0.0, 1.0)], mast, 0.04),
        polygon([(0.04, 0.33), (0.5, 0.33), (0.3, 0.62), (0.04, 0.96)], paint.main, paint.ink),
        polygon([(-0.05, 0.33), (-0.4, 0.33), (-0.05, 0.84)], cream, paint.ink_of(cream)),
        polygon([(-0.58, 0.26), (0.6, 0.26), (0.42, 0.0), (-0.38, 0.0)], paint.main, paint.ink),
        polygon([(-0.535, 0.2), (0.555, 0.2), (0.51, 0.13), (-0.485, 0.13)], paint.light),
    ]


def balloon(paint: Paint) -> list[Shape]:
    basket, rope = paint.lit((150, 98, 54)), mix(paint.lit((92, 64, 48)), paint.ink, 0.3)
    x, y, r = 0.0, 0.625, 0.365

    def gore(share: float) -> list[tuple[float, float]]:
        """The envelope's outline squeezed to a share of its width: ball above, cone below."""
        upper = arc(x, y, r * share, r, -22, 202, 22)
        return [(0.085 * share, 0.22), *upper, (-0.085 * share, 0.22)]

    return [
        line([(-0.075, 0.22), (-0.06, 0.12)], rope, 0.025),
        line([(0.075, 0.22), (0.06, 0.12)], rope, 0.025),
        polygon([(-0.085, 0.13), (0.085, 0.13), (0.068, 0.0), (-0.068, 0.0)], basket, paint.ink_of(basket)),
        polygon(gore(1.0), paint.main),
        polygon(gore(0.68), paint.light),
        polygon(gore(0.3), paint.main),
        polygon(gore(1.0), None, paint.ink),
    ]
