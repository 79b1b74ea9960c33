"""An instruct model and an IP-Adapter on the page: what they ask for comes with them. Their weights are random."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitors
from tests.browser.hands import generate, see_result, set_number, to_tab, write
from tests.browser.test_units import field, give, open_control, unit

pytestmark = pytest.mark.browser


@pytest.fixture
def sky(tmp_path: Path) -> Path:
    Image.new("RGB", (64, 64), (120, 180, 240)).save(tmp_path / "sky.png")
    return tmp_path / "sky.png"


def edits(page: Page) -> None:
    page.evaluate("() => atelier.fill({ checkpoint: 'tiny-edits' }, { quiet: true })")
    expect(page.locator("#piece-models .hint:not(.licence)")).to_contain_text("as it is told")


def last_text(page: Page) -> str:
    return page.request.get(f"{page.url}api/images").json()["images"][0]["infotext"]


def small(page: Page) -> None:
    for name, value in (("steps", 4), ("width", 64), ("height", 64)):
        set_number(page, name, value)


def test_the_slider_comes_with_the_model_and_what_it_says_is_drawn(guests: Visitors, sky: Path) -> None:
    """That the request arrives is what is shown, not that the picture is good."""
    page = guests.come()
    to_tab(page, "img2img")
    slider = page.get_by_role("spinbutton", name="Image guidance")
    expect(slider).to_have_count(0)
    edits(page)
    expect(slider).to_have_value("1.5")
    page.locator("#begin-file").set_input_files(sky)
    expect(page.locator(".well .facts")).to_have_text("64 × 64")
    slider.fill("2")
    slider.blur()
    write(page, "prompt", "make it night")
    small(page)
    generate(page)
    see_result(page)
    assert "Image CFG scale: 2" in last_text(page)
    to_tab(page, "txt2img")
    generate(page)
    expect(page.locator(".stage .problem", has_text="text to image gives it none")).to_be_visible()


def test_a_unit_with_an_ip_adapter_shows_picture_weight_start_and_end(guests: Visitors, sky: Path) -> None:
    page = guests.come()
    edits(page)
    to_tab(page, "img2img")
    page.locator("#begin-file").set_input_files(sky)
    open_control(page)
    field(page, "preprocessor").select_option("canny")
    field(page, "model").select_option("take-after")
    expect(field(page, "preprocessor")).to_have_count(0)
    expect(unit(page).locator(".made")).to_be_hidden()
    expect(unit(page).locator(".start-more")).to_have_count(0)
    give(page, 0, sky)
    expect(unit(page).locator(".ranged")).to_have_count(3)
    small(page)
    generate(page)
    see_result(page)
    assert "Model: take-after [" in last_text(page)
    assert "Image Encoder: " in last_text(page)
    field(page, "model").select_option("")
    expect(field(page, "preprocessor")).to_have_value("none")
