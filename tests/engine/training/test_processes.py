"""Several processes: their gradients together are those of one with the whole batch, and the first alone writes."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from engine.settings import HOUSE
from engine.training import state
from tests.engine.training import making, running

STEP = """
import sys, torch
from pathlib import Path
from tests.engine.training import making
pictures, out = Path(sys.argv[1]), Path(sys.argv[2])
run = making.trainer(making.asked(pictures, clip=0, **{"lora.rank": 4}), making.items(pictures))
run.learner.mode(True)
batch = run.feed.batch(run.micro_step(0))
run.backward(batch, run.micro_step(0))
if run.accelerator.is_main_process:
    torch.save({key: weight.grad for key, weight in run.weights.items()}, out)
run.accelerator.wait_for_everyone()
torch.distributed.destroy_process_group()
"""

pytestmark = pytest.mark.timeout(1800)


def together(*command: str, cwd: Path) -> None:
    """Two processes of one run, as torchrun and accelerate start them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    usual = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(HOUSE), "WORLD_SIZE": "2"}
    usual |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "ACCELERATE_USE_CPU": "true"}
    both = [
        subprocess.Popen(
            [sys.executable, *command],
            cwd=cwd,
            env={**usual, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for rank in range(2)
    ]
    try:
        for one in both:
            said, _ = one.communicate(timeout=running.PATIENCE)
            assert one.returncode == 0, said.decode()[-3000:]
    finally:
        for one in both:
            one.kill()


def test_the_gradients_of_two_are_those_of_one_with_both_batches(tmp_path: Path) -> None:
    pictures = making.pictures(tmp_path / "pictures", 4)
    together("-c", STEP, str(pictures), str(tmp_path / "gradients.pt"), cwd=HOUSE)
    found = torch.load(tmp_path / "gradients.pt", weights_only=True)

    one = making.trainer(making.asked(pictures, clip=0, **{"lora.rank": 4}), making.items(pictures))
    one.learner.mode(True)
    losses = []
    for micro in range(2):
        batch = one.feed.batch(micro)
        losses.append(one.learner(batch, one.learner.draw(batch, one.request.loop.seed, micro)))
    torch.cat(losses).mean().backward()
    for key, weight in one.weights.items():
        assert weight.grad is not None
        torch.testing.assert_close(found[key], weight.grad, rtol=1e-3, atol=1e-6)


@pytest.mark.slow
def test_the_first_alone_writes_and_the_run_ends_as_it_should(tmp_path: Path) -> None:
    pictures = making.pictures(tmp_path / "pictures", 6)
    asked = {"length": 3, "save": 2, "hold_out": 0.3, "measure": 2}
    folder = running.made(tmp_path / "run", making.asked(pictures, **asked))
    together("-m", "engine.training.worker", str(folder.path), cwd=folder.path)
    assert running.end(folder).how == "finished"
    steps = [event.step for event in running.told(folder) if event.kind == "step"]
    assert steps == [1, 2, 3]
    assert [int(path.name) for path in state.saved(folder.states)] == [3, 2]
    assert len(list(folder.products.iterdir())) == 1

    alone = running.made(tmp_path / "alone", making.asked(pictures, **asked, accumulation=2))
    assert running.run(alone) == 0
    mine, its = running.losses(folder), running.losses(alone)
    assert mine.keys() == its.keys()
    for step, loss in mine.items():
        assert loss == pytest.approx(its[step], rel=1e-4), step
