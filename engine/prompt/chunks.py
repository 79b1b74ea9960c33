"""Tokens to chunks of the text encoder's length, with the weight of each: AUTOMATIC1111's rules, without torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from engine.errors import BadRequest
from engine.prompt.attention import Piece, parse
from engine.prompt.words import Atom

BACKTRACK = 20  # tokens; what follows a comma this near the end of a full chunk moves to the next one


@dataclass
class Chunk:
    """Without start, end and padding. weights: one for each token."""

    ids: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def tail(self, start: int) -> "Chunk":
        """Cut off and returned."""
        cut = Chunk(self.ids[start:], self.weights[start:])
        del self.ids[start:], self.weights[start:]
        return cut


def pieces(text: str, emphasis: str) -> list[Piece]:
    """ "None": brackets are text; "Ignore": they are read, and weigh nothing."""
    if emphasis == "None":
        return [Piece(text)]
    found = parse(text)
    return [Piece(p.text, 1.0, p.breaks) for p in found] if emphasis == "Ignore" else found


def chunks(parts: Sequence[Piece], ids_of: Callable[[str], list[Atom]], room: int, comma: int | None) -> list[Chunk]:
    """At least one. room: tokens that a chunk holds; comma: the token of a comma by itself, None where there is none.

    Raises BadRequest for an embedding that no chunk can hold.
    """
    done: list[Chunk] = []
    chunk, last_comma = Chunk(), -1
    for piece in parts:
        if piece.breaks:
            done.append(chunk)
            chunk, last_comma = Chunk(), -1
            continue
        for token in ids_of(piece.text):
            if isinstance(token, tuple):  # an embedding is not torn apart
                if len(token) > room:
                    raise too_long(len(token), room)
                if len(chunk.ids) + len(token) > room:
                    done.append(chunk)
                    chunk, last_comma = Chunk(), -1
                chunk.ids += token
                chunk.weights += [piece.weight] * len(token)
                continue
            full = len(chunk.ids) == room
            if token == comma:
                last_comma = len(chunk.ids)
            elif full and last_comma >= 0 and room - last_comma <= BACKTRACK:
                moved = chunk.tail(last_comma + 1)
                done.append(chunk)
                chunk, last_comma = moved, -1
                full = len(chunk.ids) == room
            if full:
                done.append(chunk)
                chunk, last_comma = Chunk(), -1
            chunk.ids.append(token)
            chunk.weights.append(piece.weight)
    if chunk.ids or not done:
        done.append(chunk)
    return done


def too_long(vectors: int, room: int) -> BadRequest:
    return BadRequest(
        "embedding.long",
        f"An embedding in the prompt has {vectors} vectors; this model reads {room} at a time.",
        "Use another embedding or another model.",
        vectors=vectors,
        room=room,
    )
