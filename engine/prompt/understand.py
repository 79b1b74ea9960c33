"""How a prompt was understood, for people: pieces with weights, switches with their step, parts, networks, tokens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from engine.errors import AtelierError, BadRequest
from engine.prompt import composition, networks, schedule
from engine.prompt.attention import Piece
from engine.prompt.braces import has_any
from engine.prompt.chunks import chunks, pieces
from engine.prompt.lexicon import Lexicon
from engine.prompt.schedule import Nodes, Switch, Timeline, Turns
from engine.prompt.spend import FIELDS, spend
from engine.prompt.words import NONE, Words
from engine.request.generation import GenerationRequest

PLACE = "\ue000"  # stands for a switch while the attention around it is read
MOST_PIECES = 300  # shown; a longer prompt is cut
MOST_STAGES = 12  # counted
DEEPEST = 8


@dataclass(frozen=True)
class Counting:
    """A model's tokens. room: of one chunk; comma: the token of a comma by itself; words: those that stand for vectors."""

    ids_of: Callable[[str], list[int]]
    room: int
    comma: int | None
    words: Words = NONE


def anything(field: str, text: str) -> None:
    """Every name is good."""


def understand(
    request: GenerationRequest, lexicon: Lexicon, counting: Counting, check: Callable[[str, str], None] = anything
) -> dict[str, Any]:
    """JSON-ready, by field. Of variants and wildcards it shows one drawing: that of the seed, or of any.

    check: raises BadRequest for a field's text that names what is not here.
    """
    if request.sampling.seed < 0:
        request = request.with_(sampling={"seed": 0})
    return {field: told(field, request, lexicon, counting, check) for field in FIELDS}


def told(
    field: str, request: GenerationRequest, lexicon: Lexicon, counting: Counting, check: Callable[[str, str], None]
) -> dict[str, Any]:
    other = next(name for name in FIELDS if name != field)
    try:
        words = spend(request.with_(words={other: ""}, output={"count": 1}), lexicon).words
    except BadRequest as error:
        typed = getattr(request.words, field)
        return {**count([typed], "None", counting), "parts": [], "problem": error.problem.model_dump()}
    text: str = getattr(words, field)
    typed = getattr(request.words, field)
    found: Sequence[networks.Network] = ()
    spoken = [(text, 1.0)]
    if field == "prompt":
        text, found = networks.take_out(text)
        spoken = composition.split(text)
    embeddings = counting.words.within(" ".join(part for part, _ in spoken))
    timeline = Timeline(request.sampling.steps)
    texts = list(dict.fromkeys(said for part, _ in spoken for _, said in schedule.stages(part, timeline)))
    budget = [MOST_PIECES]
    try:
        check(field, getattr(words, field))
        return {
            **count(texts[:MOST_STAGES], words.emphasis, counting),
            "parts": [
                {"weight": weight, "pieces": shown(schedule.parse(part), timeline, words.emphasis, budget)}
                for part, weight in spoken
            ],
            "networks": [
                {"kind": network.kind, "values": list(network.values)}
                for network in found
                if network.kind.lower() not in networks.LORA
            ],
            "loras": [wanted._asdict() for wanted in (networks.loras(getattr(words, field)) if found else ())],
            "embeddings": [{"word": word, "vectors": len(counting.words.tokens[word])} for word in embeddings],
            "drawn": not request.words.literal and has_any(typed),
            "problem": None,
        }
    except AtelierError as error:  # a name, or a weight that only a switch puts together
        problem = error.problem.model_copy(update={"field": field})
        return {**count([typed], "None", counting), "parts": [], "problem": problem.model_dump()}


def count(texts: Sequence[str], emphasis: str, counting: Counting) -> dict[str, int]:
    """Of the longest text: tokens with what chunks leave free, chunks, and what they hold."""
    most = (0, 1)
    ids_of = cache(
        counting.words.atoms(counting.ids_of)
    )  # the same words return in piece after piece, and in each stage
    for text in texts:
        made = chunks(pieces(text, emphasis), ids_of, counting.room, counting.comma)
        most = max(most, (counting.room * (len(made) - 1) + len(made[-1].ids), len(made)))
    return {"tokens": most[0], "chunks": most[1], "room": counting.room}


def shown(
    nodes: Nodes, timeline: Timeline, emphasis: str, budget: list[int], weight: float = 1.0, depth: int = 0
) -> list[dict[str, Any]]:
    if depth >= DEEPEST:
        nodes = (schedule.at(nodes, 1, timeline),)
    constructs = iter([node for node in nodes if not isinstance(node, str)])
    text = "".join(node.replace(PLACE, "") if isinstance(node, str) else PLACE for node in nodes)
    made: list[dict[str, Any]] = []
    for piece in pieces(text, emphasis):
        for index, part in enumerate(piece.text.split(PLACE)):
            if index:
                made.append(construct(next(constructs), timeline, emphasis, budget, weight * piece.weight, depth))
            if part or piece.breaks:
                made.append(plain(part, piece, weight))
            budget[0] -= 1
            if budget[0] <= 0:
                return made
    return made


def plain(text: str, piece: Piece, weight: float) -> dict[str, Any]:
    return {"break": True} if piece.breaks else {"text": text, "weight": round(weight * piece.weight, 3)}


def construct(
    node: Switch | Turns, timeline: Timeline, emphasis: str, budget: list[int], weight: float, depth: int
) -> dict[str, Any]:
    def inner(nodes: Nodes) -> list[dict[str, Any]]:
        return shown(nodes, timeline, emphasis, budget, weight, depth + 1)

    if isinstance(node, Turns):
        return {"turns": [inner(option) for option in node.options[:MOST_STAGES]]}
    step = timeline.step(node.when)
    return {
        "before": inner(node.before),
        "after": inner(node.after),
        "step": max(0, step),
        "never": step >= timeline.steps,
    }
