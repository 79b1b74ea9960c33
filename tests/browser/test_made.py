"""A person watches how a picture was made, and draws one again whose steps were not kept."""

from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

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


def pixels(png: bytes) -> bytes:
    return Image.open(BytesIO(png)).tobytes()
