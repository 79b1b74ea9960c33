"""The product of a saved state, as it would be had the run ended there: `python -m engine.training.version RUN STEP FOLDER`."""

import sys
from pathlib import Path

from engine.settings import prepare_environment


def main(run: str, step: str, into: str) -> None:
    prepare_environment()
    from engine.training import state
    from engine.training.feed import Feed
    from engine.training.learners.table import learner
    from engine.training.run import House, Run
    from engine.training.run_folder import RunFolder
    from engine.training.trainer import Trainer, accelerator_for

    folder = RunFolder(Path(run))
    made = Run(folder, House.of(folder.noted("house")))
    made.model = made.load()
    taught = learner(made.model, made.request)
    feed = Feed(made.model, made.request, [], bool(getattr(taught, "reads", False)), None)
    taught.to(made.model.device)
    made.trainer = Trainer(made.request, taught, feed, accelerator_for(made.request, made.model.device))
    made.trainer.restore(state.load(folder.states / f"{int(step):06}"))
    Path(into).mkdir(parents=True, exist_ok=True)
    with made.trainer.averaged():
        taught.product(Path(into), made.request.product.name, made.about())


if __name__ == "__main__":
    main(*sys.argv[1:4])
