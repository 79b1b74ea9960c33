"""A detector at hand, for previews: the last one stays loaded."""

from dataclasses import dataclass

import torch

from engine.detect.maps import detected
from engine.detect.networks import LoadedDetector, load_detector
from engine.library.annotators import files_of
from engine.library.scan import Library
from engine.picture.preprocessors.edges import Pixels


@dataclass
class Eye:
    """On the CPU: the graphics card belongs to those who draw."""

    library: Library
    loaded: LoadedDetector | None = None

    def __call__(self, name: str, picture: Pixels, a: float | None, b: float | None) -> Pixels:
        """As engine.picture.preprocessors.maps.Detect."""
        found = files_of(name, self.library.annotators)
        if not self.loaded or not self.loaded.fresh() or self.loaded.files.keys() != {file.path for file in found}:
            self.loaded = None  # before the next one takes its room
            self.loaded = load_detector(found, torch.device("cpu"), torch.float32)
        return detected(self.loaded, name, picture, a, b)
