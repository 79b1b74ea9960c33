"""What pictures borrow for a call: the UNet and the text encoder as their LoRAs change them, and their embeddings."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import nn

from engine.errors import BadRequest, ModelDamaged
from engine.library.header import Stamp, stamp_of
from engine.library.load import LoadedModel
from engine.library.lora.deltas import Adapter
from engine.library.lora.layers import Network
from engine.library.lora.wear import Dress, tailor
from engine.library.scan import Library
from engine.library.shelf import Shelf
from engine.prompt import networks
from engine.prompt.vectors import Vectors, read_vectors
from engine.prompt.words import Words
from engine.request.generation import GenerationRequest

Set = tuple[tuple[str, float], ...]  # (hash, strength), sorted: the order in a prompt means nothing
MOST_FILES = 64  # of LoRAs that stay mapped


class Sets(NamedTuple):
    """A picture's LoRAs. Those of equal `unet` can share a call: what the texts say is each row's own."""

    unet: Set = ()
    text: Set = ()


def sets_of(request: GenerationRequest) -> Sets:
    """Of a resolved request for one picture; what has no strength is not among them."""
    digests = networks.hashes(request.spent.lora_hashes)
    unet: dict[str, float] = {}
    text: dict[str, float] = {}
    for wanted in networks.loras(request.words.prompt):
        digest = digests.get(networks.bare(wanted.name))
        if digest is None:
            raise ModelDamaged("lora.unsettled", f"The LoRA {wanted.name} has no hash.", "Draw it again.")
        unet[digest] = unet.get(digest, 0) + wanted.unet
        text[digest] = text.get(digest, 0) + wanted.text
    return Sets(*(tuple(sorted((k, v) for k, v in found.items() if v)) for found in (unet, text)))


class Wardrobe:
    """Changed weights are kept for the sets in use, as many bytes of them as the model has itself, and always one set."""

    def __init__(self, library: Library):
        self.library = library
        self.kept: WeakKeyDictionary[nn.Module, OrderedDict[Set, Dress]] = WeakKeyDictionary()
        self.adapters: OrderedDict[tuple[Path, Stamp], Adapter] = OrderedDict()

    def unet(self, model: LoadedModel, wanted: Set) -> AbstractContextManager[None]:
        """The UNet wears this set until the block ends; then it is as it was, to the bit."""
        if not wanted:
            return nullcontext()
        kept = self.kept.setdefault(model.unet, OrderedDict())
        if wanted not in kept:
            kept[wanted] = self.dress(model, "unet", wanted)
        kept.move_to_end(wanted)
        while len(kept) > 1 and sum(dress.nbytes for dress in kept.values()) > model.nbytes:
            kept.popitem(last=False)
        return kept[wanted].worn()

    @contextmanager
    def text(self, model: LoadedModel, wanted: Set) -> Iterator[None]:
        """The text encoder, which speaks once for a picture: nothing of it is kept."""
        if not wanted:
            yield
            return
        with self.dress(model, "text_encoder", wanted).worn():
            yield

    def vectors(self, request: GenerationRequest) -> Vectors | None:
        """Of the words that are embeddings."""
        digests = networks.hashes(request.spent.embedding_hashes)
        if not digests:
            return None
        tables = {word: read_vectors(self.file(self.library.embeddings, word, d)) for word, d in digests.items()}
        if len({table.shape[1] for table in tables.values()}) > 1:
            raise BadRequest(
                "embedding.widths", "The embeddings of the prompt are made for different models.", field="prompt"
            )
        return Vectors(Words({word: len(table) for word, table in tables.items()}), torch.cat(list(tables.values())))

    def clear(self) -> None:
        """Memory is short: what is in use is made again."""
        self.kept.clear()

    def dress(self, model: LoadedModel, network: Network, wanted: Set) -> Dress:
        names = {digest: self.adapter(digest) for digest, _ in wanted}
        module = model.unet if network == "unet" else model.text_encoder
        return tailor(module, network, [(names[digest], strength) for digest, strength in wanted], model.name)

    def adapter(self, digest: str) -> Adapter:
        path = self.file(self.library.loras, "", digest)
        key = path, stamp_of(path)
        if key not in self.adapters:
            self.adapters[key] = Adapter(path)
        self.adapters.move_to_end(key)
        while len(self.adapters) > MOST_FILES:
            self.adapters.popitem(last=False)
        return self.adapters[key]

    def file(self, shelf: Shelf, name: str, digest: str) -> Path:
        """Looked for again when it was added after the last scan."""
        found = shelf.meant(digest, name)
        if found is None:
            raise ModelDamaged(
                "addition.gone",
                f"A file that the prompt names is no longer here: {name} [{digest}].",
                "Put it back, or take it out of the prompt.",
                field="prompt",
                name=name,
                hash=digest,
            )
        return found.path
