"""The files that a picture was made of, as they were given, to go on with."""

from contextlib import suppress
from pathlib import Path

from engine.errors import NotFound
from engine.gallery.lineage import given
from engine.gallery.rows import GalleryImage
from engine.gallery.store import Gallery
from engine.picture.inputs import cleared, input_bytes, missing
from engine.picture.mask import as_painted
from engine.picture.open import upright


def source(gallery: Gallery, inputs: Path, image: GalleryImage, digest: str, owner: str | None) -> bytes:
    """A mask as greys of its picture's size. Raises NotFound, naming what it was, when it is kept neither in the folder of what
    was given nor in the gallery. Who shares a picture does not share what it was made of. owner: who asks; None sees all."""
    roles = given(image)
    if digest not in roles or (owner is not None and image.owner != owner):
        raise missing("picture")
    data = kept(gallery, inputs, image, digest, owner)
    if roles[digest] != "mask":
        return data
    picture = next((known for known, role in roles.items() if role == "start"), digest)
    return as_painted(data, upright(kept(gallery, inputs, image, picture, owner)))


def kept(gallery: Gallery, inputs: Path, image: GalleryImage, digest: str, owner: str | None) -> bytes:
    with suppress(NotFound):
        return input_bytes(inputs, digest)
    for one in gallery.lineage(image, owner):
        if one.digest == digest and one.id:
            return gallery.file(one.id, owner).read_bytes()
    raise cleared(given(image)[digest])
