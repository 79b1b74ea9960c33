"""Styles: named pieces of prompt, kept in AUTOMATIC1111's styles.csv, so that both programs read the same file."""

import csv
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.errors import BadRequest, NotFound

FIELDS = ("name", "prompt", "negative_prompt")
PLACE = "{prompt}"
LONGEST_NAME = 200
LONGEST_TEXT = 20_000
MOST = 5_000


@dataclass(frozen=True)
class Style:
    name: str
    prompt: str = ""
    negative_prompt: str = ""


def apply(style: str, prompt: str) -> str:
    """`{prompt}` in the style is where the prompt goes; without it the style follows after a comma."""
    if PLACE in style:
        return style.replace(PLACE, prompt)
    return ", ".join(part for part in (prompt.strip(), style.strip()) if part)


class Styles:
    """The file is read again when it has changed, so that it may be edited beside the studio."""

    def __init__(self, file: Path):
        self.file = file
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._styles: dict[str, Style] = {}

    def all(self) -> list[Style]:
        with self._lock:
            return list(self._read().values())

    def find(self, name: str) -> Style:
        with self._lock:
            found = self._read().get(name)
        if found is None:
            raise BadRequest(
                "style.unknown",
                f"There is no style '{shorten(name)}'.",
                "Choose another one, or take it away.",
                field="styles",
                name=shorten(name),
            )
        return found

    def put(self, style: Style, instead_of: str | None = None) -> None:
        """Add it or change the one of that name; instead_of: the name it had before."""
        name = style.name.strip()
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise BadRequest(
                "style.name", "A style needs a name of at most 200 characters, in one line.", "Give it one."
            )
        if max(len(style.prompt), len(style.negative_prompt)) > LONGEST_TEXT:
            raise BadRequest("style.long", "The style is longer than 20000 characters.", "Shorten it.")
        with self._lock:
            styles = self._read()
            if len(styles) >= MOST and name not in styles:
                raise BadRequest("style.most", "There are 5000 styles already.", "Delete some first.")
            new = Style(name, style.prompt, style.negative_prompt)
            replaced = instead_of if instead_of in styles else name
            kept = [old for old in styles.values() if old.name == replaced or old.name != name]
            rows = [new if old.name == replaced else old for old in kept]
            if replaced not in styles:
                rows.append(new)
            self._write(rows)

    def delete(self, name: str) -> None:
        with self._lock:
            styles = self._read()
            if name not in styles:
                raise NotFound("style.gone", f"There is no style '{shorten(name)}'.", name=shorten(name))
            self._write([style for style in styles.values() if style.name != name])

    def _read(self) -> dict[str, Style]:
        try:
            stat = self.file.stat()
        except OSError:
            self._stamp, self._styles = None, {}
            return self._styles
        stamp = (stat.st_mtime_ns, stat.st_size)
        if stamp != self._stamp:
            self._styles = read(self.file)
            self._stamp = stamp
        return self._styles

    def _write(self, styles: list[Style]) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        part = self.file.with_name(f"{self.file.name}.part")
        with part.open("w", encoding="utf-8-sig", newline="") as file:
            writer: csv.DictWriter[str] = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            writer.writerows(asdict(style) for style in styles)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.file)
        self._stamp = None


def read(file: Path) -> dict[str, Style]:
    """By name; the first of a name counts. Old files call the prompt "text"."""
    found: dict[str, Style] = {}
    try:
        with file.open(encoding="utf-8-sig", newline="") as rows:
            for row in csv.DictReader(rows, skipinitialspace=True):
                name = (row.get("name") or "").strip()
                if name:
                    prompt = row.get("prompt") or row.get("text") or ""
                    found.setdefault(name, Style(name, prompt, row.get("negative_prompt") or ""))
    except (OSError, ValueError, csv.Error):
        raise BadRequest(
            "style.file",
            "The file of styles, styles.csv, cannot be read.",
            "Mend it with a text editor, or move it away.",
            field="styles",
        ) from None
    return found


def shorten(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
