"""The page as a whole: what must never be in it."""

import re
import subprocess
import sys
from typing import Any

import pytest

from engine.request.schema import PARAMETERS
from engine.settings import HOUSE
from engine.studio import Studio
from ui import page
from ui.form import draw
from ui.head import head
from ui.pieces.piece import FOLDER, piece


@pytest.fixture
def config(studio: Studio) -> Any:
    blocks, looks = page.build(studio, lambda request: "nobody")
    assert {"theme", "head", "i18n"} <= looks.keys()
    return blocks.get_config_file()


def test_the_page_is_made_without_torch():
    code = "import sys, ui.page; sys.exit(bool({'torch', 'diffusers', 'transformers'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=HOUSE, timeout=120).returncode == 0


def test_no_event_waits_in_a_queue_and_none_is_offered_as_an_endpoint(config: dict[str, Any]):
    assert all(not event["queue"] for event in config["dependencies"])
    assert all(event["api_visibility"] == "private" for event in config["dependencies"])


def test_nothing_holds_a_connection_open(config: dict[str, Any]):
    """A gr.State, an unload listener or a stream opens Gradio's heartbeat; a browser has six connections for all tabs."""
    assert not [c for c in config["components"] if c["type"] in ("state", "timer")]
    events = {target[1] for event in config["dependencies"] for target in event["targets"]}
    assert not events & {"unload", "stream", "tick"}


def test_every_control_is_interactive(config: dict[str, Any]):
    controls = [c for c in config["components"] if str(c["props"].get("elem_id", "")).startswith("field-")]
    assert {c["props"]["elem_id"][6:] for c in controls} == {
        name
        for name, known in PARAMETERS.items()
        if known.start is None and known.part != "spent" and name not in ("checkpoint_hash", "styles")
    } | {"batches"}
    assert all(c["props"]["interactive"] for c in controls)


def test_the_page_asks_no_other_server_for_anything():
    urls = re.findall(r"(?:https?:)?//[\w.]+\.\w+", head())
    assert {u for u in urls if "www.w3.org" not in u} == set()  # the names of XML spaces are not fetched


def test_texts_of_people_never_become_markup():
    for file in FOLDER.glob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", file.read_text("utf-8")), (
            file.name
        )


def test_templates_never_hold_a_value():
    assert piece("stage", {"text": "${alert(1)}"}).html_template == "<div></div>"


def test_a_parameter_that_is_not_in_the_table_cannot_be_drawn():
    with pytest.raises(KeyError):
        draw("magic")
