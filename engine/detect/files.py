"""Which file a settled request means by its detector."""

from engine.errors import ModelDamaged
from engine.library.addition import Addition
from engine.library.scan import Library


def detector_file(name: str, digest: str, library: Library) -> Addition:
    """Looked for again when it was added after the last scan. Raises ModelDamaged when it is no longer there."""
    found = library.detectors.meant(digest, name)
    if found is None:
        raise ModelDamaged(
            "detector.gone",
            f"The detector {name} [{digest}] is no longer here.",
            "Put it back into models/detectors, or choose another.",
            field="detailer_model",
            name=name,
            hash=digest,
        )
    return found
