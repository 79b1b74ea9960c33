"""Which files a settled request means by its upscaler or its restorer of faces."""

from engine.errors import ModelDamaged
from engine.library.addition import Addition
from engine.library.scan import Library


def upscaler_file(name: str, digest: str, library: Library) -> Addition:
    """Looked for again when it was added after the last scan. Raises ModelDamaged when it is no longer there."""
    found = library.upscalers.meant(digest, name)
    if found is None:
        raise ModelDamaged(
            "upscaler.gone",
            f"The upscaler {name} [{digest}] is no longer here.",
            "Put it back into models/upscalers, or choose another.",
            name=name,
            hash=digest,
        )
    return found


def restorer_file(name: str, digest: str, library: Library) -> Addition:
    """As upscaler_file."""
    found = library.restorers.meant(digest, name)
    if found is None:
        raise ModelDamaged(
            "restorer.gone",
            f"The face restorer {name} [{digest}] is no longer here.",
            "Put it back into models/restorers, or choose another.",
            name=name,
            hash=digest,
        )
    return found
