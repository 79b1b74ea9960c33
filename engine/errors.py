"""What can go wrong, in words a person can act on: every error names the field and the remedy."""

from pydantic import BaseModel, ConfigDict


class Problem(BaseModel):
    """An error that travels: `code` selects a translation, `values` fill it, `message` and `remedy` are the English."""

    model_config = ConfigDict(frozen=True)

    code: str
    message: str
    remedy: str = ""
    field: str | None = None
    values: dict[str, str | int | float] = {}

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class AtelierError(Exception):
    """The root of the errors that we raise on purpose; its text may be shown to anyone (no paths, no traceback)."""

    def __init__(
        self, code: str, message: str, remedy: str = "", *, field: str | None = None, **values: str | int | float
    ):
        self.problem = Problem(code=code, message=message, remedy=remedy, field=field, values=values)
        super().__init__(str(self.problem))


class BadRequest(AtelierError):
    """The request cannot be drawn as it stands."""


class NotFound(AtelierError):
    """There is no such job, picture or model (or it is somebody else's)."""


class ModelDamaged(AtelierError):
    """A model file cannot be used: truncated, incomplete, not a model, or full of NaN."""


class OutOfMemory(AtelierError):
    """The device has too little memory for this picture."""


class DiskFull(AtelierError):
    """Too little room on the disk to accept or store a picture."""


class Busy(AtelierError):
    """The queue is full; `values["retry_after"]` says in how many seconds to come back."""


class CannotSign(AtelierError):
    """A file cannot get the signature that it is to have."""


class InUse(AtelierError):
    """A port or a data folder belongs to another process."""


INTERNAL = Problem(
    code="internal",
    message="Something went wrong inside the studio; the job was stopped.",
    remedy="Try again; the server's log tells what happened.",
)
