"""Tree, pine, flower, cactus, cat and snowman."""

from __future__ import annotations

import math

from recipes.postcard.palette import RGB, Paint, brightness, mix
from recipes.postcard.shapes import Shape, arc, blob, box, ellipse, line, polygon, tube

BARK: RGB = (122, 80, 50)
LEAF: RGB = (62, 150, 62)


def tree(paint: Paint) -> list[Shape]:
    bark = _apart(paint.lit(BARK), paint)
    crown = [
        (-0.2, 0.55, 0.19),
        (0.2, 0.55, 0.19),
        (-0.12, 0.74, 0.19),
        (0.13, 0.74, 0.19),
        (0.0, 0.82, 0.18),
        (0.0, 0.6, 0.2),
    ]
    return [
        polygon([(-0.09, 0.0), (0.09, 0.0), (0.06, 0.45), (-0.06, 0.45)], bark, paint.ink_of(bark)),
        blob(crown, paint.main, paint.ink),
        ellipse(-0.1, 0.76, 0.1, 0.09, paint.light),
    ]


def pine(paint: Paint) -> list[Shape]:
    bark = _apart(paint.lit(BARK), paint)
    return [
        box(-0.07, 0.0, 0.07, 0.2, bark, paint.ink_of(bark)),
        polygon([(-0.37, 0.14), (0.37, 0.14), (0.0, 0.6)], paint.dark, paint.ink),
        polygon([(-0.31, 0.38), (0.31, 0.38), (0.0, 0.8)], paint.main, paint.ink),
        polygon([(-0.24, 0.61), (0.24, 0.61), (0.0, 1.0)], paint.main, paint.ink),
    ]


def flower(paint: Paint) -> list[Shape]:
    stem = paint.lit(mix(LEAF, (20, 70, 40), 0.35))
    heart = paint.lit((150, 84, 30) if brightness(paint.main) > 165 and paint.main[2] < 120 else (255, 208, 60))
    x, y = 0.0, 0.68
    petals = [
        (x + 0.19 * math.cos(math.radians(a)), y + 0.19 * math.sin(math.radians(a)), 0.118) for a in range(18, 378, 60)
    ]
    leaves = [
        polygon(
            [(0.0, 0.1), *((side * px, py) for px, py in arc(0.17, 0.22, 0.14, 0.075, -120, 120, 8))],
            stem,
            paint.ink_of(stem),
        )
        for side in (-1, 1)
    ]
    return [
        line([(0.0, 0.0), (0.0, 0.5)], stem, 0.05, paint.ink_of(stem)),
        *leaves,
        *(ellipse(px, py, r, r, paint.main, paint.ink) for px, py, r in petals),
        blob([(px * 0.9 + x * 0.1, py * 0.9 + y * 0.1, r * 0.82) for px, py, r in petals], paint.main),
        ellipse(x, y, 0.115, 0.115, heart, paint.ink_of(heart)),
    ]


def cactus(paint: Paint) -> list[Shape]:
    bloom = paint.lit((255, 226, 120) if brightness(paint.main) < 190 else (236, 70, 120))

    left = [(-0.02, 0.34), (-0.27, 0.34), (-0.27, 0.62)]
    right = [(0.02, 0.46), (0.27, 0.46), (0.27, 0.74)]
    trunk = [(0.0, 0.12), (0.0, 0.84)]
    parts = [(left, 0.15), (right, 0.15), (trunk, 0.25)]
    return [
        *(tube(path, paint.main, width, paint.ink) for path, width in parts),
        *(tube(path, paint.main, width - 0.035) for path, width in parts),
        line([(-0.045, 0.06), (-0.045, 0.84)], paint.dark, 0.025),
        line([(0.045, 0.06), (0.045, 0.84)], paint.dark, 0.025),
        ellipse(0.0, 0.945, 0.06, 0.045, bloom, paint.ink_of(bloom)),
    ]


def cat(paint: Paint) -> list[Shape]:
    """Sitting, looking at us."""
    dark = brightness(paint.main) < 90
    eye: RGB = (250, 224, 90) if dark else (40, 36, 46)
    nose = paint.lit((240, 120, 140)) if brightness(paint.main) < 150 else paint.lit((206, 70, 96))
    belly = paint.light
    return [
        tube([(0.22, 0.08), (0.36, 0.12), (0.41, 0.26), (0.35, 0.4)], paint.main, 0.1, paint.ink),
        polygon(arc(0.0, 0.0, 0.32, 0.56, 0, 180, 18), paint.main, paint.ink),
        ellipse(0.0, 0.2, 0.14, 0.19, belly),
        ellipse(-0.14, 0.045, 0.11, 0.06, paint.main, paint.ink),
        ellipse(0.14, 0.045, 0.11, 0.06, paint.main, paint.ink),
        polygon([(-0.29, 0.72), (-0.27, 1.0), (-0.06, 0.84)], paint.main, paint.ink),
        polygon([(0.29, 0.72), (0.27, 1.0), (0.06, 0.84)], paint.main, paint.ink),
        ellipse(0.0, 0.66, 0.31, 0.24, paint.main, paint.ink),
        ellipse(-0.125, 0.69, 0.045, 0.06, eye),
        ellipse(0.125, 0.69, 0.045, 0.06, eye),
        polygon([(-0.045, 0.6), (0.045, 0.6), (0.0, 0.545)], nose),
        *(
            line([(side * 0.2, 0.58), (side * 0.4, 0.58 + dy)], paint.ink, 0.014)
            for side in (-1, 1)
            for dy in (-0.05, 0.05)
        ),
    ]


def snowman(paint: Paint) -> list[Shape]:
    coal: RGB = (52, 48, 60) if brightness(paint.main) > 90 else (236, 236, 244)
    hat = paint.lit((60, 56, 72)) if brightness(paint.main) > 90 else paint.lit((196, 60, 60))
    carrot = paint.lit((250, 138, 40)) if not (paint.main[0] > 200 and 90 < paint.main[1] < 180) else (255, 226, 90)
    arm = _apart(paint.lit(BARK), paint)
    return [
        line([(-0.2, 0.46), (-0.42, 0.6)], arm, 0.035),
        line([(0.2, 0.46), (0.42, 0.6)], arm, 0.035),
        ellipse(0.0, 0.2, 0.27, 0.215, paint.main, paint.ink),
        ellipse(0.0, 0.46, 0.205, 0.17, paint.main, paint.ink),
        ellipse(0.0, 0.7, 0.155, 0.145, paint.main, paint.ink),
        ellipse(0.0, 0.5, 0.026, 0.026, coal),
        ellipse(0.0, 0.4, 0.026, 0.026, coal),
        ellipse(-0.06, 0.735, 0.026, 0.026, coal),
        ellipse(0.06, 0.735, 0.026, 0.026, coal),
        polygon([(0.0, 0.705), (0.0, 0.655), (0.17, 0.665)], carrot),
        box(-0.115, 0.83, 0.115, 1.0, hat, paint.ink_of(hat)),
        box(-0.19, 0.81, 0.19, 0.855, hat, paint.ink_of(hat)),
    ]


def _apart(colour: RGB, paint: Paint) -> RGB:
    """Wood that does not melt into a brown or black thing of the same tone."""
    return mix(colour, (255, 226, 190), 0.42) if abs(brightness(colour) - brightness(paint.main)) < 30 else colour
