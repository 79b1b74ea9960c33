"""The real built-in model in float32, and the library that lists it."""

from pathlib import Path

import pytest
import torch

from engine.library.load import LoadedModel, load
from engine.library.load_control import LoadedControl
from engine.library.scan import Library
from tests.engine.denoise import controlling

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


@pytest.fixture(scope="session")
def control_models(tmp_path_factory: pytest.TempPathFactory, postcard: LoadedModel) -> Path:
    """A models folder with the built-in model and two ControlNets for it."""
    made = tmp_path_factory.mktemp("models")
    (made / "checkpoints").symlink_to(MODELS / "checkpoints")
    controlling.write_networks(postcard, made / "controlnet")
    return made


@pytest.fixture(scope="session")
def controls(control_models: Path) -> dict[str, LoadedControl]:
    """By the hash that the requests of controlling.py name them by: their place."""
    return controlling.loaded(Library(control_models, control_models / "cache"))


@pytest.fixture(scope="session")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of pictures that were given to the studio."""
    return tmp_path_factory.mktemp("given")
