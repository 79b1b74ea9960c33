"""A picture begins with another one: chosen from a file, or sent from the stage."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitors
from tests.browser.hands import draw, generate, read, see_result, set_number, to_tab, write

pytestmark = pytest.mark.browser


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A red block on green under a blue sky, 640 x 360."""
    picture = Image.new("RGB", (640, 360), (120, 180, 240))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 240, 640, 360), fill=(80, 160, 60))
    pen.rectangle((200, 140, 330, 250), fill=(200, 40, 40))
    picture.save(tmp_path / "scene.png")
    return tmp_path / "scene.png"


def on_stage(page: Page) -> Image.Image:
    path = page.locator(".stage .cell img").first.get_attribute("src")
    return Image.open(io.BytesIO(page.request.get(f"{page.url}{path}").body())).convert("RGB")


def file_of(page: Page, image: str) -> Image.Image:
    return Image.open(io.BytesIO(page.request.get(f"{page.url}api/images/{image}/file").body())).convert("RGB")


def apart(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of levels."""
    return float(np.abs(np.asarray(one, float) - np.asarray(other.convert("RGB").resize(one.size), float)).mean())


def test_strength_says_how_much_of_the_starting_picture_stays(page: Page, scene: Path):
    to_tab(page, "img2img")
    page.locator("#begin-file").set_input_files(scene)
    expect(page.locator(".well .facts")).to_have_text("640 × 360")
    expect(page.locator("#field-width input")).to_have_value("168")  # its shape, as many pixels as the model knows
    expect(page.locator("#field-height input")).to_have_value("96")
    write(page, "prompt", "a red house in a green meadow by day")
    write(page, "seed", "7")
    found = []
    for strength in ("0.1", "1"):
        page.get_by_role("spinbutton", name="Strength").fill(strength)
        page.get_by_role("spinbutton", name="Strength").blur()
        generate(page)
        page.locator(".stage .line", has_text=re.compile("^Done")).wait_for()
        see_result(page)
        found.append(apart(on_stage(page), Image.open(scene)))
        page.wait_for_timeout(300)
        write(page, "seed", "8")
    assert found[0] < 20
    assert found[1] > 1.5 * found[0]


def test_a_picture_is_sent_from_the_stage_and_is_there_after_a_reload(page: Page, visitors: Visitors):
    draw(page, "a yellow boat on the sea")
    page.get_by_label("Send to …").first.click()
    page.locator("#send-menu button", has_text="Image to image").click()
    expect(page.locator(".well .facts")).to_have_text("128 × 128")
    page.reload()
    visitors.settle(page)
    expect(page.locator("#tab-img2img-button")).to_have_class(re.compile("selected"))
    expect(page.locator(".well .facts")).to_have_text("128 × 128")
    assert read(page, "prompt") == "a yellow boat on the sea"
    write(page, "prompt", "a yellow boat at night")
    generate(page)
    page.locator(".stage .caption .prompt", has_text="at night").wait_for()
    see_result(page)
    text = page.request.get(f"{page.url}api/images").json()["images"][0]["infotext"]
    assert "Init image hash: " in text
    to_tab(page, "txt2img")
    expect(page.locator(".well")).to_be_hidden()
    draw(page, "without a start")
    assert "Init image hash" not in page.request.get(f"{page.url}api/images").json()["images"][0]["infotext"]


def test_several_pictures_are_each_drawn_with_the_same_settings_and_stay_over_a_reload(
    page: Page, visitors: Visitors, tmp_path: Path
):
    files = []
    for name, colour in (("one", (200, 40, 40)), ("two", (40, 200, 40)), ("three", (40, 40, 200))):
        Image.new("RGB", (128, 128), colour).save(tmp_path / f"{name}.png")
        files.append(tmp_path / f"{name}.png")
    to_tab(page, "img2img")
    page.locator("#begin-file").set_input_files(files)
    expect(page.locator(".well .facts")).to_have_text("3 pictures, each drawn with these settings")
    page.wait_for_timeout(500)  # the browser writes it down
    page.reload()
    visitors.settle(page)
    expect(page.locator(".well .facts")).to_have_text("3 pictures, each drawn with these settings")
    page.get_by_role("spinbutton", name="Strength").fill("0.1")
    page.get_by_role("spinbutton", name="Strength").blur()
    set_number(page, "steps", 10)
    write(page, "prompt", "each by itself")
    generate(page)
    made: list[dict[str, Any]] = []
    for _ in range(600):
        made = page.request.get(f"{page.url}api/images").json()["images"][:3]
        if [one["prompt"] for one in made] == ["each by itself"] * 3:
            break
        page.wait_for_timeout(50)
    means = [np.asarray(file_of(page, one["id"]), float).mean((0, 1)) for one in reversed(made)]
    assert [int(mean.argmax()) for mean in means] == [0, 1, 2]  # in their order, each from its own
    page.get_by_role("button", name="Take it out").click()
    expect(page.locator(".well .facts")).to_contain_text("Drop a picture")


def test_without_a_picture_it_is_asked_for_in_words(page: Page, tmp_path: Path):
    set_number(page, "steps", 4)
    to_tab(page, "img2img")
    generate(page)
    expect(page.locator(".stage .card.problem")).to_contain_text("There is no picture to begin with.")
    (tmp_path / "notes.png").write_text("no picture")
    page.locator("#begin-file").set_input_files(tmp_path / "notes.png")
    expect(page.locator(".begin .wrong")).to_contain_text("cannot be read")


def test_the_workbench_goes_with_the_tabs_that_draw(page: Page):
    for name, seen in (("gallery", False), ("img2img", True), ("grid", False), ("txt2img", True)):
        to_tab(page, name)
        expect(page.locator("#workbench")).to_be_visible(visible=seen)
