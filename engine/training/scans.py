"""Scans for the page: what the folders of a request hold, what would spoil a run, and mending that by machine."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.errors import AtelierError, BadRequest, InUse
from engine.library.scan import Library
from engine.prompt.counter import Counter
from engine.request.training import TrainingRequest, read
from engine.training.data.findings import Finding, apply_fix
from engine.training.data.gathered import Around, Stamp
from engine.training.data.items import Item
from engine.training.data.look import Look
from engine.training.data.scan import Report, finished, scan
from engine.training.datasets import Datasets, address

MOST_ITEMS = 200
MOST_FILES = 50  # of a finding that are named
MOST_SEEN = 200_000


class Scans:
    """Remembers files that were looked at, by size and time, so that the next scan looks at changed ones only."""

    def __init__(self, library: Library):
        self.library, self.counter = library, Counter()
        self.seen: dict[Stamp, Look] = {}

    def report(self, request: TrainingRequest, roots: tuple[Path, ...]) -> Report:
        if len(self.seen) > MOST_SEEN:
            self.seen = {}
        counts, longest = self.counting(request)
        around = Around(roots, counts=counts, longest=longest, batch=request.loop.batch, seen=self.seen)
        return finished(scan(request.data, request.captions, around))

    def counting(self, request: TrainingRequest) -> tuple[Callable[[str], int] | None, int]:
        """The model's own tokens, if there is such a model: its absence is said elsewhere."""
        try:
            base = request.base
            counting = self.counter.of(self.library.find(base.checkpoint_hash or base.checkpoint))
        except AtelierError:
            return None, Around(()).longest
        return lambda text: len(counting.ids_of(text)), counting.room

    def shown(self, values: Mapping[str, Any], datasets: Datasets) -> dict[str, Any]:
        """JSON-ready."""
        return told(self.report(read(values), datasets.roots), datasets)

    def fix(self, values: Mapping[str, Any], code: str, index: int, datasets: Datasets) -> dict[str, Any]:
        """index: of the finding in the list that was shown. The answer is the scan after it."""
        findings = self.report(read(values), datasets.roots).findings
        if not 0 <= index < len(findings) or findings[index].code != code:
            raise InUse("dataset.moved_on", "The folder has changed since it was scanned.", "Scan it again.")
        if findings[index].fix is None:
            raise BadRequest("dataset.fix", "Nothing can be done about this by machine.", findings[index].remedy)
        apply_fix(findings[index], datasets.edits)
        return self.shown(values, datasets)


def told(report: Report, datasets: Datasets) -> dict[str, Any]:
    buckets = [
        {
            "width": one.size[0],
            "height": one.size[1],
            "pictures": one.pictures,
            "uses": one.uses,
            "batches": one.batches,
        }
        for one in report.buckets
    ]
    return {
        "ready": report.ready,
        "totals": asdict(report.totals),
        "buckets": buckets,
        "findings": [finding(one) for one in report.findings],
        "items": [item(one, datasets) for one in report.items[:MOST_ITEMS]],
    }


def finding(found: Finding) -> dict[str, Any]:
    """Files by their names only: where the house keeps them is nobody's business."""
    named = [path.name for path in found.files[:MOST_FILES]]
    shown = found.model_dump(mode="json", include={"code", "severity", "message", "remedy", "fix", "values"})
    return {**shown, "files": named, "details": list(found.details[:MOST_FILES])}


def item(found: Item, datasets: Datasets) -> dict[str, Any]:
    root = datasets.root.resolve()
    url = None
    if found.path.is_relative_to(root) and len(found.path.relative_to(root).parts) > 1:
        dataset, *inside = found.path.relative_to(root).parts
        url = address(dataset, "/".join(inside), small=True)
    caption = found.captions[0] if found.captions else ""
    return {
        "id": found.id,
        "name": found.path.name,
        "caption": caption,
        "width": found.width,
        "height": found.height,
        "url": url,
    }
