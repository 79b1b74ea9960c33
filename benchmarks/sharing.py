"""Eight people's pictures together and one after another, and how long the second waits for a first step."""

from benchmarks.drawing import finish, job, painter
from benchmarks.table import Row, interleaved, ratio, seconds, timed
from engine.denoise.painter import Painter
from engine.events import Stepped

PEOPLE = 8


def measure(runs: int) -> list[Row]:
    rows: list[Row] = []
    with painter(dtype="auto") as made:

        def together() -> None:
            for seed in range(PEOPLE):
                made.add(job(made, seed=seed))
            finish(made)

        def in_turn() -> None:
            for seed in range(PEOPLE):
                made.add(job(made, seed=seed))
                finish(made)

        taken = interleaved({"together": together, "in turn": in_turn}, runs)
        rows.append(timed(f"{PEOPLE} pictures together", taken["together"]))
        rows.append(ratio("together / one after another", taken["together"], taken["in turn"]))
        waits = [second(made) for _ in range(runs)]
        rows.append(timed("steps of the first user before the second's first", waits, "steps", "<= 1"))
        rows.append(timed("a step", [a_step(made) for _ in range(runs)]))
    return rows


def second(made: Painter) -> float:
    """How often the first user's running job steps between the second's arrival and the second's first step."""
    first = job(made, steps=30)
    made.add(first)
    for _ in range(8):
        list(made.step())
    other = job(made, seed=1)
    made.add(other)
    steps = 0
    while True:
        stepped = [e.job for e in made.step() if isinstance(e, Stepped)]
        if other.id in stepped:
            finish(made)
            return float(steps)
        steps += stepped.count(first.id)


def a_step(made: Painter) -> float:
    made.add(job(made, steps=10))
    list(made.step())
    taken = seconds(lambda: list(made.step()))
    finish(made)
    return taken
