"""The real built-in model in float32, and the library that lists it."""

from pathlib import Path

import pytest
import torch

from engine.library.load import LoadedModel, load
from engine.library.scan import Library

MODELS = Path(__file__).parents[3] / "models"


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    found = Library(MODELS, tmp_path_factory.mktemp("cache"))
    found.refresh()
    return found


@pytest.fixture(scope="session")
def postcard(library: Library) -> LoadedModel:
    file = library.find("postcard")
    return load(file, torch.device("cpu"), torch.float32, library.hash_of(file))
