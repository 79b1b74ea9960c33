"""Which file a settled request means by its upscaler."""

from engine.errors import ModelDamaged
from engine.library.addition import Addition
from engine.library.scan import Library


def upscaler_file(name: str, digest: str, library: Library) -> Addition:
    """Looked for again when it was added after the last scan. Raises ModelDamaged when it is no longer there."""
    found = library.upscalers.with_hash(digest, name)
    if found is None:
        library.upscalers.refresh()
        found = library.upscalers.with_hash(digest, name)
    if found is None:
        raise ModelDamaged(
            "upscaler.gone",
            f"The upscaler {name} [{digest}] is no longer here.",
            "Put it back into models/upscalers, or choose another.",
            name=name,
            hash=digest,
        )
    return found
