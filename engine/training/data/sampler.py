"""The order of an epoch, as a function of the seed and the epoch: a run goes on from any step knowing only its number."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from engine.training.data.buckets import Size
from engine.training.data.items import Item
from engine.training.data.keys import key, share

Use = tuple[Item, int]


@dataclass(frozen=True)
class Batch:
    """turns: which time in this epoch each item comes, from 0 on; (epoch, item, turn) names a use, and keys its noise."""

    bucket: Size
    items: tuple[Item, ...]
    turns: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Course:
    """buckets and repeats: those of each item, in the items' order, which itself does not count."""

    items: tuple[Item, ...]
    buckets: tuple[Size, ...]
    repeats: tuple[int, ...]
    batch: int
    seed: int

    @property
    def steps_per_epoch(self) -> int:
        return steps_per_epoch(self.buckets, self.repeats, self.batch)

    def batch_at(self, micro_step: int) -> Batch:
        """micro_step: batches since the run began."""
        epoch, number = place(micro_step, self.steps_per_epoch)
        return epoch_of(self, epoch)[number]


@lru_cache(maxsize=4)
def epoch_of(course: Course, epoch: int) -> tuple[Batch, ...]:
    return tuple(batches(course.items, course.buckets, course.repeats, course.batch, course.seed, epoch))


def place(micro_step: int, steps: int) -> tuple[int, int]:
    """The epoch and the batch in it."""
    return divmod(micro_step, steps)


def steps_per_epoch(buckets: Sequence[Size], repeats: Sequence[int], batch: int) -> int:
    return sum(-(-uses // batch) for uses in uses_of(buckets, repeats).values())


def uses_of(buckets: Sequence[Size], repeats: Sequence[int]) -> dict[Size, int]:
    """How many pictures an epoch takes from each bucket."""
    uses: dict[Size, int] = defaultdict(int)
    for bucket, times in zip(buckets, repeats, strict=True):
        uses[bucket] += times
    return dict(uses)


def batches(
    items: Sequence[Item], buckets: Sequence[Size], repeats: Sequence[int], batch: int, seed: int, epoch: int
) -> list[Batch]:
    """Each item comes as often as its repeats say; what is missing in a bucket's last batch is drawn from that bucket."""
    filled: dict[Size, list[Use]] = defaultdict(list)
    seen: dict[str, int] = defaultdict(int)
    ordered = sorted(zip(items, buckets, repeats, strict=True), key=lambda row: (row[0].id, str(row[0].path)))
    for item, bucket, times in ordered:
        filled[bucket] += [(item, seen[item.id] + turn) for turn in range(times)]
        seen[item.id] += times  # the same file twice has turns of its own
    made: list[tuple[int, Batch]] = []
    for bucket, uses in filled.items():
        uses.sort(key=lambda use: key("order", seed, epoch, use[0].id, use[1]))
        last = {item.id for item, _ in uses[len(uses) // batch * batch :]}
        spare = sorted(
            {(item.id, item.path): item for item, _ in uses}.values(),
            key=lambda item: (item.id in last, key("filling", seed, epoch, item.id), str(item.path)),
        )
        for number in range(-len(uses) % batch):
            item = spare[number % len(spare)]
            uses.append((item, seen[item.id]))
            seen[item.id] += 1
        for start in range(0, len(uses), batch):
            part = uses[start : start + batch]
            together = Batch(bucket, tuple(item for item, _ in part), tuple(turn for _, turn in part))
            made.append((key("batch", seed, epoch, *bucket, start), together))
    return [one for _, one in sorted(made, key=lambda row: row[0])]


def split(items: Sequence[Item], fraction: float) -> tuple[list[Item], list[Item]]:
    """Those to train on, those held out: each by its own id, so that adding pictures moves none of the others."""
    train: list[Item] = []
    held: list[Item] = []
    for item in items:
        (held if share("hold out", item.id) < fraction else train).append(item)
    return train, held


@dataclass(frozen=True)
class Parts:
    """What each picture is for; validation: those of such folders and those held out."""

    train: tuple[Item, ...]
    validation: tuple[Item, ...]
    prior: tuple[Item, ...]


def parts(items: Sequence[Item], hold_out: float) -> Parts:
    by_kind: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        by_kind[item.concept.kind].append(item)
    train, held = split(by_kind["train"], hold_out)
    return Parts(tuple(train), (*by_kind["validation"], *held), tuple(by_kind["prior"]))
