"""A training run killed with SIGKILL at random moments, again and again: every end must equal that of the straight run."""

import random
import tempfile
import time
from pathlib import Path

from benchmarks.table import Row, timed
from engine.training.run_folder import RunFolder
from tests.engine.training import making, running

KILLS = 50
A_RUN = 5  # kills of one run before it may end


def measure(runs: int) -> list[Row]:
    """runs: not used; fifty kills are the promise."""
    lots = random.Random(20261125)
    stops: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        drawn = making.pictures(place / "pictures", 8)
        straight = running.made(place / "straight", running.asked(drawn))
        assert running.run(straight) == 0, straight.last_words()
        events = len(running.told(straight))
        killed = saving = ended = 0
        while killed < KILLS:
            run = running.made(place / f"run{ended}", running.asked(drawn))
            for _ in range(A_RUN):
                hit = kill(run, lots, events)
                killed += hit
                saving += bool(hit and any(run.states.glob(".*")))
            assert running.run(run) == 0, run.last_words()
            assert running.losses(run) == running.losses(straight)
            assert running.equal(run, straight)
            assert running.products(run) == running.products(straight)
            ended += 1
        for number in range(5):
            stops.append(stopped(running.made(place / f"stop{number}", running.asked(drawn, length=500, measure=0))))
    return [
        timed("killed while it lived", [float(killed)], "times", f">= {KILLS}"),
        timed("of them in the middle of a save", [float(saving)], "times"),
        timed("runs that ended with the bits of the straight one", [float(ended)], f"of {ended}", "all"),
        timed("from the command to stop to the end of the process's run", stops, "steps and saves", "<= 2"),
    ]


def kill(run: RunFolder, lots: random.Random, events: int) -> bool:
    """At a moment drawn from all that a run tells; half of them in a save, if there is one. Whether it lived then."""
    wanted = len(running.told(run)) + lots.randrange(1, events)
    in_a_save, wait = lots.random() < 0.5, lots.random() * 0.2
    process = running.Process(run)
    process.until(lambda: len(running.told(run)) >= wanted)
    if in_a_save:
        process.until(lambda: any(run.states.glob(".*.part")))
    else:
        time.sleep(wait)
    lived = process.alive
    process.kill()
    return lived


def stopped(run: RunFolder) -> float:
    """Seconds from the command to the end, as a multiple of a step and a save of this very run."""
    process = running.Process(run)
    process.until_told("step", 3)
    begun = time.time()
    run.command("stop")
    process.wait()
    events = running.told(run)
    step = max(event.seconds for event in events if event.kind == "step")
    save = max(event.seconds for event in events if event.kind == "saved")
    return (events[-1].time - begun) / (step + save)
