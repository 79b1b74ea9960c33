"""A worker, in a thread and in a process of its own: the same tests for both."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from engine.events import Done, Event, Failed, Made, Started, Stepped
from engine.workers.inprocess import Thread
from engine.workers.keeper import Keeper, Vessel, Word
from engine.workers.local import Process
from engine.workers.messages import Beat, Drop, Gone, Happened, Ready, Stopped, Take
from engine.workers.worker import MakePainter
from tests.engine.queue.jobs import job
from tests.engine.workers.quick import make

VESSELS: dict[str, Callable[[MakePainter], Vessel]] = {"process": Process, "thread": Thread}


class Ear:
    """A kept worker, and what it says."""

    def __init__(self, vessel: str, make_painter: MakePainter = make, **timing: float):
        self.words: queue.SimpleQueue[Word] = queue.SimpleQueue()
        self.said: list[Word] = []
        self.keeper = Keeper(lambda: VESSELS[vessel](make_painter), self.words.put, **timing)
        self.keeper.start()

    def until(self, wanted: Callable[[Any], bool], seconds: float = 60) -> Word:
        end = time.monotonic() + seconds
        while True:
            word = self.words.get(timeout=max(0.01, end - time.monotonic()))
            self.said.append(word)
            if wanted(word.message):
                return word

    def ready(self) -> str:
        return self.until(lambda m: isinstance(m, Ready)).worker

    def event(self, kind: type[Event]) -> Event:
        happened = self.until(lambda m: isinstance(m, Happened) and isinstance(m.event, kind)).message
        assert isinstance(happened, Happened)
        return happened.event

    def pid(self) -> int:
        assert isinstance(self.keeper.vessel, Process)
        return self.keeper.vessel.process.pid or 0


@pytest.fixture
def ear() -> Iterator[Callable[..., Ear]]:
    made: list[Ear] = []

    def listen(*args: Any, **timing: float) -> Ear:
        made.append(Ear(*args, **timing))
        return made[-1]

    yield listen
    for each in made:
        each.keeper.stop(5)


@pytest.mark.parametrize("vessel", VESSELS)
def test_a_job_is_drawn_and_told_in_order(ear: Callable[..., Ear], vessel: str):
    listener = ear(vessel)
    one = job(count=2)
    listener.keeper.send(listener.ready(), Take(one, frozenset({0})))
    listener.event(Done)
    events = [w.message.event for w in listener.said if isinstance(w.message, Happened)]
    assert [type(e) for e in events] == [Started, *[Stepped] * 5, Made, Done]
    assert [e.index for e in events if isinstance(e, Made)] == [1]


@pytest.mark.parametrize("vessel", VESSELS)
def test_a_dropped_job_is_not_heard_of_again_and_others_go_on(ear: Callable[..., Ear], vessel: str):
    listener = ear(vessel)
    worker = listener.ready()
    gone, stays = job(count=16), job()
    listener.keeper.send(worker, Take(gone))
    listener.event(Made)
    listener.keeper.send(worker, Drop(gone.id))
    listener.keeper.send(worker, Take(stays))
    assert listener.event(Done).job == stays.id


@pytest.mark.parametrize("vessel", VESSELS)
def test_a_stopped_worker_finishes_its_step_and_says_so(ear: Callable[..., Ear], vessel: str):
    listener = ear(vessel)
    listener.keeper.send(listener.ready(), Take(job(count=16)))
    listener.event(Made)
    listener.keeper.stop(5)
    gone = listener.until(lambda m: isinstance(m, Gone)).message
    assert isinstance(gone, Gone)
    assert gone.orderly
    assert any(isinstance(w.message, Stopped) for w in listener.said)


@pytest.mark.parametrize("vessel", VESSELS)
def test_an_error_that_belongs_to_no_job_ends_the_worker_and_a_fresh_one_comes(ear: Callable[..., Ear], vessel: str):
    listener = ear(vessel, pause=0.05)
    first = listener.ready()
    listener.keeper.send(first, Take(job(prompt="crash")))
    gone = listener.until(lambda m: isinstance(m, Gone))
    assert gone == Word(first, Gone(False, gone.message.how if isinstance(gone.message, Gone) else ""))
    second = listener.ready()
    assert second != first
    listener.keeper.send(first, Take(job()))  # meant for the dead one: the living one must not get it
    one = job()
    listener.keeper.send(second, Take(one))
    assert listener.event(Done).job == one.id


@pytest.mark.parametrize("vessel", VESSELS)
def test_a_job_that_cannot_be_begun_fails_alone(ear: Callable[..., Ear], vessel: str):
    listener = ear(vessel)
    listener.keeper.send(listener.ready(), Take(job(prompt="refuse")))
    failed = listener.event(Failed)
    assert isinstance(failed, Failed)
    assert failed.problem.code == "prompt.refused"


def test_what_a_worker_said_before_kill_9_is_heard(ear: Callable[..., Ear]):
    listener = ear("process", pause=0.05)
    listener.keeper.send(listener.ready(), Take(job(prompt="die")))
    gone = listener.until(lambda m: isinstance(m, Gone)).message
    assert isinstance(gone, Gone)
    assert gone.how == f"exit code {-signal.SIGBUS}"
    assert any(isinstance(w.message, Happened) for w in listener.said)


def test_a_worker_without_heartbeat_is_killed_and_replaced(ear: Callable[..., Ear]):
    listener = ear("process", pause=0.05, lease=2.5)
    listener.keeper.send(listener.ready(), Take(job(prompt="stuck")))
    gone = listener.until(lambda m: isinstance(m, Gone)).message
    assert gone == Gone(False, f"exit code {-signal.SIGKILL}")
    listener.ready()


def slow_start() -> Any:
    time.sleep(6)
    return make()


def test_a_long_load_is_not_taken_for_death(ear: Callable[..., Ear]):
    listener = ear("process", slow_start, lease=5)  # on a busy machine a process takes seconds until its first word
    listener.ready()
    assert sum(isinstance(w.message, Beat) for w in listener.said) >= 2
    assert not any(isinstance(w.message, Gone) for w in listener.said)


def test_sigterm_to_the_worker_is_an_orderly_leave(ear: Callable[..., Ear]):
    listener = ear("process", pause=0.05)
    listener.keeper.send(listener.ready(), Take(job(count=16)))
    listener.event(Made)
    os.kill(listener.pid(), signal.SIGTERM)
    gone = listener.until(lambda m: isinstance(m, Gone)).message
    assert gone == Gone(True, "exit code 0")


def test_the_pause_between_workers_grows_and_a_finished_job_resets_it(ear: Callable[..., Ear]):
    listener = ear("process", pause=0.05)
    for expected in (0.1, 0.2):
        listener.keeper.send(listener.ready(), Take(job(prompt="die")))
        listener.until(lambda m: isinstance(m, Gone))
        time.sleep(0.3)
        assert listener.keeper.pause == pytest.approx(expected)
    listener.keeper.send(listener.ready(), Take(job()))
    listener.event(Done)
    assert listener.keeper.pause == pytest.approx(0.05)


SERVER = """
import sys, time
from engine.workers.local import Process
from tests.engine.workers.quick import make_slow
worker = Process(make_slow)
print(worker.process.pid, flush=True)
time.sleep(60)
"""


def test_a_worker_does_not_outlive_a_server_that_was_killed():
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    assert server.stdout
    worker = psutil.Process(int(server.stdout.readline()))
    time.sleep(0.3)
    server.kill()
    server.wait()
    server.stdout.close()
    gone, alive = psutil.wait_procs([worker], timeout=10)
    assert not alive, gone


def test_the_worker_does_not_import_the_main_script_of_the_server(tmp_path: Any):
    script = tmp_path / "main.py"
    script.write_text(
        "print('imported as', __name__, flush=True)\n"
        "from engine.workers.local import Process\n"
        "from tests.engine.workers.quick import make\n"
        "worker = Process(make)\n"
        "while 'Ready' not in type(worker.connection.recv()).__name__: pass\n"
        "worker.kill()\n"
    )
    told = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": "."}
    )
    assert told.stdout.split("\n") == ["imported as __main__", ""], told.stderr


@pytest.mark.skipif(os.name == "nt", reason="needs signals that stop a process")
def test_a_worker_that_hangs_with_a_full_pipe_is_killed_and_does_not_hold_up_the_server(ear: Callable[..., Ear]):
    listener = ear("process", pause=0.05, lease=2)
    first = listener.ready()
    os.kill(listener.pid(), signal.SIGSTOP)
    large = job(prompt="🦜" * 20_000)
    sender = threading.Thread(target=lambda: [listener.keeper.send(first, Take(large)) for _ in range(20)], daemon=True)
    sender.start()
    gone = listener.until(lambda m: isinstance(m, Gone))
    assert gone.worker == first
    sender.join(5)
    assert not sender.is_alive()
    assert listener.ready() != first
