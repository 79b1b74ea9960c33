"""What a run is told: by the commands in its folder and by signals. Of several processes the first listens for all."""

import signal
from typing import Literal, TypeVar

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list

from engine.training.events import Heard
from engine.training.run_folder import RunFolder

Stop = Literal["", "stop", "stop_now"]
Told = TypeVar("Told")


class Orders:
    """stop: "stop" keeps a state, "stop_now" does not."""

    def __init__(self, folder: RunFolder, accelerator: Accelerator):
        self.folder, self.accelerator = folder, accelerator
        self.seq = int((folder.noted("heard") or {}).get("seq", 0))
        self.stop: Stop = ""

    def next(self) -> Heard | None:
        """The next command, which counts as carried out from here on."""
        found = self.waiting()
        if found:
            self.seq = found[0]
            self.folder.note("heard", {"seq": self.seq})
        found, self.stop = self.agreed((found, self.stop))
        return Heard(seq=found[0], command=found[1]) if found else None

    def stopping(self) -> bool:
        """Whether to end what takes long; the command itself is left for `next`."""
        self.waiting()
        self.stop = self.agreed(self.stop)
        return bool(self.stop)

    def waiting(self) -> tuple[int, str] | None:
        if not self.accelerator.is_main_process:
            return None
        found = self.folder.told(self.seq)
        if found and (found[1] == "stop" or found[1] == "stop_now"):
            self.stop = found[1]
        return found

    def agreed(self, mine: Told) -> Told:
        """What the first process says."""
        if self.accelerator.num_processes == 1:
            return mine
        told = [mine]
        broadcast_object_list(told)
        return told[0]

    def on_signal(self, number: int, frame: object) -> None:
        """The first asks to stop with a state, the second at once."""
        self.stop = "stop_now" if self.stop or number == signal.SIGINT else "stop"
