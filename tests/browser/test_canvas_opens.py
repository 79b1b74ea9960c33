"""What the canvas takes in: pictures by button, drop and paste; what it refuses gets a sentence, never an alert."""

import base64
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Dialog, Page, expect

from tests.browser.conftest import Visitors
from tests.browser.easel import Easel, marked
from tests.browser.test_look import UNNAMED

pytestmark = pytest.mark.browser
HAND_OVER = """([kind, data, type, name]) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0)), transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  const target = document.querySelector("#piece-canvas-inpaint .paint-stage");
  if (kind === "paste") target.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }));
  else for (const step of ["dragenter", "dragover", "drop"]) target.dispatchEvent(new DragEvent(step, { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def easel(painter: Page) -> Easel:
    made = Easel(painter).enter()
    painter.evaluate("() => document.querySelectorAll('.note').forEach((note) => note.remove())")
    return made


def header(width: int, height: int) -> bytes:
    """A PNG that says it is so large; there is nothing behind its header."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body)) + bytes(40)


def hand_over(easel: Easel, kind: str, data: bytes, type_: str = "image/png", name: str = "a.png") -> None:
    easel.page.evaluate(HAND_OVER, [kind, base64.b64encode(data).decode(), type_, name])


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_picture_is_dropped_or_pasted(easel: Easel, tmp_path: Path, kind: str):
    width = {"drop": 200, "paste": 210}[kind]
    hand_over(easel, kind, marked(tmp_path, width, 160).read_bytes())
    easel.page.wait_for_function("(w) => atelier.canvas('inpaint').size().width === w", arg=width)
    expect(easel.page.locator(".veil")).to_be_hidden()
    expect(easel.page.locator("dialog.apply[open]")).to_have_count(0)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (header(30000, 30000), "This picture is 30000 × 30000; the canvas takes up to 4096 pixels a side."),
        (header(600, 400), "This picture is damaged: it cannot be decoded."),
        (b"house and sun " * 20, "This file is not a picture that the canvas knows."),
        (b"", "This file is empty."),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><script>alert(1)</script></svg>",
            "not a picture",
        ),
    ],
)
def test_what_is_no_picture_for_the_canvas_is_refused_with_a_sentence(easel: Easel, data: bytes, sentence: str):
    alerts: list[str] = []

    def seen(dialog: Dialog) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    easel.page.on("dialog", seen)
    before = easel.page.evaluate("() => atelier.canvas('inpaint').size()")
    hand_over(easel, "drop", data)
    expect(easel.page.locator(".note")).to_contain_text(sentence)
    assert easel.page.evaluate("() => atelier.canvas('inpaint').size()") == before
    easel.page.remove_listener("dialog", seen)
    assert alerts == []


@pytest.mark.parametrize(
    ("form", "options"),
    [("JPEG", {"quality": 90}), ("WEBP", {"lossless": True}), ("WEBP", {"quality": 80}), ("GIF", {}), ("BMP", {})],
)
def test_the_size_in_other_headers_is_read_too(easel: Easel, tmp_path: Path, form: str, options: dict[str, int]):
    file = tmp_path / "large"
    Image.new("RGB", (4200, 10), (9, 90, 200)).save(file, form, **options)
    hand_over(easel, "drop", file.read_bytes())
    expect(easel.page.locator(".note")).to_contain_text(
        "This picture is 4200 × 10; the canvas takes up to 4096 pixels a side."
    )


def test_a_turned_photograph_is_seen_upright_and_its_mask_is_too(easel: Easel, tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (300, 200), (90, 120, 90)).save(tmp_path / "turned.jpg", exif=exif)
    hand_over(easel, "drop", (tmp_path / "turned.jpg").read_bytes(), "image/jpeg", "turned.jpg")
    easel.page.wait_for_function("() => atelier.canvas('inpaint').size().height === 300")
    assert easel.mask().shape == (300, 200)


def test_the_largest_picture_is_taken(easel: Easel, tmp_path: Path):
    file = tmp_path / "large.png"
    Image.new("L", (4096, 4096), 90).save(file)
    hand_over(easel, "drop", file.read_bytes())
    easel.page.wait_for_function("() => atelier.canvas('inpaint').size().width === 4096")
    easel.page.keyboard.press("i")
    mask = easel.mask()
    assert mask.shape == (4096, 4096)
    assert mask.min() == 255


def test_an_empty_canvas_says_what_to_do_in_both_languages_and_all_has_a_name(visitors: Visitors):
    page = visitors.come()
    easel = Easel(page).enter()
    card = page.locator("#piece-canvas-inpaint .card")
    expect(card).to_contain_text("Open, drop or paste one here")
    assert page.evaluate("async () => [await atelier.canvas('inpaint').mask(), atelier.canvas('inpaint').empty()]") == [
        None,
        True,
    ]
    easel.tool("By numbers")
    assert page.evaluate(UNNAMED) == []
    page.locator("#language").click()
    expect(card).to_contain_text("在此打开、拖入或粘贴一张图片")
    expect(page.locator("#piece-canvas-inpaint .rail").get_by_label("橡皮")).to_be_visible()
    expect(page.locator("#tab-inpaint-button")).to_have_text("局部重绘")


@pytest.mark.parametrize(
    ("width", "height", "options"),
    [(1440, 900, {}), (1024, 768, {}), (390, 844, {"has_touch": True, "is_mobile": True})],
)
def test_nothing_hangs_over_the_edge(visitors: Visitors, width: int, height: int, options: dict[str, bool]):
    page = visitors.come(width, height, **options)
    for name in ("inpaint", "sketch"):
        stage = Easel(page, name).enter().stage.bounding_box()
        assert page.evaluate("() => document.documentElement.scrollWidth") == width
        assert stage is not None
        assert stage["height"] > height * 0.35
        if width > 760:
            box = page.locator(f"#piece-canvas-{name} .paint").bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= height
