"""A sketch whose lines a ControlNet follows, and a look at the picture after each stroke."""

import io
import math
import re
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from recipes.postcard.follow import agreement
from tests.browser.conftest import Program, Visitors, models_of_its_own
from tests.browser.easel import Easel
from tests.browser.hands import generate, idle, see_result, set_number, to_tab, write

pytestmark = pytest.mark.browser

HOUSE = [(0.3, 0.5), (0.65, 0.5), (0.65, 0.8), (0.3, 0.8), (0.3, 0.5)]
ROOF = [(0.25, 0.5), (0.47, 0.3), (0.7, 0.5), (0.25, 0.5)]
SUN = [(0.8 + 0.08 * math.cos(at / 6 * math.pi), 0.18 + 0.08 * math.sin(at / 6 * math.pi)) for at in range(13)]


def stroke(easel: Easel, points: Sequence[tuple[float, float]]) -> None:
    """points: parts of the sheet, which lies in the middle of the stage."""
    box = easel.stage.bounding_box()
    side = min(box["width"], box["height"]) * 0.9
    left, top = box["x"] + (box["width"] - side) / 2, box["y"] + (box["height"] - side) / 2
    easel.drag(*[(left + side * x, top + side * y) for x, y in points], steps=6)


def sketch(page: Page) -> Easel:
    easel = Easel(page, "sketch").enter()
    easel.size(14)
    stroke(easel, HOUSE)
    stroke(easel, ROOF)
    return easel


def images(page: Page) -> list[dict[str, Any]]:
    return page.request.get(f"{page.url}api/images").json()["images"]


def last(page: Page) -> dict[str, Any]:
    return images(page)[0]["values"]


def live_jobs(page: Page) -> list[dict[str, Any]]:
    """Those that the studio tells of; at most one is at work."""
    return [job for job in page.request.get(f"{page.url}api/now").json()["jobs"] if job["live"]]


def looked(page: Page, before: set[str]) -> dict[str, Any]:
    """A look that is done and was not there before."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for job in live_jobs(page):
            if job["id"] not in before and job["state"] == "done":
                return job
        page.wait_for_timeout(50)
    raise AssertionError(live_jobs(page))


def draw_it(page: Page, prompt: str) -> dict[str, Any]:
    write(page, "prompt", prompt)
    set_number(page, "steps", 4)
    generate(page)
    page.locator(".stage .caption .prompt", has_text=prompt).wait_for()
    see_result(page)
    return last(page)


def seen(page: Page, prompt: str) -> Image.Image:
    """What is drawn of it, as a file."""
    write(page, "prompt", prompt)
    before = len(images(page))
    generate(page)
    for _ in range(600):
        if len(images(page)) > before:
            break
        page.wait_for_timeout(50)
    file = page.request.get(f"{page.url}api/images/{images(page)[0]['id']}/file").body()
    return Image.open(io.BytesIO(file)).convert("RGB")


def test_lines_are_followed_by_the_controlnet_for_scribbles_and_colours_may_be_the_start(guests: Visitors):
    page = guests.come()
    easel = sketch(page)
    expect(page.locator("#sketch-way [aria-pressed=true]")).to_have_text("Lines")
    values = draw_it(page, "followed by its lines")
    (unit,) = values["control"]
    assert (values["start"], unit["model"], unit["preprocessor"]) == ("noise", "postcard-scribble", "invert")
    page.locator("#sketch-way [data-way=both]").click()
    expect(page.locator("#start-strength")).to_be_visible()
    values = draw_it(page, "lines and colours alike")
    assert values["start"] == "picture"
    assert values["control"][0]["picture"] == values["picture"]
    page.locator("#sketch-way [data-way=colours]").click()
    values = draw_it(page, "colours alone")
    assert values["start"] == "picture"
    assert "control" not in values
    page.locator("#sketch-way [data-way=lines]").click()
    page.locator("#piece-canvas-sketch input.swatch").fill("#d03020")
    easel.tool("Rectangle")
    stroke(easel, [(0.35, 0.55), (0.6, 0.75)])
    assert draw_it(page, "filled with colour")["control"][0]["preprocessor"] == "scribble"


def test_a_unit_of_the_form_without_a_picture_reads_the_sketch_too(guests: Visitors):
    page = guests.come()
    sketch(page)
    page.locator("#group-control > button").click()
    page.locator("[id='field-control.0.model']").select_option("postcard-scribble")
    values = draw_it(page, "read twice")
    assert len(values["control"]) == 2
    assert values["control"][0]["picture"] == values["control"][1]["picture"]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A studio without a ControlNet."""
    folder = tmp_path_factory.mktemp("bare")
    studio = Program(folder, "--models", str(models_of_its_own(folder)))
    try:
        studio.start()
        yield studio
    finally:
        studio.stop()


def test_without_such_a_controlnet_the_tab_says_what_is_missing_and_draws(chromium: Browser, bare: Program):
    visitors = Visitors(chromium, bare.url)
    page = visitors.come()
    sketch(page)
    expect(page.locator(".sketch .hint")).to_contain_text("none is in models/controlnet")
    expect(page.locator("#sketch-way [data-way=lines]")).to_be_disabled()
    values = draw_it(page, "from the drawing")
    assert values["start"] == "picture"
    assert "control" not in values
    visitors.contexts[0].close()
    assert visitors.complaints == []


def test_a_picture_follows_the_sketch_of_a_house_and_a_sun(page: Page):
    """Beside the picture of the same prompt and seed that follows nothing."""
    prompt = "a red house in a green meadow by day, sun"
    write(page, "seed", "11")
    set_number(page, "steps", 12)
    easel = Easel(page, "sketch").enter()
    easel.size(12)
    for lines in (HOUSE, ROOF, SUN):
        stroke(easel, lines)
    lines = Image.fromarray(255 - easel.sketch()).resize((128, 128), Image.Resampling.BOX)
    followed = seen(page, prompt)
    to_tab(page, "txt2img")
    free = seen(page, prompt)
    assert agreement(lines, followed) > 0.6
    assert agreement(lines, followed) > agreement(lines, free) + 0.2


def test_live_looks_anew_after_each_stroke_never_piles_up_and_keeps_nothing(guests: Visitors):
    page = guests.come()
    write(page, "prompt", "a house as it is drawn")
    easel = sketch(page)
    before = len(images(page))
    page.locator("#live").click()
    seen = {looked(page, set())["id"]}
    expect(page.locator(".stage .cell img").first).to_have_attribute("src", re.compile("^data:image/"))
    for at in range(5):
        stroke(easel, [(0.75, 0.1 + 0.04 * at), (0.9, 0.12 + 0.04 * at)])
        assert sum(job["state"] in ("queued", "running") for job in live_jobs(page)) <= 1
    look, rest = looked(page, seen), live_jobs(page)
    for _ in range(200):  # the last stroke's look may begin while the one before is told
        idle(page)
        rest = live_jobs(page)
        if [job["state"] for job in rest] == ["done"]:
            break
        page.wait_for_timeout(50)
    assert [job["state"] for job in rest] == ["done"]
    assert rest[0]["pictures"][0]["of"] == 8
    assert look["pictures"][0]["image"] is None
    assert len(images(page)) == before
    expect(page.locator(".stage .line")).to_contain_text("It is not kept.")


def test_finish_draws_in_full_what_was_looked_at_with_its_seed(guests: Visitors):
    page = guests.come()
    write(page, "prompt", "a house to be finished")
    set_number(page, "steps", 12)
    sketch(page)
    page.locator("#live").click()
    first = looked(page, set())
    page.locator("#live-another").click()
    looked(page, {first["id"]})
    seed = page.evaluate("() => atelier.live.seed")
    page.locator("#live-finish").click()
    see_result(page)
    values = last(page)
    assert (values["prompt"], values["seed"], values["steps"]) == ("a house to be finished", seed, 12)
    assert page.locator("#field-seed textarea, #field-seed input").first.input_value() == "-1"
    to_tab(page, "txt2img")
    page.wait_for_function("() => atelier.live.seed === null", timeout=5000)


def test_switched_off_it_leaves_nothing_at_work(guests: Visitors):
    page = guests.come()
    easel = sketch(page)
    page.locator("#live").click()
    stroke(easel, [(0.1, 0.9), (0.3, 0.9)])
    page.locator("#live").click()
    idle(page)
    stroke(easel, [(0.1, 0.95), (0.3, 0.95)])
    page.wait_for_timeout(1000)
    assert not any(job["state"] in ("queued", "running") for job in live_jobs(page))
    expect(page.locator("#live")).to_have_attribute("aria-checked", "false")
