"""From pictures and captions on the disk to batches of tensors: what batch number n of the run is, whoever asks."""

import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.errors import AtelierError
from engine.library.load import LoadedModel
from engine.prompt.encode import hidden
from engine.request.training import TrainingRequest
from engine.request.training_methods import VAE, ControlNet, TextualInversion
from engine.training.data import augment, captions, tags
from engine.training.data.augment import Arrays
from engine.training.data.buckets import Geometry, geometry
from engine.training.data.items import Item
from engine.training.data.keys import lots
from engine.training.data.sampler import Batch as Uses
from engine.training.data.sampler import Course
from engine.training.learners.learner import Batch
from engine.training.store import MOST, Store, digest, fingerprint

FLUSH = 30.0  # seconds of encoding that a crash may cost
MOST_CONTEXTS = 4096  # encoded captions kept at once
PIXELS = 2**30  # bytes of opened pictures kept at once, while the VAE is trained
LATENTS = 4 * 2**30  # bytes of latents kept at once; others are read from the store when their turn comes
PRIOR = "prior"


@dataclass(frozen=True)
class Use:
    """One item in one batch. epoch, turn: which time it comes, for captions; variation: of its augmentation."""

    item: Item
    geometry: Geometry
    variation: int
    epoch: int
    turn: int


class Feed:
    """reads: token ids are wanted, because the text encoder learns; so they are where there are more captions than are
    kept encoded. store: None encodes latents anew each time."""

    def __init__(
        self,
        model: LoadedModel,
        request: TrainingRequest,
        items: Sequence[Item],
        reads: bool,
        store: Store | None,
    ):
        self.model, self.request, self.store = model, request, store
        self.reads = reads or len({text for item in items for text in item.captions}) > MOST_CONTEXTS
        self.by_id = {item.id: item for item in items}
        self.geometries = {item.id: geometry(item.width, item.height, request.data) for item in items}
        self.variations = augment.variations(request.augment)
        self.vae = fingerprint(model.vae) if store else ""
        self.latents: OrderedDict[str, dict[str, Tensor]] = OrderedDict()
        self.held = 0  # bytes of them
        self.contexts: OrderedDict[str, Tensor] = OrderedDict()
        self.opened: OrderedDict[str, Arrays] = OrderedDict()
        self.course = Course(
            tuple(items),
            tuple(self.geometries[item.id].bucket for item in items),
            tuple(item.concept.repeats for item in items),
            request.loop.batch,
            request.loop.seed,
        )

    @property
    def batches_per_epoch(self) -> int:
        return self.course.steps_per_epoch

    @property
    def of_pixels(self) -> bool:
        return isinstance(self.request.method, VAE)

    def name_of(self, item: str) -> str:
        return self.by_id[item].path.name

    # -- before the first step

    def prepare(self) -> Iterator[tuple[int, int]]:
        """Encode what the store lacks; (done, of all). To stop, stop asking: what is done stays."""
        if self.store is None or self.of_pixels:
            return
        wanted = [
            Use(item, self.geometries[item.id], number, 0, 0)
            for item in self.by_id.values()
            for number in range(self.variations)
        ]
        keys = {self.key(use): use for use in wanted}
        self.store.keep_within(MOST, keys)
        missing = dict(keys)
        for key, entry in self.store.each(list(keys)):
            self.keep(key, entry)
            del missing[key]
        done, flushed = len(keys) - len(missing), time.monotonic()
        yield done, len(keys)
        try:
            for key, use in missing.items():  # one by one: what is together in a call changes the last bits
                self.store.put(key, self.keep(key, self.encode([use])[0]))
                if time.monotonic() > flushed + FLUSH:
                    self.store.flush()
                    flushed = time.monotonic()
                done += 1
                yield done, len(keys)
        finally:
            self.store.flush()

    def key(self, use: Use) -> str:
        placed = use.geometry
        masked = use.item.mask is not None and self.request.data.masks
        varied = augment.variation(use.item, use.variation, self.request.augment)
        return digest(self.vae, use.item.id, placed, varied, masked and mask_print(use.item))

    @torch.no_grad()
    def encode(self, uses: Sequence[Use]) -> list[dict[str, Tensor]]:
        """Mean and spread of the latents, in float32 whatever the precision; finite, or the picture is named."""
        arrays = [self.arrays(use) for use in uses]
        device, dtype = self.model.device, next(self.model.vae.parameters()).dtype
        pixels = torch.stack([of_pixels(a.picture) for a in arrays]).to(device, dtype)
        found = self.model.vae.encode(2 * pixels - 1).latent_dist  # pyright: ignore[reportAttributeAccessIssue]
        mean, std = found.mean.float().cpu(), found.std.float().cpu()
        entries: list[dict[str, Tensor]] = []
        for index, use in enumerate(uses):
            if not (torch.isfinite(mean[index]).all() and torch.isfinite(std[index]).all()):
                raise AtelierError(
                    "training.latents",
                    f"The VAE makes no finite latents of {use.item.path.name}.",
                    "Train in float32 or bfloat16, or take this picture out.",
                    field="precision",
                    name=use.item.path.name,
                )
            entry = {"mean": mean[index].clone(), "std": std[index].clone()}
            mask = arrays[index].mask
            if mask is not None and self.request.data.masks:
                shrunk = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(mask.copy())[None], mean.shape[-2:])
                entry["mask"] = shrunk
            entries.append(entry)
        return entries

    def arrays(self, use: Use) -> Arrays:
        try:
            return augment.arrays(
                use.item, use.geometry, augment.variation(use.item, use.variation, self.request.augment)
            )
        except (OSError, AtelierError) as error:
            raise AtelierError(
                "training.picture",
                f"{use.item.path.name} cannot be read any more.",
                "Put it back as it was, or start a new run without it.",
                name=use.item.path.name,
            ) from error

    # -- batches

    def batch(self, micro: int) -> Batch:
        epoch = micro // self.batches_per_epoch
        uses = self.course.batch_at(micro)
        return self.made(self.uses(uses, micro, epoch), micro)

    def uses(self, uses: Uses, micro: int, epoch: int) -> list[Use]:
        seed = self.request.loop.seed
        return [
            Use(
                item,
                self.geometries[item.id],
                lots("which variation", seed, epoch, item.id, turn).randrange(self.variations),
                epoch,
                turn,
            )
            for item, turn in zip(uses.items, uses.turns, strict=True)
        ]

    def probes(self, items: Sequence[Item]) -> list[Batch]:
        """Batches of the same pictures each time, without augmentation or dropout, for measuring."""
        uses = [Use(item, self.geometries_for(item), 0, 0, 0) for item in items]
        uses.sort(key=lambda use: (use.geometry.bucket, use.item.id))
        return [self.made(group, None) for group in batched_by_size(uses, self.request.loop.batch)]

    def geometries_for(self, item: Item) -> Geometry:
        self.by_id.setdefault(item.id, item)
        if item.id not in self.geometries:
            self.geometries[item.id] = geometry(item.width, item.height, self.request.data)
        return self.geometries[item.id]

    def made(self, uses: Sequence[Use], micro: int | None) -> Batch:
        """micro: None while measuring: then captions are whole and crops in the middle."""
        request = self.request
        counts = torch.tensor([use.item.concept.weight * self.prior_weight(use.item) for use in uses])
        prior = torch.tensor([request.data.prior_prediction and use.item.concept.kind == PRIOR for use in uses])
        items = tuple(use.item.id for use in uses)
        if isinstance(request.method, VAE):
            return Batch(items, counts, prior, pixels=self.crops(uses, request.method.crop, micro))
        entries = self.entries(uses)
        told = [self.told(use, micro is not None) for use in uses]
        control = None
        if isinstance(request.method, ControlNet):
            control = torch.stack([self.control(use, request.method) for use in uses])
        mask = None
        if any("mask" in entry for entry in entries):
            floor = request.data.unmasked_weight
            shape = (1, *entries[0]["mean"].shape[-2:])
            masks = [entry.get("mask", torch.ones(shape)) for entry in entries]
            mask = floor + (1 - floor) * torch.stack(masks)
        return Batch(
            items,
            counts,
            prior,
            mean=torch.stack([entry["mean"] for entry in entries]),
            std=torch.stack([entry["std"] for entry in entries]),
            tokens=self.tokens(told) if self.reads else None,
            context=None if self.reads else torch.stack([self.context(text) for text in told]),
            mask=mask,
            control=control,
        )

    def prior_weight(self, item: Item) -> float:
        return self.request.data.prior_weight if item.concept.kind == PRIOR else 1.0

    def entries(self, uses: Sequence[Use]) -> list[dict[str, Tensor]]:
        if self.store is None:
            return self.encode(uses)
        return [self.entry(use, self.store) for use in uses]

    def entry(self, use: Use, store: Store) -> dict[str, Tensor]:
        key = self.key(use)
        if key in self.latents:
            self.latents.move_to_end(key)
            return self.latents[key]
        found = store.get_many([key])
        return self.keep(key, found[key] if key in found else self.encode([use])[0])

    def keep(self, key: str, entry: dict[str, Tensor]) -> dict[str, Tensor]:
        self.latents[key] = entry
        self.held += nbytes(entry)
        while self.held > LATENTS and len(self.latents) > 1:
            self.held -= nbytes(self.latents.popitem(last=False)[1])
        return entry

    def told(self, use: Use, learning: bool) -> str:
        asked = self.request.captions
        if not learning:
            asked = asked.model_copy(update={"dropout": 0.0, "shuffle": False, "tag_dropout": 0.0})
        method, prior = self.request.method, use.item.concept.kind == PRIOR
        word = method.token if isinstance(method, TextualInversion) else ""
        if word:  # a caption without it would teach it nothing
            asked = asked.model_copy(update={"trigger": asked.trigger or word, "dropout": 0.0})
        if prior:  # what the model knows already must not be called by the new word
            asked = asked.model_copy(update={"trigger": ""})
        chance = lots("caption", self.request.loop.seed, use.epoch, use.item.id, use.turn)
        text = captions.told(use.item, asked, chance)
        if isinstance(method, TextualInversion):
            text = method.spelled(text if prior else tags.trigger(word)(text))
        return text

    def tokens(self, texts: list[str]) -> Tensor:
        tokenizer: Any = self.model.tokenizer
        found = tokenizer(
            texts,
            padding="max_length",
            max_length=tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        )
        return found.input_ids

    @torch.no_grad()
    def context(self, text: str) -> Tensor:
        if text in self.contexts:
            self.contexts.move_to_end(text)
            return self.contexts[text]
        ids = self.tokens([text]).to(self.model.device)
        found = hidden(self.model.text_encoder, ids, self.request.base.clip_skip)[0].float().cpu()
        self.contexts[text] = found
        if len(self.contexts) > MOST_CONTEXTS:
            self.contexts.popitem(last=False)
        return found

    def control(self, use: Use, method: ControlNet) -> Tensor:
        from engine.training.data.controls import condition

        found = self.arrays(use)
        return of_pixels(condition(method.condition, found, use.item))

    def crops(self, uses: Sequence[Use], side: int, micro: int | None) -> Tensor:
        made = []
        for place, use in enumerate(uses):
            picture = self.open(use).picture
            height, width = picture.shape[:2]
            across, down = max(0, width - side), max(0, height - side)
            if micro is None:  # the whole picture is measured
                made.append(of_pixels(picture))
                continue
            chance = lots("crop", self.request.loop.seed, micro, place, use.item.id)
            left, top = chance.randint(0, across), chance.randint(0, down)
            made.append(of_pixels(picture[top : top + side, left : left + side]))
        return torch.stack(made)

    def open(self, use: Use) -> Arrays:
        key = f"{use.item.id}/{use.variation}"
        if key in self.opened:
            self.opened.move_to_end(key)
            return self.opened[key]
        found = self.arrays(use)
        self.opened[key] = found
        while len(self.opened) * found.picture.nbytes > PIXELS:
            self.opened.popitem(last=False)
        return found


def batched_by_size(uses: Sequence[Use], most: int) -> Iterator[list[Use]]:
    """uses: sorted by bucket."""
    group: list[Use] = []
    for use in uses:
        if group and (len(group) == most or group[0].geometry.bucket != use.geometry.bucket):
            yield group
            group = []
        group.append(use)
    if group:
        yield group


def nbytes(entry: dict[str, Tensor]) -> int:
    return sum(tensor.nbytes for tensor in entry.values())


def of_pixels(picture: np.ndarray) -> Tensor:
    """(3, height, width) float32 in 0..1 of height x width x 3 bytes."""
    return torch.from_numpy(picture.astype(np.float32)).permute(2, 0, 1) / 255


@lru_cache(maxsize=100_000)
def print_of(path: Path, size: int, changed: int) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def mask_print(item: Item) -> str:
    if item.mask is None:
        return ""
    told = item.mask.stat()
    return print_of(item.mask, told.st_size, told.st_mtime_ns)
