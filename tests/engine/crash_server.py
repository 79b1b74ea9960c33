"""A studio to be killed: submits jobs as fast as it may and tells each one's id once `submit` has returned.

Arguments: data folder, painter ("quick" or "real"), "submit" or "finish" (only work off what is queued, then stop).
"""

import sys
import time
from pathlib import Path

from engine.errors import Busy
from engine.library.scan import Library
from engine.studio import PainterSettings, Studio
from tests.engine.workers.quick import make

MODELS = Path(__file__).parents[2] / "models"


def main(data: Path, painter: str, task: str) -> None:
    library = Library(MODELS, data / "cache")
    quick = painter == "quick"
    settings = PainterSettings(device="cpu")
    studio = Studio(data, library, settings, workers="processes", disk_reserve=0, make_painter=make if quick else None)
    keeper = studio.dispatcher.keepers[0]
    keeper.pause = keeper.first_pause = 0.1
    studio.start()
    while not studio.ready()["ready"]:
        time.sleep(0.01)
    print("ready", flush=True)
    if task == "submit":
        submit_forever(studio, 0.05 if quick else 0.4)
    while studio.snapshot("")["waiting"] or studio.store.running():
        time.sleep(0.02)
    studio.stop()


def submit_forever(studio: Studio, pause: float) -> None:
    number = 0
    values = {"prompt": "a boat", "steps": 4, "count": 2, "width": 64, "height": 64}
    while True:
        number += 1
        try:
            job = studio.submit(values, f"visitor {number % 3}")
            print("job", job.id, flush=True)
        except Busy:
            time.sleep(0.1)
        time.sleep(pause)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
