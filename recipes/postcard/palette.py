"""Colours: what the words mean, and what the time of day makes of them."""

from __future__ import annotations

from dataclasses import dataclass

RGB = tuple[int, int, int]

SWATCHES: dict[str, RGB] = {
    "red": (222, 48, 44),
    "blue": (36, 96, 220),
    "green": (44, 158, 66),
    "yellow": (252, 210, 44),
    "orange": (246, 134, 30),
    "purple": (128, 66, 188),
    "pink": (248, 142, 188),
    "white": (250, 250, 248),
    "teal": (16, 164, 164),
    "black": (44, 44, 54),
    "brown": (128, 78, 44),
}
LIGHT: dict[str, tuple[RGB, float, float]] = {  # the light's colour, how much of it, and how bright
    "day": ((255, 255, 255), 0.0, 1.0),
    "sunset": ((255, 120, 60), 0.12, 0.96),
    "night": ((50, 70, 160), 0.1, 0.93),
    "dawn": ((255, 190, 200), 0.12, 0.98),
}
MOONLIGHT: RGB = (186, 202, 242)
WHITE: RGB = (255, 255, 255)


def mix(a: RGB, b: RGB, share: float) -> RGB:
    """`share` of b in a."""
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


def lit(colour: RGB, time: str) -> RGB:
    tint, share, bright = LIGHT[time]
    red, green, blue = mix(colour, tint, share * (0.2 + 0.8 * brightness(colour) / 255))  # black stays black
    return (round(red * bright), round(green * bright), round(blue * bright))


def brightness(colour: RGB) -> float:
    """0 to 255, as the eye weighs the channels (Rec. 601)."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def ink_of(colour: RGB, moonlit: bool = False) -> RGB:
    """The outline of a part: a darker shade of it; dark parts in the moonlight have a light rim instead."""
    if moonlit and brightness(colour) < 120:
        return mix(colour, MOONLIGHT, 0.75)
    if brightness(colour) > 205:
        return mix(colour, (62, 66, 96), 0.6)
    return mix(colour, (22, 16, 40), 0.54)


@dataclass(frozen=True, slots=True)
class Paint:
    """The colours one thing is painted with, already in the light of its time."""

    main: RGB
    dark: RGB
    light: RGB
    ink: RGB
    window: RGB
    time: str
    moonlit: bool  # against a dark ground: outlines are light

    def lit(self, colour: RGB) -> RGB:
        return lit(colour, self.time)

    def ink_of(self, colour: RGB) -> RGB:
        return ink_of(colour, self.moonlit)


def paint_of(colour: str, time: str, ground: str) -> Paint:
    main = lit(SWATCHES[colour], time)
    dark = mix(main, (40, 32, 60), 0.22 if colour == "white" else 0.34)
    light = mix(main, WHITE, 0.14 if colour == "black" else 0.38)
    if colour == "white":
        light = mix(main, (120, 130, 170), 0.22)
    if colour == "black":
        dark = mix(main, WHITE, 0.16)
    window = (255, 222, 110) if time == "night" else lit((196, 232, 250), time)
    moonlit = time == "night" and ground != "snow"
    return Paint(main, dark, light, ink_of(main, moonlit), window, time, moonlit)
