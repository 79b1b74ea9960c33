"""Words that are not drawn here: looked for in what the text encoder reads, picture by picture and step by step."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from engine.errors import BadRequest
from engine.prompt.chunks import pieces
from engine.prompt.composition import split
from engine.prompt.networks import take_out
from engine.prompt.schedule import Timeline, stages
from engine.request.generation import GenerationRequest

MOST_READ = 1_000_000  # characters of one request; a busy one has 20,000
UNSEEN = frozenset("\u115f\u1160\u3164\uffa0")  # letters without a shape
# Scripts that set no blanks between words: each letter is one of its own there, so that a phrase is found within a line.
UNSPACED = (
    *((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF)),  # Thai and Lao, Burmese, Khmer
    *((0x3005, 0x3007), (0x3041, 0x30FF), (0x31F0, 0x31FF)),  # kana
    *((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x20000, 0x3FFFF)),  # Han
)


class Blocked:
    """words: words and phrases; nothing where there are none. Raises BadRequest for one without a letter."""

    def __init__(self, words: Iterable[str] = ()):
        self.words = frozenset(map(plain, words))
        if "  " in self.words:
            raise BadRequest(
                "words.empty",
                "A blocked word has neither letter nor number.",
                "Take it out of blocked_words.",
                field="blocked_words",
            )

    def check(self, request: GenerationRequest) -> None:
        """Of a resolved request. Raises BadRequest that names the field, and neither the word nor the list."""
        if self.words:
            self.refuse(said(request), request.words.emphasis)

    def check_texts(self, texts: Sequence[str], steps: int, field: str) -> None:
        """Prompts that are drawn as they stand. Raises as `check`."""
        if self.words:
            self.refuse((field, stage) for text in texts for stage in told(text, [Timeline(steps)]))

    def refuse(self, texts: Iterable[tuple[str, str]], emphasis: str = "Original") -> None:
        left = MOST_READ
        for field, text in texts:
            left -= len(text)
            if left < 0:
                raise BadRequest(
                    "words.many",
                    "The prompt changes so often from picture to picture and step to step that it cannot be read through.",
                    "Use fewer pictures, or a shorter prompt.",
                    field=field,
                )
            if any(map(self.within, heard(text, emphasis))):
                raise BadRequest(
                    "words.blocked",
                    "This prompt has a word that is not allowed here.",
                    "Say it otherwise.",
                    field=field,
                )

    def within(self, text: str) -> bool:
        line = plain(text)
        return any(word in line for word in self.words)


def said(request: GenerationRequest) -> Iterator[tuple[str, str]]:
    """(field, text): all that the text encoder is to read of what is wanted (engine/denoise/conditioning.py)."""
    steps = request.sampling.steps
    first = [Timeline(steps)]
    passes = [*first, Timeline(request.hires.steps(steps), before=steps)] if request.hires.on else first
    words = dict.fromkeys(request.picture(index).words.prompt for index in range(request.output.count))
    asked = [("prompt", text, passes) for text in words]
    if request.detailer.on and request.detailer.detailer_prompt:
        asked.append(("detailer_prompt", request.detailer.detailer_prompt, first))
    for field, text, timelines in asked:
        for stage in told(text, timelines):
            yield field, stage


def told(text: str, timelines: Sequence[Timeline]) -> Iterator[str]:
    """What a prompt says without extra networks, at any step, each text once."""
    known: set[str] = set()
    for part, _ in split(take_out(text)[0]):
        for timeline in timelines:
            for _, stage in stages(part, timeline):
                if stage not in known:
                    known.add(stage)
                    yield stage


def heard(text: str, emphasis: str) -> Iterator[str]:
    """Without the brackets of weights, which neither hide a word within them nor make one of two."""
    found = pieces(text, emphasis)
    yield "".join(" " if piece.breaks else piece.text for piece in found)
    if len(found) > 1:
        yield " ".join(piece.text for piece in found)


def plain(text: str) -> str:
    """Words in small letters without accents, one blank before, between and after them: " a red house "."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        text = "".join(map(seen, text))
    text = unicodedata.normalize("NFKC", text.casefold())
    return f" {' '.join(''.join(map(spelled, text)).split())} "


@lru_cache(4096)
def seen(sign: str) -> str:
    """Nothing for accents (Mn, Me) and for what has no width (Cf: joiners, soft hyphens, marks of direction)."""
    return "" if sign in UNSEEN or unicodedata.category(sign) in ("Mn", "Me", "Cf") else sign


@lru_cache(4096)
def spelled(sign: str) -> str:
    """A letter or number as it stands; a blank for whatever stands between words, the low line of tags as well."""
    if unicodedata.category(sign)[0] not in "LNM":
        return " "
    return f" {sign} " if any(low <= ord(sign) <= high for low, high in UNSPACED) else sign
