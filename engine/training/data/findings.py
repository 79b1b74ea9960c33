"""What a scan found: named, with its files, its remedy and, where a machine can do it, the fix."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from engine.errors import BadRequest
from engine.training.data.caption_files import LARGEST_METADATA, caption_bytes, caption_file, read_text
from engine.training.data.edits import Edit, Edits, left_out, to_write

Severity = Literal["error", "warning", "note"]  # only errors keep a run from starting
Fix = Literal["leave out", "write as UTF-8", "write captions"]
Code = Literal[
    "none", "all_held", "none_held", "single", "prior_small", "bucket",
    "missing", "outside", "full", "link", "odd", "closed", "format", "orphan", "lonely", "repeats", "case",
    "damaged", "turned", "alpha", "animated", "tiny", "enlarged", "aspect", "duplicate", "near", "twice", "leak",
    "mask_damaged", "mask_size", "masks_unused", "masks_none",
    "caption_none", "caption_empty", "caption_large", "caption_damaged", "caption_closed",
    "encoding", "long", "trigger", "same_tag",
]  # fmt: skip
SHOWN = 3


class Finding(BaseModel):
    """code: "dataset." and one of Code. details: a line for each file, where they differ. captions: for each file, what the fix `write captions` writes."""

    model_config = ConfigDict(frozen=True)

    code: str
    severity: Severity
    message: str
    remedy: str
    files: tuple[Path, ...] = ()
    details: tuple[str, ...] = ()
    fix: Fix | None = None
    captions: tuple[tuple[str, ...], ...] = ()
    values: dict[str, str | int | float] = {}


def with_captions(finding: Finding, captions: Mapping[Path, tuple[str, ...]]) -> Finding:
    """The same, with a fix that writes these."""
    changes = {"files": tuple(captions), "captions": tuple(captions.values()), "fix": "write captions"}
    return finding.model_copy(update=changes) if captions else finding


def names(files: Sequence[Path], rest: str = "and {} more") -> str:
    """a.png, b.png, c.png and 9 more"""
    shown = ", ".join(file.name for file in files[:SHOWN])
    return f"{shown} {rest.format(len(files) - SHOWN)}" if len(files) > SHOWN else shown


def finding(
    code: Code,
    severity: Severity,
    what: str,
    remedy: str,
    files: Mapping[Path, str] | Sequence[Path] = (),
    fix: Fix | None = None,
    **values: str | int | float,
) -> Finding:
    """what: said before the names of the files. files: with their details, where they differ."""
    paths = tuple(files)
    return Finding(
        code=f"dataset.{code}",
        severity=severity,
        message=f"{what}: {names(paths)}." if paths else f"{what}.",
        remedy=remedy,
        files=paths,
        details=tuple(files.values()) if isinstance(files, Mapping) else (),
        fix=fix,
        values={"names": names(paths, "… +{}"), "count": len(paths), **values},
    )


def plan(finding: Finding) -> Edit:
    """What the fix would write and move: to be shown before it is done."""
    if finding.fix == "leave out":
        return left_out(finding.files)
    if finding.fix == "write as UTF-8":
        return to_write({file: read_text(file, LARGEST_METADATA)[0].encode() for file in finding.files})
    if finding.fix == "write captions":
        told = zip(finding.files, finding.captions, strict=True)
        return to_write({caption_file(file): caption_bytes(captions) for file, captions in told})
    raise BadRequest("dataset.fix", "Nothing can be done about this by machine.", finding.remedy)


def apply_fix(finding: Finding, edits: Edits) -> Path:
    """Do it; returns the record that `edits.take_back` undoes it by."""
    return edits.carry_out(plan(finding))
