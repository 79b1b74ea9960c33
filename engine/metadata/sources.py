"""Which source type a picture has: whether a model drew all of it, or drew into a picture that was there before."""

from collections.abc import Iterable

from engine.metadata.xmp import BY_A_MODEL, SourceType, known, source_in
from engine.picture.texts import texts_of
from engine.request.generation import GenerationRequest
from engine.request.restoring import Step, by_network
from engine.request.starts import FromNoise


def source_of(request: GenerationRequest) -> SourceType:
    """What decides is whether pixels of another picture go into this one. A control picture's do not: it guides, as
    words do. The picture that was there before counts as one even where a model had drawn it."""
    return "trainedAlgorithmicMedia" if isinstance(request.start, FromNoise) else "compositeWithTrainedAlgorithmicMedia"


def source_restored(before: bytes, drawn: bool, steps: Iterable[Step]) -> SourceType:
    """A picture that says it is a model's stays one. Otherwise a network that adds detail makes a composite of it, and
    so does a text that tells how it was drawn; arithmetic alone (sharpening, grain, contrast) only enhances it."""
    told = known(source_in(before, texts_of(before)))
    if told and told in BY_A_MODEL:
        return told
    return "compositeWithTrainedAlgorithmicMedia" if drawn or any(map(by_network, steps)) else "algorithmicallyEnhanced"
