"""TrainingRequest: everything a person can ask of one training run, and its parameters as a table."""

from collections.abc import Mapping
from typing import Any, Self, get_args

from pydantic import BaseModel, ValidationError, model_validator

from engine.errors import BadRequest
from engine.request.parts import Part
from engine.request.problems import explain, shorten, unknown
from engine.request.schema import Parameter, parameter
from engine.request.training_methods import LoRA, Method
from engine.request.training_parts import (
    Augment,
    Base,
    Captions,
    Data,
    Every,
    Loop,
    Objective,
    Optimisation,
    Product,
    Samples,
)


class TrainingRequest(Part):
    """Frozen; a run's folder keeps it as it was asked."""

    base: Base = Base()
    method: Method = LoRA()
    data: Data = Data()
    captions: Captions = Captions()
    augment: Augment = Augment()
    objective: Objective = Objective()
    optimisation: Optimisation = Optimisation()
    loop: Loop = Loop()
    every: Every = Every()
    samples: Samples = Samples()
    product: Product = Product()

    def with_(self, **parts: dict[str, Any]) -> Self:
        """A copy with some values changed, part by part; another kind of method begins with its own defaults."""
        data = self.model_dump()
        for part, values in parts.items():
            other = part == "method" and values.get("kind", data[part]["kind"]) != data[part]["kind"]
            data[part] = values if other else {**data[part], **values}
        return type(self).model_validate(data)

    @model_validator(mode="after")
    def fits_together(self) -> Self:
        objective = self.objective
        if objective.min_timestep >= objective.max_timestep:
            raise BadRequest(
                "training.timesteps",
                "The first timestep must come before the last.",
                "Use 0 and 1000 for all of them.",
                field="min_timestep",
            )
        if objective.zero_terminal_snr and objective.prediction == "epsilon":
            raise BadRequest(
                "training.ztsnr",
                "Zero terminal SNR needs v-prediction: noise alone says nothing about itself.",
                "Choose v_prediction, or switch it off.",
                field="zero_terminal_snr",
            )
        return self


METHODS: dict[str, type[Part]] = {kind.model_fields["kind"].default: kind for kind in get_args(get_args(Method)[0])}


def parameters() -> dict[str, Parameter]:
    """By name; a method's own are called "lora.rank", and their `start` is the method."""
    table: dict[str, Parameter] = {}
    for part, holder in TrainingRequest.model_fields.items():
        kind = holder.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            for name, field in kind.model_fields.items():
                table[name] = parameter(name, part, field)
    for key, kind in METHODS.items():
        for name, field in kind.model_fields.items():
            if name != "kind":
                table[f"{key}.{name}"] = parameter(name, "method", field, key)
    return table


TRAINING_PARAMETERS: dict[str, Parameter] = parameters()


def read(values: Mapping[str, Any]) -> TrainingRequest:
    """Build a request from parameters by name; what is not given keeps its default.

    `method` names the kind of method ("lora", "full" ...); parameters of other methods are left aside, so that a form
    may keep them all. `concepts` is a list of dictionaries. Raises BadRequest for an unknown name or a bad value.
    """
    kind = values.get("method", "lora")
    if not isinstance(kind, str) or kind not in METHODS:
        raise BadRequest(
            "training.method",
            f"There is no method '{shorten(kind)}'.",
            f"Choose one of: {', '.join(METHODS)}.",
            field="method",
        )
    data: dict[str, dict[str, Any]] = {"method": {"kind": kind}}
    for name, value in values.items():
        if name == "method":
            continue
        known = TRAINING_PARAMETERS.get(name)
        if known is None:
            raise unknown(name, TRAINING_PARAMETERS)
        if known.start in (None, kind):
            data.setdefault(known.part, {})[known.name] = value
    try:
        return TrainingRequest.model_validate(data)
    except ValidationError as error:
        raise explain(error, TRAINING_PARAMETERS) from None


def flat(request: TrainingRequest) -> dict[str, Any]:
    """The request as one dictionary by parameter name: what `read` takes."""
    data = request.model_dump()
    method = data.pop("method")
    kind = method.pop("kind")
    values = {name: value for part in data.values() for name, value in part.items()}
    return {"method": kind, **{f"{kind}.{name}": value for name, value in method.items()}, **values}
