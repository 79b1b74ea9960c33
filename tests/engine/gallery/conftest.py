"""A gallery in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.gallery.store import Gallery


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    gallery = Gallery(tmp_path)
    yield gallery
    gallery.close()
