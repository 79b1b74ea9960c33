"""What a scan knows before it judges."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from PIL import Image

from engine.picture.open import open_safe
from engine.request.training_parts import Captions, Concept, Data
from engine.training.data.buckets import Geometry, geometry
from engine.training.data.caption_files import Read
from engine.training.data.folder import Found, Listing
from engine.training.data.items import Item
from engine.training.data.look import Look
from engine.training.data.sampler import Parts, parts

Stamp = tuple[str, int, int]


@dataclass(frozen=True)
class Around:
    """What a scan is told about the house. roots: the folders that pictures may come from. opens: bytes to an upright
    picture. counts: the tokens of a text, of which `longest` are read. seen: keeps what was looked at for the next scan,
    which then looks at changed files only."""

    roots: tuple[Path, ...]
    opens: Callable[[bytes], Image.Image] = open_safe
    counts: Callable[[str], int] | None = None
    longest: int = 75
    batch: int = 1
    workers: int = 2
    seen: dict[Stamp, Look] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """read: the source that counts among its caption files, if there is one."""

    found: Found
    concept: Concept
    look: Look
    captions: tuple[str, ...]
    read: Read | None = None
    source: Path | None = None
    mask: Look | None = None
    control: Look | None = None

    @property
    def path(self) -> Path:
        return self.found.path

    @cached_property
    def item(self) -> Item:
        """Masks and controls that cannot be read are left out."""
        look, found = self.look, self.found
        mask = found.mask if self.mask and not self.mask.trouble else None
        control = found.control if self.control and not self.control.trouble else None
        repeats = min(1000, self.concept.repeats * found.repeats)
        concept = self.concept.model_copy(update={"repeats": repeats})
        return Item(look.id, found.path, look.width, look.height, self.captions, mask, control, concept)


@dataclass(frozen=True)
class Gathered:
    """pictures: all that were found, damaged ones too. lonely: names in metadata files that no picture has."""

    data: Data
    captions: Captions
    around: Around
    listings: tuple[tuple[Concept, Listing], ...]
    pictures: tuple[Seen, ...]
    metadata: dict[Path, str] = field(default_factory=dict)
    orphans: tuple[Path, ...] = ()
    lonely: dict[Path, int] = field(default_factory=dict)

    @cached_property
    def good(self) -> tuple[Seen, ...]:
        return tuple(seen for seen in self.pictures if not seen.look.trouble)

    @cached_property
    def items(self) -> tuple[Item, ...]:
        return tuple(seen.item for seen in self.good)

    @cached_property
    def parts(self) -> Parts:
        return parts(self.items, self.data.hold_out)

    def of_kind(self, *kinds: str) -> Iterator[Seen]:
        return (seen for seen in self.good if seen.concept.kind in kinds)

    def fit(self, item: Item) -> Geometry:
        return geometry(item.width, item.height, self.data)
