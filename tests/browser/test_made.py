"""A person watches how a picture was made, and draws one again whose steps were not kept."""

from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.hands import idle, see_result

pytestmark = pytest.mark.browser
PIXELS = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let sum = 0;
  for (let at = 0; at < data.length; at += 4) sum = (sum * 31 + data[at] * 7 + data[at + 1] * 3 + data[at + 2]) % 1000003;
  return sum;
}"""


def test_a_picture_is_drawn_again_and_its_steps_are_watched(page: Page):
    asked: dict[str, object] = {"prompt": "a red house to be watched", "steps": 6, "seed": 7}
    assert page.request.post(page.url + "api/jobs", data=asked).ok
    page.evaluate("atelier.look()")
    page.locator(".stage .caption .prompt", has_text="a red house to be watched").wait_for()
    see_result(page)
    page.locator(".stage .cell").first.click()
    page.locator("dialog.viewer").get_by_role("button", name="How it was made").click()
    film = page.locator("dialog.made")
    expect(film).to_contain_text("The steps of this picture were not kept.")
    film.get_by_role("button", name="Draw it again and watch").click()

    position, at = film.get_by_role("slider", name="Step"), film.locator("output.at")
    expect(position).to_have_attribute("max", "6")
    expect(at).to_have_text("Finished picture", timeout=20_000)  # it plays by itself, to the end
    expect(film.get_by_role("button", name="Play")).to_be_visible()
    finished = film.locator("canvas").evaluate(PIXELS)

    page.keyboard.press("Home")
    expect(at).to_have_text("Step 1 of 6")
    guess = film.locator("canvas").evaluate(PIXELS)
    film.get_by_role("radio", name="Noisy").click()
    noisy = film.locator("canvas").evaluate(PIXELS)
    assert len({finished, guess, noisy}) == 3
    page.keyboard.press("ArrowRight")
    expect(at).to_have_text("Step 2 of 6")
    assert film.locator("canvas").evaluate(PIXELS) != noisy

    cursor = film.locator("[data-curve=sigma] .cursor")
    assert cursor.evaluate("(node) => node.style.left") == "20%"
    first = film.locator("[data-curve=sigma] output").text_content()
    box = film.locator("[data-curve=change] .plot").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] - 1, box["y"] + 20)
    expect(at).to_have_text("Step 6 of 6")
    assert float(film.locator("[data-curve=sigma] output").text_content() or 0) < float(first or 0)

    page.keyboard.press("Escape")
    expect(film).not_to_be_visible()
    expect(page.locator("dialog.viewer")).to_be_visible()
    idle(page)
    newest = page.request.get(page.url + "api/images?limit=2").json()["images"]
    assert [image["trace"] for image in newest] == [True, False]
    assert newest[0]["seed"] == newest[1]["seed"]
    files = [page.request.get(page.url + f"api/images/{image['id']}/file").body() for image in newest]
    assert pixels(files[0]) == pixels(files[1]), "the same picture again"


def watched(page: Page, **asked: object) -> Locator:
    """A picture with its steps kept, and their player."""
    assert page.request.post(page.url + "api/jobs", data={"trace": True, "steps": 4, "seed": 7, **asked}).ok
    page.evaluate("atelier.look()")
    idle(page)
    newest = page.request.get(page.url + "api/images?limit=1").json()["images"][0]
    page.evaluate("async (id) => atelier.made(await atelier.image(id))", newest["id"])
    film = page.locator("dialog.made")
    film.get_by_role("button", name="Pause").or_(film.get_by_role("button", name="Play")).click()
    return film


def test_a_prompt_that_changes_on_the_way_is_shown_beside_its_step(page: Page):
    """What changes stands out; a long prompt is cut around it."""
    long = "far away behind the tall green hills, " * 3
    film = watched(page, prompt=f"{long}a [red:blue:0.5] house", negative_prompt="[fog|rain]")
    at, positive, negative = (
        film.locator(of) for of in ("output.at", "[data-prompt=prompt]", "[data-prompt=negative_prompt]")
    )
    page.keyboard.press("Home")
    for step, (colour, weather) in enumerate([("red", "fog"), ("red", "rain"), ("blue", "fog"), ("blue", "rain")], 1):
        expect(at).to_have_text(f"Step {step} of 4")
        expect(positive).to_have_text(f"…{f'{long}a '[-40:]}{colour} house")
        expect(positive.locator("b")).to_have_text(colour)
        expect(positive).to_have_attribute("title", f"{long}a {colour} house")
        expect(negative).to_have_text(f"Negative prompt{weather}")
        expect(film.get_by_role("slider", name="Step")).to_have_attribute(
            "aria-valuetext", f"Step {step} of 4. {long}a {colour} house. {weather}"
        )
        page.keyboard.press("ArrowRight")
    expect(at).to_have_text("Finished picture")
    expect(positive).not_to_be_visible()


def test_a_prompt_that_stays_is_not_repeated(page: Page):
    film = watched(page, prompt="a quiet house", negative_prompt="[fog:rain:3]")
    page.keyboard.press("Home")
    expect(film.locator("[data-prompt=prompt]")).to_have_count(0)
    expect(film.locator("[data-prompt=negative_prompt]")).to_contain_text("fog")
    page.keyboard.press("Escape")
    film = watched(page, prompt="a quiet house (:1.2)")
    expect(film.locator(".said")).to_have_count(0)


def pixels(png: bytes) -> bytes:
    return Image.open(BytesIO(png)).tobytes()
