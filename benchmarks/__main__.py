"""`python -m benchmarks [name ...]`: run them all, or those named, and print the tables."""

import argparse
import importlib

from engine.settings import prepare_environment

ALL = {
    "loop": "Our loop and diffusers' pipeline, per picture",
    "sharing": "Several people at once",
    "fused": "Eight jobs' steps at once",
    "control": "An uncontrolled job beside a controlled one",
    "bf16": "Number formats, full-size random Stable Diffusion 1.5 at 256 px",
    "loading": "Loading a single file of 2.1 GB",
    "gallery": "A gallery of 100,000 pictures",
    "prompts": "Hostile prompts, 100 kB of each operator",
    "guard": "What the guard adds to a request",
    "startup": "From the command to the picture",
    "canvas": "The drawing canvas: 500 moves of a pointer",
    "load": "A hundred people at once",
    "training": "A LoRA training and diffusers' example script",
    "cpu-training": "A training step on a CPU in bfloat16",
    "training-crash": "A training run killed again and again",
    "marking": "Saving with marks",
    "safety": "Looking at a finished picture",
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("names", nargs="*", choices=[*ALL, []], help="which; all of them when none is named")
    arguments.add_argument("--runs", type=int, default=5)
    given = arguments.parse_args()
    prepare_environment()
    from benchmarks.table import show

    for name in given.names or ALL:
        measure = importlib.import_module(f"benchmarks.{name.replace('-', '_')}").measure
        print(show(ALL[name], measure(given.runs)), flush=True)


if __name__ == "__main__":
    main()
