"""A person searches, filters, rates, tags, selects and compares among many pictures."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Page, expect

from engine.gallery.store import Gallery
from tests.browser.conftest import Program, Visitors
from tests.browser.hands import to_tab

pytestmark = pytest.mark.browser

MANY = 150  # more than a page of the list
DAY = 86_400


def picture(number: int) -> bytes:
    """Every tenth shows a heron; three samplers take turns."""
    text = PngInfo()
    sampler = ("Euler", "Euler a", "DDIM")[number % 3]
    subject = "heron" if number % 10 == 0 else "walnut"
    text.add_text(
        "parameters", f"a {subject} number{number}\nSteps: 9, Sampler: {sampler}, Seed: {number}, Model: mock"
    )
    content = io.BytesIO()
    Image.new("RGB", (128, 128), (number, 90, 255 - number)).save(content, "PNG", pnginfo=text)
    return content.getvalue()


@pytest.fixture(scope="module", autouse=True)
def pictures(program: Program) -> Iterator[None]:
    """Old pictures, of 2020, taken in beside the running studio; gone when the module ends."""
    gallery = Gallery(program.folder / "data")
    ids = [
        gallery.take_in(picture(n), f"{n}.png", "nobody", seen_by=None, modified=1.6e9 - n * DAY)[0].id
        for n in range(MANY)
    ]
    yield
    gallery.trash(ids, None)
    gallery.empty_trash(None, ids)
    gallery.close()


@pytest.fixture
def gallery(page: Page) -> Page:
    to_tab(page, "gallery")
    page.locator(".item[data-id]").first.wait_for()
    return page


def search(page: Page, text: str, found: int) -> None:
    page.locator("#gallery-search").fill(text)
    expect(page.locator(".gallery .count")).to_have_text(f"{found} found")


def test_search_narrows_as_one_types_and_survives_another_tab(gallery: Page):
    search(gallery, "heron", MANY // 10)
    search(gallery, "heron -number10", MANY // 10 - 1)
    search(gallery, '"walnut number7"', 1)
    to_tab(gallery, "txt2img")
    to_tab(gallery, "gallery")
    expect(gallery.locator(".gallery .count")).to_have_text("1 found")
    search(gallery, "unheardof", 0)
    expect(gallery.locator(".gallery .blank")).to_contain_text("Nothing matches")
    gallery.locator(".gallery .blank").get_by_role("button", name="Clear all").click()
    gallery.locator(".item[data-id]").first.wait_for()


def test_filters_count_add_up_and_are_taken_away_by_their_chips(gallery: Page):
    search(gallery, "mock", MANY)
    gallery.locator("#gallery-filter").click()
    ddim = gallery.locator(".option[data-value='DDIM']")
    expect(ddim.locator("i")).to_have_text(str(MANY // 3))
    ddim.click()
    expect(gallery.locator(".gallery .count")).to_have_text(f"{MANY // 3} found")
    gallery.locator(".option[data-value='Euler a']").click()
    expect(gallery.locator(".gallery .count")).to_have_text(f"{2 * MANY // 3} found")
    gallery.locator(".active .chip", has_text="DDIM").click()
    expect(gallery.locator(".gallery .count")).to_have_text(f"{MANY // 3} found")
    gallery.locator(".filters input[name=seed]").fill("7")
    gallery.locator(".filters input[name=seed]").press("Enter")
    expect(gallery.locator(".gallery .count")).to_have_text("1 found")


def test_only_the_rows_in_view_exist_and_the_last_picture_is_reached(gallery: Page):
    search(gallery, "mock", MANY)
    for _ in range(6):
        gallery.locator(".scroller").evaluate("(s) => { s.scrollTop = s.scrollHeight; }")
        gallery.wait_for_timeout(150)
    last = gallery.locator(f".item[title='a walnut number{MANY - 1}']")
    expect(last).to_be_visible()
    expect(last.locator("img")).to_have_js_property("complete", True)
    assert gallery.locator(".cell").count() < 110
    assert gallery.evaluate("() => atelier.shelf.items.length") == MANY
    last.press("Home")
    expect(gallery.locator(".item[title='a heron number0']")).to_be_focused()
    gallery.keyboard.press("ArrowRight")
    expect(gallery.locator(".item[title='a walnut number1']")).to_be_focused()


def test_stars_and_tags_survive_a_reload_and_can_be_searched_for(gallery: Page, visitors: Visitors):
    search(gallery, "number3 heron OR number33", 0)  # OR is a word like any other
    search(gallery, '"walnut number33"', 1)
    gallery.locator(".item").first.press("4")
    expect(gallery.locator(".cell .stars .on")).to_have_count(4)
    gallery.locator(".item").first.press("Enter")
    viewer = gallery.locator("dialog.viewer")
    expect(viewer.locator(".actions .stars .on")).to_have_count(4)
    gallery.keyboard.press("5")
    expect(viewer.locator(".actions .stars .on")).to_have_count(5)
    viewer.locator(".tags input").fill("keeper")
    viewer.locator(".tags input").press("Enter")
    expect(viewer.locator(".tag")).to_contain_text("keeper")
    gallery.reload()
    visitors.settle(gallery)
    to_tab(gallery, "gallery")
    gallery.locator("#gallery-search").fill("")
    gallery.locator("#gallery-filter").click()
    gallery.locator(".option[data-value='keeper']").click()
    expect(gallery.locator(".gallery .count")).to_have_text("1 found")
    expect(gallery.locator(".cell:not([hidden]) .stars .on")).to_have_count(5)


def test_a_range_is_selected_and_taken_home_as_a_zip(gallery: Page, tmp_path: Path):
    search(gallery, "heron", MANY // 10)
    gallery.locator(".item").nth(1).click(modifiers=["Control"])
    gallery.locator(".item").nth(4).click(modifiers=["Shift"])
    gallery.locator(".item").nth(3).click(modifiers=["Control"])
    expect(gallery.locator(".selection b")).to_have_text("3 selected")
    with gallery.expect_download() as download:
        gallery.locator(".selection").get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "these.zip")
    with zipfile.ZipFile(tmp_path / "these.zip") as bundle:
        contents = [bundle.read(name) for name in bundle.namelist()]
    assert sorted(contents) == sorted(picture(n) for n in (10, 20, 40))
    gallery.keyboard.press("Control+a")
    expect(gallery.locator(".selection b")).to_have_text(f"{MANY // 10} selected")
    gallery.keyboard.press("Escape")
    expect(gallery.locator(".selection")).to_be_hidden()


def test_the_viewer_zooms_to_the_pointer_turns_the_page_and_gives_the_focus_back(gallery: Page):
    search(gallery, "heron", MANY // 10)
    gallery.locator(".item").first.click()
    viewer = gallery.locator("dialog.viewer")
    expect(viewer.locator(".number")).to_have_text(f"1 / {MANY // 10}")
    film = viewer.locator(".film")
    before = film.bounding_box()
    assert before is not None
    corner = before["x"] + before["width"] * 0.4, before["y"] + before["height"] * 0.4
    gallery.mouse.move(*corner)
    for _ in range(3):
        gallery.mouse.wheel(0, -500)
    gallery.wait_for_timeout(100)
    after = film.bounding_box()
    assert after is not None
    assert after["width"] > 3 * before["width"]
    assert abs((corner[0] - after["x"]) / after["width"] - 0.4) < 0.02  # the same point lies under the pointer
    gallery.keyboard.press("f")
    gallery.keyboard.press("ArrowRight")
    expect(viewer.locator("h2")).to_have_text("a heron number10")
    expect(film).to_have_js_property("alt", "a heron number10")
    gallery.keyboard.press("i")
    expect(viewer.locator(".sheet")).to_be_hidden()
    gallery.keyboard.press("Escape")
    expect(gallery.locator(".item[title='a heron number10']")).to_be_focused()


def test_two_pictures_are_compared_with_slider_keys_and_only_what_differs_is_listed(gallery: Page):
    search(gallery, "heron", MANY // 10)
    gallery.locator(".item").nth(0).press(" ")
    gallery.locator(".item").nth(3).press(" ")
    gallery.locator(".selection").get_by_role("button", name="Compare").click()
    handle = gallery.get_by_role("slider", name="Slider")
    expect(handle).to_be_focused()
    gallery.keyboard.press("ArrowRight")
    expect(handle).to_have_attribute("aria-valuenow", "52")
    box = handle.bounding_box()
    assert box is not None
    gallery.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    gallery.mouse.down()
    gallery.mouse.move(360, box["y"] + 60)
    gallery.mouse.up()
    expect(handle).to_have_attribute("aria-valuenow", "25")
    rows = gallery.locator(".differences tbody th")
    expect(rows).to_have_text(["Prompt", "Seed"])  # the sampler is the same
    expect(gallery.locator(".differences mark")).to_have_text(["number0", "number30"])
    gallery.keyboard.press("s")
    expect(gallery.locator(".compare .half")).to_have_count(2)
    gallery.keyboard.press("Escape")
    expect(gallery.locator("dialog.compare")).not_to_be_visible()


def test_files_are_imported_one_by_one_and_what_is_no_picture_is_named(gallery: Page, tmp_path: Path):
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nand then nothing")
    (tmp_path / "known.png").write_bytes(picture(5))
    gallery.locator("#import-files").set_input_files(
        [str(tmp_path / n) for n in ("notes.txt", "broken.png", "known.png")]
    )
    card = gallery.locator(".importing")
    expect(card.locator("p")).to_have_text("0 pictures imported · 1 were here already · 2 left out")
    card.locator("summary").click()
    expect(card.locator("li b")).to_have_text(["notes.txt", "broken.png"])


def test_a_file_that_is_too_large_and_an_archive_are_refused_before_they_are_sent(gallery: Page, tmp_path: Path):
    sent: list[str] = []
    gallery.on("request", lambda request: sent.append(request.url) if "/import" in request.url else None)
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(65 * 2**20)
    (tmp_path / "old.zip").write_bytes(b"PK")
    gallery.locator("#import-files").set_input_files([str(tmp_path / "huge.png"), str(tmp_path / "old.zip")])
    card = gallery.locator(".importing")
    expect(card.locator("p")).to_have_text("0 pictures imported · 2 left out")
    card.locator("summary").click()
    expect(card.locator("li")).to_have_text(
        ["old.zip is an archive: unpack it and import the folder", "huge.png The file is larger than 64 MB."]
    )
    assert sent == []


def test_selecting_ends_when_the_selected_are_thrown_away(gallery: Page):
    search(gallery, "heron", MANY // 10)
    gallery.locator("#gallery-select").click()
    gallery.locator(".item").nth(0).click()
    gallery.locator(".selection").get_by_role("button", name="Move to trash").click()
    expect(gallery.locator(".gallery .count")).to_have_text(f"{MANY // 10 - 1} found")
    expect(gallery.locator(".selection")).to_be_hidden()
    expect(gallery.locator("#gallery-select")).to_have_attribute("aria-pressed", "false")
    gallery.get_by_role("button", name="Undo").click()
    expect(gallery.locator(".gallery .count")).to_have_text(f"{MANY // 10} found")


def test_a_picture_whose_file_is_gone_says_so(gallery: Page, program: Program):
    search(gallery, '"heron number140"', 1)
    shown = gallery.locator(".item").first.get_attribute("data-id")
    (found,) = (program.folder / "data" / "outputs").rglob(f"*{(shown or '')[-8:]}.png")
    moved = found.rename(found.with_suffix(".elsewhere"))
    try:
        gallery.locator(".item").first.click()
        expect(gallery.locator("dialog.viewer .lost")).to_contain_text("The picture's file is gone.")
    finally:
        moved.rename(found)


def test_the_list_comes_back_with_the_studio(gallery: Page):
    gallery.route("**/api/*", lambda route: route.abort())
    gallery.route("**/api/images?*", lambda route: route.abort())
    gallery.locator("#gallery-search").fill("heron")
    expect(gallery.locator(".gallery .problem")).to_contain_text("does not answer")
    expect(gallery.locator(".masthead")).to_contain_text("No answer from the studio")
    gallery.unroute_all()
    expect(gallery.locator(".gallery .count")).to_have_text(f"{MANY // 10} found")
