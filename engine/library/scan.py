"""The library: which models lie in the models folder, found by name or by hash. It imports no torch."""

import contextlib
import difflib
import re
import threading
from collections.abc import Iterator
from pathlib import Path

from engine.errors import AtelierError, BadRequest, ModelDamaged
from engine.library.card import card_file, read_card
from engine.library.folder import CLASSES as COMPONENTS
from engine.library.folder import used_files, weights_of
from engine.library.hash import HashCache, LegacyHashes
from engine.library.header import Stamp, stamp_of
from engine.library.identify import OTHER_FORMATS, identify
from engine.library.licence import licence_files, licence_of
from engine.library.model import ModelFile, as_error
from engine.library.shelf import Shelf, files_below

SUFFIXES = (".safetensors", *OTHER_FORMATS)
QUICK_TO_HASH = 256 * 2**20

Stamps = tuple[tuple[Path, Stamp], ...]


class Library:
    """Safe to share between threads. The first question scans; refresh() scans again, cheaply."""

    def __init__(self, models: Path, cache: Path):
        self.models, self.cache = models, cache
        self._folder = models / "checkpoints"
        self._hashes, self._digests = HashCache(cache), HashCache(cache, shown=64)
        whole = HashCache(cache, shown=12)
        self.loras = Shelf("lora", models / "loras", HashCache(cache, shown=12, tensors_only=True), whole)
        self.embeddings = Shelf("embedding", models / "embeddings", whole)
        self.controls = Shelf("control", models / "controlnet", HashCache(cache), LegacyHashes(cache))
        self.encoders = Shelf("encoder", models / "clip_vision", HashCache(cache))
        self.upscalers = Shelf("upscaler", models / "upscalers", HashCache(cache))
        self.restorers = Shelf("restorer", models / "restorers", HashCache(cache))
        self.detectors = Shelf("detector", models / "detectors", HashCache(cache))
        self.annotators = Shelf("annotator", models / "annotators", HashCache(cache))
        self._lock = threading.Lock()
        self._seen: dict[Path, tuple[Stamps, ModelFile]] = {}
        self._models: list[ModelFile] | None = None
        self._stop = threading.Event()
        self._changed = threading.Event()
        self._thread: threading.Thread | None = None

    def refresh(self) -> None:
        """Looks at every file's inode, size and time; opens only what is new or changed."""
        with self._lock:
            seen = {}
            for path, name in _named(list(files_below(self._folder, SUFFIXES, _a_model)), self._folder):
                stamps = _stamps(path)
                before = self._seen.get(path)
                if before and before[0] == stamps and before[1].name == name:
                    seen[path] = before
                else:
                    seen[path] = (stamps, _describe(path, name))
            self._seen = seen
            self._models = sorted((model for _, model in seen.values()), key=_order)
        self.loras.refresh()
        self.embeddings.refresh()
        self.controls.refresh()
        self.encoders.refresh()
        self.upscalers.refresh()
        self.restorers.refresh()
        self.annotators.refresh()
        self.detectors.refresh()
        self._changed.set()

    def checkpoints(self) -> list[ModelFile]:
        """Usable ones first, by name; then those with a problem, which says what to do."""
        if self._models is None:
            self.refresh()
        return list(self._models or ())

    def find(self, wanted: str) -> ModelFile:
        """By name (with or without suffix), "name [hash]" or hash; "" is the first usable one."""
        wanted = wanted.strip()
        model = self._look_up(wanted)
        if model is None or _stamps(model.path) != self._seen.get(model.path, ((), None))[0]:
            self.refresh()
            model = self._look_up(wanted)
        if model is None:
            raise self._unknown(wanted)
        if model.problem:
            raise as_error(model.problem)
        return model

    def hash_of(self, model: ModelFile) -> str:
        """The first ten hex digits of the SHA-256 of its weights."""
        return self._hashes.compute(_hashed(model))

    def digest_of(self, model: ModelFile) -> str | None:
        """All of it, where it was computed before."""
        with contextlib.suppress(ModelDamaged):
            return self._digests.known(_hashed(model))
        return None

    def start(self) -> None:
        """Hash in the background whatever is new, the smallest first."""
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._hash_all, name="hashing", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._changed.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
            self._thread = None

    def _look_up(self, wanted: str) -> ModelFile | None:
        models = self.checkpoints()
        if not wanted:
            return next((model for model in models if not model.problem), None)
        for same in (str, str.casefold):
            for model in models:
                if same(wanted) in (same(model.name), same(_with_suffix(model))):
                    return model
        if found := re.fullmatch(r"(?:(.*)\s)?\[?([0-9a-fA-F]{8,64})\]?", wanted, re.DOTALL):
            return self._with_hash(models, found[2].lower(), (found[1] or "").strip())
        return None

    def _with_hash(self, models: list[ModelFile], digest: str, name: str) -> ModelFile | None:
        """Known hashes first; then the model of that name and all small ones are read, large ones are not."""

        usable = [model for model in models if not model.problem]
        for model in usable:
            if _same(self._known(model), digest):
                return model
        named = (name, f"{name}.safetensors")
        for model in sorted(usable, key=lambda model: model.size):
            if model.size <= QUICK_TO_HASH or model.name in named:
                with contextlib.suppress(ModelDamaged):  # gone since the last scan
                    if _same(self.hash_of(model), digest):
                        return model
        return None

    def _known(self, model: ModelFile) -> str | None:
        try:
            return self._hashes.known(_hashed(model))
        except ModelDamaged:
            return None

    def _unknown(self, wanted: str) -> AtelierError:
        models = self.checkpoints()
        names = [model.name for model in models if not model.problem]
        if not names:
            return BadRequest(
                "checkpoint.none",
                "There is no usable checkpoint.",
                "Put a Stable Diffusion 1 or 2 checkpoint (.safetensors) into models/checkpoints.",
                field="checkpoint",
            )
        by_case = {name.casefold(): name for name in names}
        plain = re.sub(r"\s*\[[0-9a-fA-F]+\]$", "", wanted).casefold()
        close = [by_case[name] for name in difflib.get_close_matches(plain[:200], by_case, n=3, cutoff=0.5)]
        shown = wanted if len(wanted) <= 80 else wanted[:77] + "..."
        return BadRequest(
            "checkpoint.unknown",
            f"There is no checkpoint '{shown}'.",
            f"Did you mean {' or '.join(close)}?" if close else f"There are: {', '.join(names[:8])}.",
            field="checkpoint",
            name=shown,
        )

    def _hash_all(self) -> None:
        while not self._stop.is_set():
            self._changed.clear()
            for model in sorted(self.checkpoints(), key=lambda model: model.size):
                if self._stop.is_set():
                    return
                if not model.problem:
                    with contextlib.suppress(ModelDamaged):  # deleted or being written: the next refresh sees it
                        self._hashes.compute(_hashed(model), self._stop)
            for shelf in (
                self.embeddings,
                self.loras,
                self.controls,
                self.encoders,
                self.upscalers,
                self.restorers,
                self.detectors,
            ):
                for addition in sorted(shelf.all(), key=lambda addition: addition.size):
                    for hashes in shelf.hashes if not addition.problem else ():
                        if self._stop.is_set():
                            return
                        with contextlib.suppress(ModelDamaged):
                            hashes.compute([addition.path], self._stop)
            self._changed.wait()


def _a_model(folder: Path) -> bool:
    """In diffusers' layout."""
    return (folder / "model_index.json").is_file() or (folder / "unet").is_dir()


def _named(paths: list[Path], root: Path) -> Iterator[tuple[Path, str]]:
    """A folder or the best of the files called alike gets the plain name, the others keep their suffix."""
    taken: set[str] = set()
    for path in sorted(paths, key=lambda path: (not path.is_dir(), path.suffix != ".safetensors", str(path))):
        whole = path.relative_to(root).as_posix()
        name = whole if path.is_dir() else whole.removesuffix(path.suffix)
        name = _printable(whole if name in taken else name)
        taken.add(name)
        yield path, name


def _printable(name: str) -> str:
    """A file name need not be text; what is shown and stored must be."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def _describe(path: Path, name: str) -> ModelFile:
    found, card = identify(path), read_card(path)
    licence = licence_of(path, card.licence)
    try:
        files = [path] if path.is_file() else [weights_of(path, part) for part in COMPONENTS]
        size = sum(file.stat().st_size for file in files)
    except (OSError, AtelierError):
        size = 0
    return ModelFile(
        name=name,
        path=path,
        layout="folder" if path.is_dir() else "file",
        kind=found.kind,
        family=found.family,
        size=size,
        problem=found.problem,
        width=card.width or found.side,
        height=card.height or found.side,
        title=card.title,
        about=card.about,
        licence=licence.name,
        licence_link=licence.link,
        examples=card.examples,
        words=found.words,
        inpaints=found.inpaints,
        instructs=found.instructs,
    )


def _stamps(path: Path) -> Stamps:
    """Of every file that a description depends on; a file that is not there has none."""
    try:
        files = [*used_files(path), path / "model_index.json"] if path.is_dir() else [path, path.with_suffix(".yaml")]
    except AtelierError:
        files = sorted(path.rglob("*"))[:1000]
    stamps = []
    for file in (*files, card_file(path), *licence_files(path)):
        try:
            stamps.append((file, stamp_of(file)))
        except OSError:
            continue
    return tuple(stamps)


def _hashed(model: ModelFile) -> list[Path]:
    if model.layout == "file":
        return [model.path]
    return sorted(weights_of(model.path, part) for part in COMPONENTS)


def _same(known: str | None, digest: str) -> bool:
    """People write 8, 10 or all 64 digits."""
    return bool(known) and (str(known).startswith(digest) or digest.startswith(str(known)))


def _with_suffix(model: ModelFile) -> str:
    return model.name if model.layout == "folder" else model.name.removesuffix(model.path.suffix) + model.path.suffix


def _order(model: ModelFile) -> tuple[bool, str, str]:
    return model.problem is not None, model.name.casefold(), model.name
