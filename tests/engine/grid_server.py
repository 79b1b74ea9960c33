"""A studio to be killed while it draws a grid. Arguments: data folder, "begin" (makes the grid) or "go on"."""

import sys
import time
from pathlib import Path

from engine.library.scan import Library
from engine.studio import PainterSettings, Studio
from tests.engine.workers.quick import make_slow

MODELS = Path(__file__).parents[2] / "models"
PLAN = {
    "values": {"prompt": "a boat", "width": 64, "height": 64},
    "axes": [{"what": "sampler", "values": "Euler, Heun"}, {"what": "steps", "values": "4, 6, 8"}],
}


def main(data: Path, task: str) -> None:
    library = Library(MODELS, data / "cache")
    studio = Studio(data, library, PainterSettings(device="cpu"), disk_reserve=0, make_painter=make_slow)
    studio.start()
    while not studio.ready()["ready"]:
        time.sleep(0.01)
    grid = studio.grids.create(PLAN, "ann") if task == "begin" else studio.grids.known("ann")[0]["id"]
    print("grid", grid, flush=True)
    while (shown := studio.grids.shown(grid, "ann"))["state"] == "going":
        print("done", shown["counts"].get("done", 0), flush=True)
        time.sleep(0.02)
    studio.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
