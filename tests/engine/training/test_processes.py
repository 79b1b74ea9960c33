"""Several processes: their gradients together are those of one with the whole batch, and the first alone writes."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from engine.training import state
from tests.engine.training import making, running

pytestmark = pytest.mark.timeout(1800)


def together(work: Callable[..., None], *told: str) -> None:
    """Two processes of one run, with what torchrun and accelerate tell them; forked from one that has imported torch."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    usual = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "ACCELERATE_USE_CPU": "true"}
    both = [running.FORKS.Process(target=begin, args=(work, rank, usual, told)) for rank in range(2)]
    try:
        for one in both:
            one.start()
        for one in both:
            one.join(running.PATIENCE)
            assert one.exitcode == 0
    finally:
        for one in both:
            one.kill()


def begin(work: Callable[..., None], rank: int, usual: dict[str, str], told: tuple[str, ...]) -> None:
    os.environ.update({**usual, "RANK": str(rank), "LOCAL_RANK": str(rank)})
    work(*told)


def step(pictures: str, out: str) -> None:
    run = making.trainer(making.asked(Path(pictures), clip=0, **{"lora.rank": 4}), making.items(Path(pictures)))
    run.learner.mode(True)
    batch = run.feed.batch(run.micro_step(0))
    run.backward(batch, run.micro_step(0))
    if run.accelerator.is_main_process:
        torch.save({key: weight.grad for key, weight in run.weights.items()}, out)
    run.accelerator.wait_for_everyone()
    torch.distributed.destroy_process_group()


def test_the_gradients_of_two_are_those_of_one_with_both_batches(tmp_path: Path) -> None:
    pictures = making.pictures(tmp_path / "pictures", 4)
    together(step, str(pictures), str(tmp_path / "gradients.pt"))
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
    together(running.work, str(folder.path))
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
