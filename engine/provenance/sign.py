"""A file gets its signature: the last thing that is done to it, since it vouches for every byte."""

import io
import logging
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from engine.errors import CannotSign
from engine.metadata.xmp import SourceType
from engine.picture.open import FORMATS
from engine.provenance.apart import Failed, signed_apart
from engine.provenance.content import MIME, signed
from engine.provenance.keys import keys_of

log = logging.getLogger(__name__)
MANIFEST = b"c2pa"  # stands in every file that has one


@dataclass(frozen=True)
class Signer:
    """folder: of the studio's keys."""

    folder: Path

    def check(self) -> None:
        """Sign something small: whoever draws for an hour should know before that it will be signed. Raises CannotSign."""
        self.sign(SMALL, "trainedAlgorithmicMedia")

    def sign(self, file: bytes, source: SourceType, before: bytes | None = None) -> bytes:
        """file: PNG, JPEG or WebP, its texts inside; before: the picture that it was made from, where there was one.

        Raises CannotSign: a file is signed, or there is none."""
        try:
            keys, mime = keys_of(self.folder), MIME[kind_of(file)]
            if before is None:
                return signed(file, mime, source, keys, None)
            if MANIFEST in before and (kind := MIME.get(kind_of(before))):
                try:
                    return signed_apart(file, mime, source, keys, (before, kind))
                except Failed:
                    log.warning("the signature of a picture to start from could not be taken over")
            return signed(file, mime, source, keys, (SMALL, MIME["PNG"]))
        except Exception as error:  # the library has an error for everything, and keys may be anything
            log.exception("a picture could not be signed")
            raise CannotSign(
                "signing.failed",
                "The picture could not be signed.",
                "Look at the folder `keys` in the data folder: without it the studio makes new keys.",
            ) from error


def kind_of(file: bytes) -> str:
    """PNG, JPEG ...; "" for what is no picture."""
    with suppress(Exception):  # Pillow fails on hostile bytes in every way there is
        return Image.open(io.BytesIO(file), formats=FORMATS).format or ""
    return ""


def small() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    return file.getvalue()


# Stands for a picture without a manifest, of which nothing is told but that it was there: so what strangers wrote into
# it does not reach the signing library.
SMALL = small()
