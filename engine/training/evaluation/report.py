"""The report of a run or of an evaluation: one HTML file with everything inside. It needs no torch."""

from pathlib import Path

from engine.errors import NotFound
from engine.training.evaluation.report_numbers import of_evaluation
from engine.training.evaluation.report_run import of_run
from engine.training.evaluation.results import read_results
from engine.training.run_folder import RunFolder


def report(folder: Path) -> str:
    """Of a run's folder, or of the folder of an evaluation. Raises NotFound when it is neither."""
    if (folder / "request.json").exists():
        return of_run(RunFolder(folder))
    results = read_results(folder)
    if results is None:
        raise NotFound("training.report", "There is no run and no evaluation here.", "Name the folder of one.")
    return of_evaluation(folder, results)
