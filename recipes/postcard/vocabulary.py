"""The closed language of Postcard's captions: every way to say each fact of a scene."""

from __future__ import annotations

Phrases = tuple[str, ...]

COLOURS: dict[str, Phrases] = {
    "red": ("red",),
    "blue": ("blue",),
    "green": ("green",),
    "yellow": ("yellow",),
    "orange": ("orange",),
    "purple": ("purple", "violet"),
    "pink": ("pink",),
    "white": ("white",),
    "teal": ("teal", "turquoise"),
    "black": ("black",),
    "brown": ("brown",),
}
OBJECTS: dict[str, tuple[tuple[str, str], ...]] = {  # one, several; the usual name first
    "house": (("house", "houses"), ("cottage", "cottages")),
    "tree": (("tree", "trees"),),
    "pine": (("pine", "pines"), ("pine tree", "pine trees"), ("fir tree", "fir trees")),
    "boat": (("boat", "boats"), ("sailing boat", "sailing boats"), ("sailboat", "sailboats")),
    "car": (("car", "cars"),),
    "castle": (("castle", "castles"),),
    "hot air balloon": (("hot air balloon", "hot air balloons"), ("balloon", "balloons")),
    "cat": (("cat", "cats"), ("kitten", "kittens")),
    "tent": (("tent", "tents"),),
    "lighthouse": (("lighthouse", "lighthouses"),),
    "windmill": (("windmill", "windmills"), ("mill", "mills")),
    "flower": (("flower", "flowers"),),
    "cactus": (("cactus", "cacti"),),
    "snowman": (("snowman", "snowmen"),),
}
NUMBERS: dict[int, Phrases] = {2: ("two", "2"), 3: ("three", "3"), 4: ("four", "4")}
PLACES: dict[str, Phrases] = {
    "left": ("on the left", "on the left side"),
    "middle": ("in the middle", "in the centre", "in the center"),
    "right": ("on the right", "on the right side"),
}
GROUNDS: dict[str, Phrases] = {  # the first one is that of the evaluation
    "meadow": ("in a green meadow", "in a meadow", "on a meadow", "on the grass", "on a green meadow"),
    "desert": ("in the desert", "in a desert", "in a sandy desert"),
    "snow": ("in the snow", "on the snow", "in a snowy field", "in winter"),
    "sea": ("on the sea", "at sea", "on the water", "on the ocean"),
    "beach": ("on the beach", "on a beach", "by the sea", "on a sandy beach"),
    "autumn field": ("in an autumn field", "in the autumn field", "in a field in autumn", "in autumn"),
}
ABOVE: dict[str, Phrases] = {  # said of balloons, besides the phrases above
    "meadow": ("over a green meadow", "above a meadow"),
    "desert": ("over the desert", "above the desert"),
    "snow": ("over the snow", "above the snow"),
    "sea": ("over the sea", "above the sea"),
    "beach": ("over the beach", "above a beach"),
    "autumn field": ("over an autumn field", "above an autumn field"),
}
LANDS: dict[str, Phrases] = {  # the ground as the subject
    "meadow": ("a green meadow", "a meadow", "green grass"),
    "desert": ("a desert", "the desert", "desert"),
    "snow": ("a snowy field", "snow", "winter"),
    "sea": ("the sea", "sea", "the ocean"),
    "beach": ("a beach", "the beach", "a sandy beach"),
    "autumn field": ("an autumn field", "a field in autumn", "autumn"),
}
TIMES: dict[str, Phrases] = {
    "day": ("by day", "in daylight", "during the day"),
    "sunset": ("at sunset", "in the evening", "at dusk"),
    "night": ("at night", "by night", "in the night"),
    "dawn": ("at dawn", "at sunrise", "in the early morning"),
}
BACKDROPS: dict[str, Phrases] = {
    "mountains": ("mountains", "snowy mountains"),
    "hills": ("hills", "rolling hills"),
    "forest": ("forest", "a forest"),
    "city": ("city skyline", "a city", "a skyline"),
}
SKY: dict[str, Phrases] = {
    "sun": ("sun", "the sun"),
    "moon": ("moon", "the moon", "a crescent moon"),
    "stars": ("stars", "a starry sky"),
    "clouds": ("clouds", "a few clouds"),
    "birds": ("birds", "flying birds"),
}
MEDIA: Phrases = ("a postcard of", "an illustration of", "a picture of", "a drawing of")
STYLES: Phrases = ("flat illustration", "postcard")
GLUE: Phrases = (
    "a",
    "an",
    "and",
    "with",
    "to the left of",
    "to the right of",
    "next to",
    "beside",
    "behind",
    "in the background",
    "in the sky",
    "under",
)


def _words() -> tuple[str, ...]:
    tables = (COLOURS, NUMBERS, PLACES, GROUNDS, ABOVE, LANDS, TIMES, BACKDROPS, SKY)
    phrases = [phrase for table in tables for some in table.values() for phrase in some]
    phrases += [name for names in OBJECTS.values() for pair in names for name in pair]
    return tuple(sorted({word for phrase in (*phrases, *MEDIA, *STYLES, *GLUE) for word in phrase.split()}))


WORDS: tuple[str, ...] = _words()
"""Every word of every caption. Between words there are only spaces and commas."""
