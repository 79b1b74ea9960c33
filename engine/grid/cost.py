"""What a picture costs in calls of the network, and how many steps of a sampler cost about as much."""

from engine.errors import BadRequest
from engine.request.samplers import FACTS

TOLERANCE = 0.1  # how far a cost may be from the wanted one and still be called equal


def evaluations(sampler: str, steps: int) -> int:
    return steps * FACTS[sampler].evaluations


def steps_for(sampler: str, budget: int) -> int:
    """The steps whose cost is nearest to `budget` calls; of two the fewer. Raises BadRequest where none is near."""
    steps = min(range(1, FACTS[sampler].max_steps + 1), key=lambda n: abs(evaluations(sampler, n) - budget))
    cost = evaluations(sampler, steps)
    if abs(cost - budget) > max(1, TOLERANCE * budget):
        raise BadRequest(
            "grid.cost",
            f"{sampler} cannot spend {budget} calls of the network: the nearest is {cost}.",
            "Choose other steps, or leave this sampler out.",
            field="sampler",
            sampler=sampler,
            budget=budget,
            nearest=cost,
        )
    return steps
