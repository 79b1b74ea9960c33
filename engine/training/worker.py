"""The process of one run: `python -m engine.training.worker RUN_FOLDER`. It outlives the studio that started it."""

import faulthandler
import os
import signal
import sys
import threading
import time
from pathlib import Path

from engine.errors import INTERNAL, AtelierError
from engine.settings import prepare_environment

BEAT = 5.0  # seconds


def main(path: str) -> int:
    prepare_environment()
    faulthandler.enable()
    from engine.training.events import Ended
    from engine.training.run import House, Run
    from engine.training.run_folder import RunFolder

    folder = RunFolder(Path(path))
    try:
        lock = folder.hold()
    except AtelierError as error:
        print(error, file=sys.stderr)
        return 1
    folder.leave_queue()
    threading.Thread(target=beat, args=(folder.path / "heartbeat",), daemon=True).start()
    with lock:
        run = Run(folder, House.of(folder.noted("house")))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, run.on_signal)
        how = ""
        try:
            for event in run.events():
                folder.tell(event)
                how = getattr(event, "how", "")
        except BaseException:
            folder.tell(Ended(how="failed", step=run.step, problem=INTERNAL))
            raise
    return 0 if how in ("finished", "stopped") else 1


def beat(path: Path) -> None:
    """A file whose time tells that the process still gets its turn."""
    while True:
        path.touch()
        os.utime(path)
        time.sleep(BEAT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
