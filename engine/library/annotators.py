"""The files in models/annotators that a preprocessor's network is read from, and what is said of one that is not there."""

from pathlib import PurePath

from engine.errors import AtelierError, BadRequest, Problem
from engine.library.addition import Addition
from engine.library.model import as_error
from engine.library.shelf import Shelf
from engine.request.preprocessors import PREPROCESSOR_FACTS


def problem_of(name: str, annotators: Shelf) -> Problem | None:
    """Why a preprocessor cannot be used at this moment. It goes by the shelf's last scan."""
    try:
        found_of(name, annotators)
    except AtelierError as error:
        return error.problem
    return None


def files_of(name: str, annotators: Shelf, field: str = "preprocessor") -> list[Addition]:
    """In the order of PreprocessorFacts.files; looked for again when one is not there. Raises BadRequest or ModelDamaged."""
    try:
        try:
            return found_of(name, annotators)
        except AtelierError:
            annotators.refresh()
            return found_of(name, annotators)
    except AtelierError as error:
        error.problem = error.problem.model_copy(update={"field": field})
        raise


def found_of(name: str, annotators: Shelf) -> list[Addition]:
    return [one(name, file, annotators) for file in PREPROCESSOR_FACTS[name].files]


def one(name: str, file: str, annotators: Shelf) -> Addition:
    found = annotators.named(PurePath(file).stem)
    if not found:
        raise BadRequest(
            "preprocessor.missing",
            f"The preprocessor {name} needs the file {file}.",
            "Put it into models/annotators (as .safetensors or as it comes), or choose another.",
            name=name,
            file=file,
        )
    best = min(found, key=lambda addition: addition.path.suffix.lower() != ".safetensors")
    if best.problem:
        raise as_error(best.problem)
    return best
