"""Styles, comments, wildcards and variants are spent: afterwards the words are those that are drawn, picture by picture."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engine.errors import BadRequest
from engine.prompt import braces, comments, variants
from engine.prompt.attention import parse
from engine.prompt.composition import split
from engine.prompt.lexicon import Lexicon
from engine.prompt.networks import take_out
from engine.prompt.styles import apply
from engine.request.generation import GenerationRequest
from engine.request.parts import LONGEST_PROMPT

FIELDS = {"prompt": ("template", "prompts"), "negative_prompt": ("negative_template", "negative_prompts")}


def spend(request: GenerationRequest, lexicon: Lexicon) -> GenerationRequest:
    """A template marks words that are spent already: they, and those that nothing changes, come back as they are.

    The seed must have been drawn. Raises BadRequest for what cannot be understood, at the field it stands in.
    """
    styles = [lexicon.styles.find(name) for name in request.words.styles]
    words: dict[str, Any] = {"styles": ()}
    spent: dict[str, Any] = {}
    for field, (template, own) in FIELDS.items():
        with concerning(field):
            typed = getattr(request.words, field)
            for style in styles:
                typed = short(apply(getattr(style, field), typed))
            words[field] = typed
            if not request.words.literal and not getattr(request.spent, template):
                texts = drawn(typed, request, lexicon, field)
                words[field] = texts[0]
                spent[own] = tuple(texts) if len(set(texts)) > 1 else ()
                spent[template] = tidy(typed) if texts[0] != tidy(typed) or spent[own] else ""
            words[field] = tidy(words[field])
            for text in {words[field], *spent.get(own, ())}:
                check(text, request.words.emphasis != "None", field)
    return request.with_(words=words, spent=spent)


def drawn(typed: str, request: GenerationRequest, lexicon: Lexicon, field: str) -> list[str]:
    """One text for each picture, drawn with its own seed; comments are no longer in it."""
    text = comments.strip(typed)
    if not braces.has_any(text):
        return [tidy(text)]
    seeds = [request.picture(index).sampling.seed for index in range(request.output.count)]
    return [short(tidy(variants.draw(text, seed, lexicon.wildcards, field))) for seed in seeds]


def check(text: str, weighs: bool, field: str) -> None:
    """What the worker would refuse is refused here, before anybody waits."""
    parts = [text]
    if field == "prompt":
        parts = [part for part, _ in split(take_out(text)[0])]
    for part in parts if weighs else ():
        parse(part)


def short(text: str) -> str:
    if len(text) > LONGEST_PROMPT:
        raise BadRequest(
            "prompt.grown",
            f"With its styles and wildcards the prompt is longer than {LONGEST_PROMPT} characters.",
            "Use fewer of them.",
            longest=LONGEST_PROMPT,
        )
    return text


def tidy(prompt: str) -> str:
    """One kind of line end, no blanks around lines: as the picture's text keeps it."""
    return "\n".join(line.strip() for line in prompt.replace("\r\n", "\n").replace("\r", "\n").split("\n")).strip()


@contextmanager
def concerning(field: str) -> Iterator[None]:
    """What goes wrong inside is said at this field."""
    try:
        yield
    except BadRequest as error:
        problem = error.problem
        if problem.field is None:
            error.problem = problem.model_copy(update={"field": field})
        raise
