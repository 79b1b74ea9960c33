"""Control units on the page: filled in by clicks, previewed, drawn with, kept, and told of when they are wrong."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visitors
from tests.browser.hands import generate, see_result, set_number, to_tab, write

pytestmark = pytest.mark.browser


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    picture = Image.new("RGB", (320, 240), (120, 180, 240))
    ImageDraw.Draw(picture).rectangle((100, 80, 220, 200), fill=(200, 40, 40))
    picture.save(tmp_path / "scene.png")
    return tmp_path / "scene.png"


def units(page: Page) -> list[dict[str, Any]]:
    return page.evaluate("() => atelier.form.control")


def unit(page: Page, at: int = 0) -> Locator:
    return page.locator(f".unit[data-unit='{at}']")


def field(page: Page, name: str, at: int = 0) -> Locator:
    return page.locator(f"[id='field-control.{at}.{name}']")


def open_control(page: Page) -> None:
    page.locator("#group-control > button").click()
    unit(page).wait_for()


def give(page: Page, at: int, picture: Path) -> None:
    with page.expect_file_chooser() as chooser:
        unit(page, at).locator(".given .face").click()
    chooser.value.set_files(picture)
    expect(unit(page, at).locator(".given img")).to_have_attribute("src", re.compile("^blob:"))


def until(page: Page, true: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
    for _ in range(100):
        found = units(page) or []
        if true(found):
            return found
        page.wait_for_timeout(50)
    raise AssertionError(units(page))


def last_image(page: Page) -> dict[str, Any]:
    return page.request.get(f"{page.url}api/images").json()["images"][0]


def test_a_unit_is_filled_in_previewed_and_drawn_with(guests: Visitors, scene: Path):
    page = guests.come()
    open_control(page)
    expect(page.locator(".unit")).to_have_count(1)
    give(page, 0, scene)
    field(page, "model").select_option("postcard-scribble")
    field(page, "preprocessor").select_option("canny")
    expect(unit(page).locator(".thresholds .ranged")).to_have_count(2)  # canny has both
    unit(page).get_by_label("High threshold").last.fill("150")
    unit(page).get_by_label("High threshold").last.blur()
    unit(page).get_by_label("Control weight").last.fill("0.5")
    unit(page).get_by_label("Control weight").last.blur()
    unit(page).locator(".made .face").click()
    map_ = unit(page).locator(".made img")
    map_.wait_for()
    assert map_.evaluate("(img) => img.decode().then(() => [img.naturalWidth, img.naturalHeight])") == [128, 128]
    expect(page.locator("#group-control > button")).to_have_attribute("data-changed", "1 unit")
    write(page, "prompt", "a house that is followed")
    set_number(page, "steps", 3)
    generate(page)
    page.locator(".stage .caption .prompt", has_text="that is followed").wait_for()
    see_result(page)
    text = last_image(page)["infotext"]
    assert 'ControlNet 0: "Module: canny, Model: postcard-scribble' in text
    assert "Weight: 0.5" in text
    assert "Threshold B: 150" in text

    page.evaluate("(id) => atelier.details(id, [id])", last_image(page)["id"])
    more = page.locator("dialog.viewer details", has_text="Further settings")
    more.locator("summary").click()
    expect(more).to_contain_text("postcard-scribble")
    expect(more).to_contain_text("× 0.5")
    expect(more).not_to_contain_text("[object")


def test_three_units_are_there_after_a_reload_and_one_press_takes_all_back(guests: Visitors, scene: Path):
    page = guests.come()
    open_control(page)
    for at in range(3):
        if at:
            page.locator("#add-unit").click()
        give(page, at, scene)
        field(page, "model", at).select_option("postcard-scribble")
    unit(page, 1).locator("summary input").first.uncheck()
    field(page, "mode", 2).evaluate("(node) => { node.closest('details').open = true; }")
    field(page, "mode", 2).select_option("ControlNet is more important")
    until(page, lambda found: len(found) == 3 and found[2]["mode"].startswith("ControlNet"))
    page.wait_for_timeout(400)  # the form is on its way to the server
    page.reload()
    guests.settle(page)
    found = until(page, lambda found: len(found) == 3)
    assert [bool(one.get("off")) for one in found] == [False, True, False]
    assert found[2]["mode"] == "ControlNet is more important"
    open_control(page)
    expect(page.locator(".unit .given img")).to_have_count(3)
    expect(unit(page, 0).locator(".given img")).to_have_attribute("src", re.compile("^blob:"))
    unit(page, 1).get_by_label("Take this unit away").click()
    until(page, lambda found: len(found) == 2)
    page.locator("#reset-all").click()
    until(page, lambda found: not found)
    expect(page.locator(".unit")).to_have_count(1)
    expect(page.locator(".unit .given img")).to_have_count(0)


def test_what_does_not_fit_cannot_be_chosen_and_says_why(guests: Visitors):
    page = guests.come()
    open_control(page)
    option = field(page, "model").locator("option", has_text="large-canny")
    assert option.is_disabled()
    page.locator(".units-foot .damaged:not(#more-preprocessors) summary").click()
    expect(page.locator(".units-foot .damaged:not(#more-preprocessors) li", has_text="large-canny")).to_contain_text(
        "made for another kind of model than"
    )


def test_a_problem_leads_to_the_unit_and_the_field_it_is_about(guests: Visitors):
    page = guests.come()
    open_control(page)
    unit(page).locator("summary input").first.uncheck()
    page.locator("#add-unit").click()
    field(page, "model", 1).select_option("postcard-scribble")
    until(page, lambda found: len(found) == 2 and found[1]["model"] != "")
    page.locator("#group-control > button").click()
    set_number(page, "steps", 3)
    generate(page)
    card = page.locator(".stage .card.problem")
    expect(card).to_contain_text("Control unit 2 has no picture.")
    card.get_by_role("button", name="Control unit 2: Control picture").click()
    expect(field(page, "picture", 1)).to_be_focused()


def test_in_image_to_image_a_unit_may_follow_the_starting_picture(guests: Visitors, scene: Path):
    page = guests.come()
    to_tab(page, "img2img")
    page.locator("#begin-file").set_input_files(scene)
    expect(page.locator(".well .facts")).to_have_text("320 × 240")
    open_control(page)
    field(page, "model").select_option("postcard-scribble")
    unit(page).locator(".made .face").click()
    unit(page).locator(".made img").wait_for()
    write(page, "prompt", "it follows itself")
    set_number(page, "steps", 4)
    generate(page)
    page.locator(".stage .caption .prompt", has_text="follows itself").wait_for()
    see_result(page)
    values = last_image(page)["values"]
    assert values["control"][0]["picture"] == values["picture"]


def test_a_picture_is_sent_to_the_next_free_unit(guests: Visitors):
    page = guests.come(simple=True)
    write(page, "prompt", "to be followed")
    generate(page)
    see_result(page)
    page.get_by_label("Send to …").first.click()
    page.locator("#send-menu button", has_text="Control unit").click()
    found = until(page, lambda found: len(found) == 1)
    expect(unit(page, 0).locator(".given img")).to_be_visible()  # all settings and the group have been opened for it
    page.get_by_label("Send to …").first.click()
    page.locator("#send-menu button", has_text="Control unit").click()
    both = until(page, lambda found: len(found) == 2)
    assert both[0] == found[0]
    assert both[1]["picture"] == found[0]["picture"]
    assert re.fullmatch(r"[0-9a-f]{64}", both[1]["picture"])


def test_preprocessors_that_are_networks_are_offered_with_their_files_and_named_without(guests: Visitors, scene: Path):
    page = guests.come()
    open_control(page)
    give(page, 0, scene)
    offered = field(page, "preprocessor").locator("option")
    expect(offered.filter(has_text="Soft edges (TEED)")).to_have_count(1)
    expect(offered.filter(has_text="HED")).to_have_count(0)
    page.locator("#more-preprocessors summary").click()
    expect(page.locator("#more-preprocessors li", has_text="Soft edges (HED)").first).to_contain_text(
        "ControlNetHED.pth"
    )
    field(page, "preprocessor").select_option("softedge_teed")
    unit(page).locator(".made .face").click()
    unit(page).locator(".made img").wait_for(timeout=60_000)  # torch is loaded beside the server
    page.evaluate("() => atelier.fill({ control: [{ ...atelier.form.control[0], preprocessor: 'depth_midas' }] })")
    expect(offered.filter(has_text="Depth (MiDaS) – cannot be used")).to_have_count(1)
    unit(page).locator(".made .face").click()
    expect(unit(page).locator(".wrong")).to_contain_text("dpt_hybrid-midas-501f0c75.pt")
