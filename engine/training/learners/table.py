"""The learner of each method."""

from collections.abc import Callable
from typing import Any

from engine.library.load import LoadedModel
from engine.request.training import TrainingRequest
from engine.training.learners.autoencoder import AutoencoderLearner
from engine.training.learners.controlnet import ControlNetLearner
from engine.training.learners.full import FullLearner
from engine.training.learners.learner import Learner
from engine.training.learners.lora import LoRALearner
from engine.training.learners.textual_inversion import TextualInversionLearner

LEARNERS: dict[str, Callable[[LoadedModel, TrainingRequest, Any], Learner]] = {
    "lora": LoRALearner,
    "textual_inversion": TextualInversionLearner,
    "full": FullLearner,
    "controlnet": ControlNetLearner,
    "vae": AutoencoderLearner,
}


def learner(model: LoadedModel, request: TrainingRequest) -> Learner:
    return LEARNERS[request.method.kind](model, request, request.method)
