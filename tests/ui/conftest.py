"""A real studio that has not been started: it takes jobs and remembers forms, and draws nothing."""

from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest

from engine.library.scan import Library
from engine.settings import HOUSE
from engine.studio import Studio
from engine.workers.messages import PainterSettings
from ui.actions import Actions
from ui.tabs.workbench import workbench

VISITOR = "ab" * 16


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    library = Library(HOUSE / "models", tmp_path / "cache")
    painter = PainterSettings("cpu", "auto", 4, 0)
    studio = Studio(tmp_path, library, painter, workers="inprocess", disk_reserve=0)
    library.refresh()
    yield studio
    studio.stop()


@pytest.fixture
def actions(studio: Studio) -> Actions:
    with gr.Blocks():
        form = workbench().form
    return Actions(studio, lambda request: VISITOR, form)
