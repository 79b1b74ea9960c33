"""Findings about the pictures taken together: are there enough, and do they fill batches."""

from collections.abc import Iterator

from engine.training.data.findings import Finding, finding
from engine.training.data.gathered import Gathered
from engine.training.data.sampler import uses_of


def about_sets(all: Gathered) -> Iterator[Finding]:
    parts, data = all.parts, all.data
    meant = [seen for seen in all.of_kind("train")]
    if not meant:
        remedy = "Choose a folder with PNG, JPEG or WebP files in it or in its folders; their names do not matter."
        yield finding("none", "error", "There is no picture to train with", remedy)
    elif not parts.train:
        yield finding("all_held", "error", "All pictures are held out", "Hold out less, or add pictures.")
    elif len(parts.train) == 1:
        remedy = "Add some: a model learns one picture by heart, and nothing else."
        yield finding("single", "warning", "There is one picture only", remedy, [parts.train[0].path])
    if meant and data.hold_out and len(parts.train) == len(meant):
        remedy = "Hold out more, add pictures, or choose a folder for validation."
        yield finding("none_held", "warning", "Of so few pictures none happens to be held out", remedy)
    if parts.prior and len(parts.prior) < len(parts.train):
        remedy = "Add some, at least as many as there are pictures to train with: else they are learned by heart."
        yield finding(
            "prior_small",
            "warning",
            f"There are {len(parts.prior)} prior pictures for {len(parts.train)} to train with",
            remedy,
            prior=len(parts.prior),
            train=len(parts.train),
        )
    yield from small_buckets(all)


def small_buckets(all: Gathered) -> Iterator[Finding]:
    batch = all.around.batch
    fits = {item.path: all.fit(item).bucket for item in all.parts.train}
    uses = uses_of([fits[item.path] for item in all.parts.train], [item.concept.repeats for item in all.parts.train])
    for bucket, count in sorted(uses.items()):
        if count < batch:
            width, height = bucket
            remedy = "Their batches are filled up with the same pictures. Use a smaller batch, or crop them to a commoner shape."
            files = [path for path, size in fits.items() if size == bucket]
            what = f"The bucket {width} × {height} has fewer pictures than a batch of {batch}"
            yield finding("bucket", "warning", what, remedy, files, width=width, height=height, batch=batch)
