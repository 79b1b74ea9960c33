"""The drawing canvas in a real browser: events that arrive and script per move, on pictures of 2048 and 4096 px.

A stroke of 250 moves a second is sent without waiting for answers, as a hand does: what the page is too busy for, the
browser bundles, and each of the bundle must still be painted. Milliseconds are of the page's thread (its processor
time) for the rows "processor", of the clock for the others: those count what else runs on the machine.
"""

import asyncio
import math
import shutil
import subprocess
import sys
import tempfile
from typing import Any

from playwright.async_api import CDPSession, Page, async_playwright

from benchmarks.startup import FLAGS, HOUSE, await_answer, free_port
from benchmarks.table import Row, timed

MOVES, PAUSE = 500, 0.004  # seconds between two of them
# A canvas over the whole page, and clocks around the handlers of moves and around the frames.
SET_UP = """async ([name, mode, side, size]) => {
  const canvas = atelier.canvas(name, mode), place = document.createElement("div");
  place.style.cssText = "position:fixed;inset:0;z-index:120;display:flex";
  document.body.append(place);
  canvas.mount(place);
  await canvas.ready;
  const sheet = new OffscreenCanvas(side, side), context = sheet.getContext("2d");
  const shade = context.createLinearGradient(0, 0, side, side);
  shade.addColorStop(0, "#204060"); shade.addColorStop(1, "#e0c080");
  context.fillStyle = shade; context.fillRect(0, 0, side, side);
  await canvas.load(await sheet.convertToBlob());
  const range = place.querySelector(".options input[type=number]");
  range.value = size; range.dispatchEvent(new Event("change"));
  const bench = window.bench = { moves: [], frames: [], points: 0 };
  let began = 0;
  addEventListener("pointermove", () => { began = performance.now(); }, true);
  addEventListener("pointermove", () => { bench.moves.push(performance.now() - began); });
  const ask = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (draw) => ask((now) => { const at = performance.now(); draw(now); bench.frames.push(performance.now() - at); });
  canvas.on("stroke", ({ points }) => { bench.points = points; });
  const box = place.querySelector(".paint-stage").getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2, Math.min(box.width, box.height) * 0.4];
}"""
EXPORT = """async ([name, what]) => { const at = performance.now(); const blob = await atelier.canvas(name)[what](); return [performance.now() - at, blob.size]; }"""


def measure(runs: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as data:
        port = free_port()
        command = [sys.executable, "app.py", "--no-browser", "--port", str(port), "--data", data]
        server = subprocess.Popen(command, cwd=HOUSE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            await_answer(f"http://127.0.0.1:{port}/healthz", 180)
            rows: list[Row] = []
            for mode, side, size in (
                ("mask", 2048, 160),
                ("sketch", 2048, 160),
                ("mask", 2048, 1000),
                ("mask", 4096, 320),
            ):
                rows += asyncio.run(strokes(f"http://127.0.0.1:{port}/", mode, side, size, min(runs, 3)))
            return rows
        finally:
            server.terminate()
            server.wait(30)


async def strokes(url: str, mode: str, side: int, size: int, runs: int) -> list[Row]:
    moves: list[float] = []
    frames: list[float] = []
    lost: list[float] = []
    processor: list[float] = []
    exports: list[float] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for run in range(runs):
            page = await browser.new_page(viewport={"width": 1440, "height": 900})
            await page.goto(url)
            await page.wait_for_function("() => window.atelier?.canvas")
            name = f"bench-{mode}-{side}-{size}-{run}"
            middle = await page.evaluate(SET_UP, [name, mode, side, size])
            found = await stroke(page, *middle)
            moves += found["moves"]
            frames += found["frames"]
            processor.append(found["processor"] * 1000 / len(found["moves"]))
            lost.append(MOVES - (found["points"] - 1))
            exports.append((await page.evaluate(EXPORT, [name, mode]))[0] / 1000)
            await page.close()
        await browser.close()
    what = f"{mode}, {side} px, brush {size} px"
    return [
        timed(f"{what}: moves lost of {MOVES}", lost, "moves", "0"),
        timed(f"{what}: script per move, processor", processor, "ms", "< 16"),
        timed(f"{what}: script per move", moves, "ms"),
        timed(f"{what}: script per frame", frames, "ms"),
        timed(f"{what}: the PNG", exports),
    ]


async def stroke(page: Page, x: float, y: float, radius: float) -> dict[str, Any]:
    """A spiral from the middle outwards."""
    session = await page.context.new_cdp_session(page)

    def send(kind: str, at: tuple[float, float], buttons: int) -> asyncio.Task[Any]:
        event = {"type": kind, "x": at[0], "y": at[1], "button": "left", "buttons": buttons}
        return asyncio.create_task(session.send("Input.dispatchMouseEvent", event))

    await send("mouseMoved", (x, y), 0)
    await send("mousePressed", (x, y), 1)
    await session.send("Performance.enable", {"timeDomain": "threadTicks"})
    await page.evaluate("() => { bench.moves = []; bench.frames = []; }")
    before = await script(session)
    sent = []
    at = (x, y)
    for step in range(1, MOVES + 1):
        angle, far = step / 12, radius * step / MOVES
        at = (x + far * math.cos(angle), y + far * math.sin(angle))
        sent.append(send("mouseMoved", at, 1))
        await asyncio.sleep(PAUSE)
    await asyncio.gather(*sent)
    spent = await script(session) - before
    await send("mouseReleased", at, 0)
    await page.wait_for_function("() => bench.points > 0")
    return {**await page.evaluate("() => bench"), "processor": spent}


async def script(session: CDPSession) -> float:
    """Seconds of the processor that scripts have taken, frames included."""
    metrics = (await session.send("Performance.getMetrics"))["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == "ScriptDuration")
