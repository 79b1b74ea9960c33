"""The process of one run: `python -m engine.training.worker RUN_FOLDER`. It outlives the studio that started it.

For several GPUs: `accelerate launch --module engine.training.worker RUN_FOLDER`; then the first process alone writes.
"""

import contextlib
import faulthandler
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import INTERNAL, AtelierError
from engine.settings import prepare_environment

if TYPE_CHECKING:
    from engine.training.run_folder import RunFolder

BEAT = 5.0  # seconds


def main(path: str) -> int:
    prepare_environment()
    faulthandler.enable()
    from engine.training.run_folder import RunFolder

    folder = RunFolder(Path(path))
    if os.environ.get("RANK", "0") != "0":  # the first one holds the folder for all
        return carry_out(folder, writes=False)
    try:
        lock = folder.hold()
    except AtelierError as error:
        print(error, file=sys.stderr)
        return 1
    folder.leave_queue()
    threading.Thread(target=beat, args=(folder.path / "heartbeat",), daemon=True).start()
    with lock:
        return carry_out(folder, writes=True)


def carry_out(folder: "RunFolder", writes: bool) -> int:
    from engine.training.events import Ended
    from engine.training.material import House
    from engine.training.run import Run
    from engine.training.troubles import problem_of

    ended: Ended | None = None
    run: Run | None = None
    try:
        run = Run(folder, House.of(folder.noted("house")))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, run.orders.on_signal)
        for event in run.events():
            ended = event if isinstance(event, Ended) else None
            if writes:
                folder.tell(event)
    except BaseException as error:
        traceback.print_exc()
        ended = Ended(how="failed", step=run.step if run else 0, problem=problem_of(error) or INTERNAL)
        if writes:
            with contextlib.suppress(OSError):
                folder.tell(ended)
    return 0 if ended and ended.how in ("finished", "stopped") else 1


def beat(path: Path) -> None:
    """A file whose time tells that the process still gets its turn."""
    while True:
        with contextlib.suppress(OSError):
            path.touch()
        time.sleep(BEAT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
