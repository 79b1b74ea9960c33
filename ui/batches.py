"""Several jobs from one press: each begins with the seed after the last picture of the one before."""

from typing import Any

from engine.job import Job


def seeds_after(job: Job) -> dict[str, str]:
    """The seeds of the job that continues this one, as a form takes them; what was drawn by lot stays drawn."""
    request = job.drawn.picture(job.drawn.output.count)
    seeds: dict[str, Any] = {"seed": request.sampling.seed, "variation_seed": request.noise.variation_seed}
    return {name: str(value) for name, value in seeds.items()}
