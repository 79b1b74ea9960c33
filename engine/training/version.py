"""The product of a saved state, as it would be had the run ended there: `python -m engine.training.version RUN STEP FOLDER`."""

import sys
from pathlib import Path

from engine.settings import prepare_environment


def main(run: str, step: str, into: str) -> None:
    prepare_environment()
    from engine.training import material, state
    from engine.training.feed import Feed
    from engine.training.learners.table import learner
    from engine.training.material import House
    from engine.training.run import Run
    from engine.training.run_folder import RunFolder
    from engine.training.trainer import Trainer

    folder = RunFolder(Path(run))
    made = Run(folder, House.of(folder.noted("house")))
    made.model = material.model(made.request, made.house, made.device, None)
    taught = learner(made.model, made.request)
    feed = Feed(made.model, made.request, [], taught.reads, None)
    taught.to(made.device)
    made.trainer = Trainer(made.request, taught, feed, made.accelerator)
    made.trainer.restore(state.load(folder.states / f"{int(step):06}"))
    for _ in made.export(Path(into)):
        pass


if __name__ == "__main__":
    main(*sys.argv[1:4])
