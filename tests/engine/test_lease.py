"""The lease of a device: seen by other processes for exactly as long as its holder has it, or lives."""

import subprocess
import sys
from pathlib import Path

from engine.lease import Lease, taken

HOLDER = """
import sys, time
from pathlib import Path
from engine.lease import Lease
lease = Lease(Path(sys.argv[1]))
print(lease.take(), flush=True)
time.sleep(60)
"""


def test_it_is_seen_while_it_is_held_and_not_after(tmp_path: Path):
    lease = Lease(tmp_path / "below" / "drawing.lock")
    assert not taken(lease.path)
    assert lease.take()
    assert lease.take()
    assert taken(lease.path)
    assert taken(lease.path)
    lease.give()
    assert not taken(lease.path)
    assert not lease.mine


def test_a_killed_holder_leaves_nobody_waiting(tmp_path: Path):
    path = tmp_path / "drawing.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    assert holder.stdout.readline() == "True\n"
    assert taken(path)
    assert not Lease(path).take()
    holder.kill()
    holder.wait()
    assert not taken(path)
