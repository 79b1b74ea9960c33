"""Captions that one file holds for many pictures: which picture each of its names means."""

import os
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Self

from engine.training.data.caption_files import read_captions, read_metadata


@dataclass
class Metadata:
    """by_path: names that lead to a picture from the file's own folder on, with or without its ending. by_name: of lists
    made on another machine, whose paths mean nothing here, the last parts. lonely: how many names mean no picture."""

    by_path: dict[str, tuple[str, ...]] = field(default_factory=dict)
    by_name: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lonely: dict[Path, int] = field(default_factory=dict)
    troubles: dict[Path, str] = field(default_factory=dict)
    orphans: list[Path] = field(default_factory=list)

    @classmethod
    def of(cls, files: Iterable[Path], pictures: Collection[Path]) -> Self:
        made = cls()
        paths = {str(path) for picture in pictures for path in (picture, picture.with_suffix(""))}
        # a name that two pictures have is not guessed at
        counts = Counter(name for picture in pictures for name in {picture.name, picture.stem})
        for file in files:
            table, trouble = read_metadata(file)
            table = {name.replace("\\", "/"): captions for name, captions in table.items() if captions}
            if trouble and (file.suffix.lower() == ".jsonl" or trouble == "large"):
                made.troubles[file] = trouble
            elif not table and read_captions(file).captions:
                made.orphans.append(file)
            for name, captions in table.items():
                path, last = os.path.normpath(file.parent / name), PurePosixPath(name).name
                if path in paths:
                    made.by_path[path] = captions
                elif counts[last] == 1:
                    made.by_name[last] = captions
                else:
                    made.lonely[file] = made.lonely.get(file, 0) + 1
        return made

    def captions(self, picture: Path) -> tuple[str, ...]:
        tables = ((self.by_path, str), (self.by_name, lambda path: path.name))
        for table, named in tables:
            for path in (picture, picture.with_suffix("")):
                if captions := table.get(named(path)):
                    return captions
        return ()
