"""What all tests share: the environment of the studio's processes, set before anything imports torch."""

import gc
import os

from engine.settings import prepare_environment

# The models are tiny: threads that wait for each other cost far more than they save, above all beside other work.
os.environ.setdefault("OMP_NUM_THREADS", "1")
prepare_environment()


def pytest_collection_finish() -> None:
    """What is imported by now stays. Without looking through it again and again, giving back a model is quick."""
    gc.freeze()


def pytest_unconfigure() -> None:
    """Some libraries complain of what is still there at the very end."""
    gc.unfreeze()
