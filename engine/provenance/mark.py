"""What is put on a file that was made here, once it is encoded."""

from dataclasses import dataclass
from pathlib import Path

from engine.metadata.sources import source_of
from engine.metadata.xmp import SourceType, known, source_in
from engine.picture.texts import texts_of
from engine.provenance.sign import MANIFEST, Signer
from engine.request.generation import GenerationRequest
from engine.request.starts import FromMask, FromPicture


@dataclass(frozen=True)
class Mark:
    """source: told in XMP by whoever encodes; signer: None where files are not signed; before: the file of the picture
    that was there before."""

    source: SourceType
    signer: Signer | None = None
    before: Path | None = None

    def on(self, file: bytes) -> bytes:
        """The file as it is kept. Raises CannotSign."""
        if self.signer is None:
            return file
        return self.signer.sign(file, self.source, content_of(self.before))


def mark_of(request: GenerationRequest, signer: Signer | None, pictures: Path) -> Mark:
    """pictures: the folder of what was given to the studio."""
    return Mark(source_of(request), signer, before(request, pictures))


def before(request: GenerationRequest, pictures: Path) -> Path | None:
    start = request.start
    return pictures / start.picture if isinstance(start, FromPicture | FromMask) and start.picture else None


def content_of(path: Path | None) -> bytes | None:
    """None also for a picture that was cleared away meanwhile."""
    try:
        return path.read_bytes() if path else None
    except OSError:
        return None


def late(file: bytes, request: GenerationRequest, before: Path | None, signer: Signer) -> bytes:
    """A kept file with a signature; one that has a signature already as it is. Raises CannotSign."""
    if MANIFEST in file:
        return file
    source = known(source_in(file, texts_of(file))) or source_of(request)
    return signer.sign(file, source, content_of(before))
