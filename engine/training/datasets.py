"""Folders of pictures as the page sees them: listed, looked at, captioned, scanned and mended."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from engine.errors import BadRequest, NotFound
from engine.picture.open import open_safe
from engine.training.data import tags
from engine.training.data.caption_files import caption_bytes, caption_file
from engine.training.data.edits import Edits, to_write
from engine.training.data.folder import PICTURES, Found, Listing, listing, within
from engine.training.data.metadata import Metadata
from engine.training.data.scan import captions_of
from engine.training.data.tags import Operation
from engine.training.data.upload import Received, receive_files, receive_zip, valid

PAGE = 100
SIDE = 256  # pixels of a thumbnail
MOST_SHOWN = 200
ALL = slice(None)
Captioned = tuple[Found, tuple[str, ...]]


@dataclass(frozen=True)
class Datasets:
    """root: its folders are the datasets. records: where changes are noted that can be taken back. roots: the folders
    that pictures may come from; writable: those of them that may be changed."""

    root: Path
    records: Path
    roots: tuple[Path, ...]
    writable: tuple[Path, ...]

    def all(self) -> list[dict[str, Any]]:
        """JSON-ready, by name; thumbnail: an address below the page's."""
        folders = sorted(path for path in self.root.glob("*") if path.is_dir() and not path.name.startswith("."))
        found = []
        for folder in folders:
            pictures = listing(folder, (folder,)).pictures
            first = address(folder.name, name_in(folder, pictures[0].path), small=True) if pictures else None
            found.append({"name": folder.name, "pictures": len(pictures), "thumbnail": first})
        return found

    def receive(self, name: str, files: Sequence[tuple[str, IO[bytes]]]) -> dict[str, Any]:
        """One zip becomes a new dataset; pictures and captions are added to a new one or to one that is there."""
        if len(files) == 1 and files[0][0].lower().endswith(".zip"):
            received = receive_zip(files[0][1], name, self.root)
        else:
            received = receive_files(((told, file.read()) for told, file in files), name, self.root)
        return self.told(received)

    def told(self, received: Received) -> dict[str, Any]:
        pictures = [name for name in received.taken if Path(name).suffix.lower() in PICTURES]
        left_out = [{"name": name, "why": why} for name, why in received.left_out]
        return {"name": received.folder.name, "pictures": len(pictures), "left_out": left_out}

    # -- one of them

    def folder(self, name: str) -> Path:
        """Raises NotFound."""
        try:
            folder = self.root / valid(name)
        except BadRequest:
            folder = self.root
        if folder == self.root or not folder.is_dir() or folder.is_symlink():
            raise NotFound("dataset.unknown", "There is no such dataset.", "Look for it in the list.", field="name")
        return folder

    def captioned(self, folder: Path, listed: Listing | None = None, part: slice = ALL) -> Iterator[Captioned]:
        """The pictures, or a part of them, with what the scan would take for their captions."""
        listed = listed or listing(folder, (folder,))
        metadata = Metadata.of(listed.metadata, [one.path for one in listed.pictures])
        for one in listed.pictures[part]:
            _, read = captions_of(one)
            told = read.captions if read else metadata.captions(one.path) or ((one.words,) if one.words else ())
            yield one, tuple(told)

    def pictures(self, name: str, offset: int) -> dict[str, Any]:
        folder = self.folder(name)
        listed = listing(folder, (folder,))
        shown = [
            {
                "name": name_in(folder, one.path),
                "caption": "\n".join(captions),
                "url": address(name, name_in(folder, one.path)),
                "thumbnail": address(name, name_in(folder, one.path), small=True),
            }
            for one, captions in self.captioned(folder, listed, slice(offset, offset + PAGE))
        ]
        total = len(listed.pictures)
        following = offset + PAGE if offset + PAGE < total else None
        return {"pictures": shown, "total": total, "next": following}

    def file(self, name: str, picture: str) -> Path:
        """Raises NotFound for what is no picture of this dataset, wherever its name leads."""
        folder = self.folder(name)
        try:
            path = (folder / picture).resolve()
            there = within(path, (folder,)) and path.suffix.lower() in PICTURES and path.is_file()
        except (OSError, ValueError):
            there, path = False, folder
        if not there:
            raise NotFound("dataset.picture", "There is no such picture.", "Look for it in the list.")
        return path

    def thumbnail(self, name: str, picture: str) -> bytes:
        made = open_safe(self.file(name, picture).read_bytes())
        made.thumbnail((SIDE, SIDE))
        kept = io.BytesIO()
        made.convert("RGB").save(kept, "WEBP", quality=80)
        return kept.getvalue()

    # -- captions

    def put_captions(self, name: str, captions: Mapping[str, str]) -> dict[str, Any]:
        """By picture; each line is a caption. Can be taken back."""
        lines = {self.file(name, picture): tuple(text.splitlines()) for picture, text in captions.items()}
        return {"changed": self.write(lines)}

    def write(self, captions: Mapping[Path, tuple[str, ...]]) -> int:
        edit = to_write({caption_file(path): caption_bytes(told) for path, told in captions.items()})
        if edit.writes:
            self.edits.carry_out(edit)
        return len(edit.writes)

    def tags(self, name: str) -> list[dict[str, Any]]:
        counted = tags.counted(captions for _, captions in self.captioned(self.folder(name)))
        return [{"tag": tag, "pictures": pictures} for tag, pictures in counted.most_common()]

    def retag(self, name: str, operation: Operation, *, apply: bool) -> dict[str, Any]:
        """What it would change, the first of them shown; `apply` does it."""
        folder = self.folder(name)
        changes = tags.preview({one.path: captions for one, captions in self.captioned(folder)}, operation)
        if apply:
            self.write({change.key: change.after for change in changes})
        shown = [
            {"name": name_in(folder, one.key), "before": "\n".join(one.before), "after": "\n".join(one.after)}
            for one in changes[:MOST_SHOWN]
        ]
        return {"changes": shown, "count": len(changes), "applied": apply}

    # -- taking back

    @property
    def edits(self) -> Edits:
        return Edits(self.writable, self.records)

    def undo(self) -> dict[str, Any]:
        """The last change; kept: files that somebody else has changed since. Raises NotFound when there is none."""
        records = sorted(self.records.glob("*.json"))
        if not records:
            raise NotFound("dataset.undo", "There is no change to take back.", "")
        kept = self.edits.take_back(records[-1])
        return {"kept": [path.name for path in kept], "left": len(records) - 1}


def name_in(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def address(dataset: str, picture: str, *, small: bool = False) -> str:
    return f"api/training/datasets/{quote(dataset)}/file/{quote(picture)}{'?small=1' if small else ''}"


def operation(values: Mapping[str, Any]) -> Operation:
    """operation: its name, with its words. Raises BadRequest that names the field."""
    kind = values.get("operation")
    if kind not in OPERATIONS:
        raise BadRequest(
            "dataset.operation",
            "There is no such operation on tags.",
            f"Choose one of: {', '.join(OPERATIONS)}.",
            field="operation",
        )
    make, names = OPERATIONS[kind]
    given = [values.get(name, "") for name in names]
    for name, value in zip(names, given, strict=True):
        if name == "keep" and value == "":
            given[names.index(name)] = 0
        elif name == "keep" and (type(value) is not int or value < 0):
            raise BadRequest("field.type", "Keep must be a whole number.", "Correct the value.", field=name)
        elif name != "keep" and not (isinstance(value, str) and (value.strip() or name == "new")):
            raise BadRequest("field.type", f"{name.capitalize()} must be a text.", "Write one.", field=name)
    return make(*given)


OPERATIONS: dict[Any, tuple[Any, tuple[str, ...]]] = {
    "add": (tags.add, ("tag",)),
    "remove": (tags.remove, ("tag",)),
    "replace": (tags.replace, ("tag", "new")),
    "arrange": (tags.arrange, ("keep",)),
    "dedupe": (tags.dedupe, ()),
    "prefix": (tags.prefix, ("text",)),
    "trigger": (tags.trigger, ("word",)),
}
