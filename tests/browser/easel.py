"""A canvas as a hand and an eye know it: coloured marks on the picture are found on the screen, and pointed at."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from playwright.sync_api import Page

from tests.browser.hands import to_tab

GREY = (128, 128, 128)
MARKS = {"red": (250, 0, 0), "green": (0, 250, 0), "blue": (0, 0, 250), "yellow": (250, 250, 0)}
PLACES = {"red": (0.25, 0.25), "green": (0.75, 0.25), "blue": (0.25, 0.75), "yellow": (0.75, 0.75)}
FETCH = """async ([name, what]) => {
  const blob = await atelier.canvas(name)[what]();
  if (!blob) return null;
  const reader = new FileReader();
  return await new Promise((done) => { reader.onload = () => done(reader.result.split(",")[1]); reader.readAsDataURL(blob); });
}"""


def marked(folder: Path, width: int = 640, height: int = 480) -> Path:
    """A grey picture with four marks, each a fortieth of its width."""
    picture = Image.new("RGB", (width, height), GREY)
    pen, half = ImageDraw.Draw(picture), width // 80
    for name, (x, y) in PLACES.items():
        cx, cy = x * width, y * height
        pen.rectangle((cx - half, cy - half, cx + half, cy + half), fill=MARKS[name])
    path = folder / f"marks-{width}x{height}.png"
    picture.save(path)
    return path


class Easel:
    def __init__(self, page: Page, name: str = "inpaint"):
        self.page, self.name = page, name

    @property
    def stage(self) -> Any:
        return self.page.locator(f"#piece-canvas-{self.name} .paint-stage")

    def enter(self) -> "Easel":
        to_tab(self.page, self.name)
        self.stage.wait_for()
        self.page.evaluate("async (name) => { await atelier.canvas(name).ready; }", self.name)
        return self

    def open(self, picture: Path) -> None:
        """By the button, as a person does."""
        with self.page.expect_file_chooser() as chooser:
            self.page.locator(f"#piece-canvas-{self.name} .options").get_by_label("Open a picture").click()
        chooser.value.set_files(picture)
        width, height = Image.open(picture).size
        self.page.wait_for_function(
            "([name, w, h]) => { const s = atelier.canvas(name).size(); return s.width === w && s.height === h; }",
            arg=[self.name, width, height],
        )
        self.rest()

    def rest(self) -> None:
        """Two frames: what was asked for is drawn."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def tool(self, label: str) -> None:
        self.page.locator(f"#piece-canvas-{self.name} .rail").get_by_label(label, exact=True).click()

    def size(self, pixels: int) -> None:
        field = self.page.locator(f"#piece-canvas-{self.name} .options").get_by_role("spinbutton", name="Size")
        field.fill(str(pixels))
        field.blur()

    def ready(self) -> None:
        """The tools as at first, with a brush of 20 pixels; notes of a test before are gone."""
        options = self.page.locator(f"#piece-canvas-{self.name} .options")
        self.tool("Rectangle")
        options.get_by_role("button", name="Add").click()
        self.tool("Brush")
        for name, value in (("Opacity", 100), ("Softness", 20 if self.name == "inpaint" else 0), ("Size", 20)):
            options.get_by_role("spinbutton", name=name).fill(str(value))
            options.get_by_role("spinbutton", name=name).blur()
        self.page.evaluate("() => document.querySelectorAll('.note').forEach((note) => note.remove())")

    def find(self) -> dict[str, tuple[float, float]]:
        """Where on the screen each mark is seen, in CSS pixels; those hidden by paint or out of sight are missing."""
        self.page.mouse.move(1, 1)  # the cursor would cover them
        self.rest()
        box = self.stage.bounding_box()
        shot = np.asarray(Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")).astype(int)
        density = self.page.evaluate("() => devicePixelRatio")
        found: dict[str, tuple[float, float]] = {}
        for name, colour in MARKS.items():
            ys, xs = np.nonzero((abs(shot - np.array(colour)) <= 4).all(-1))
            inside = (
                (xs >= box["x"] * density) & (xs < (box["x"] + box["width"]) * density) & (ys >= box["y"] * density)
            )
            if inside.sum() > 8:
                found[name] = (
                    float((xs[inside].min() + xs[inside].max() + 1) / 2 / density),
                    float((ys[inside].min() + ys[inside].max() + 1) / 2 / density),
                )
        return found

    def drag(self, *points: Sequence[float], steps: int = 12, button: Any = "left") -> None:
        self.page.mouse.move(*points[0])
        self.page.mouse.down(button=button)
        for point in points[1:]:
            self.page.mouse.move(*point, steps=steps)
        self.page.mouse.up(button=button)

    def dot(self, point: Sequence[float]) -> None:
        self.drag(point)

    def _export(self, what: str) -> Image.Image:
        data = self.page.evaluate(FETCH, [self.name, what])
        return Image.open(io.BytesIO(base64.b64decode(data)))

    def mask(self) -> np.ndarray:
        picture = self._export("mask")
        assert picture.mode == "L"
        return np.asarray(picture)

    def sketch(self) -> np.ndarray:
        picture = self._export("sketch")
        assert picture.mode == "RGB"
        return np.asarray(picture)

    def saved(self) -> None:
        self.page.evaluate("async (name) => { await atelier.canvas(name).saved(); }", self.name)


def centre(mask: np.ndarray) -> tuple[float, float]:
    ys, xs = np.nonzero(mask > 127)
    return float((xs.min() + xs.max() + 1) / 2), float((ys.min() + ys.max() + 1) / 2)


def place(name: str, width: int, height: int) -> tuple[int, int]:
    return round(PLACES[name][0] * width), round(PLACES[name][1] * height)
