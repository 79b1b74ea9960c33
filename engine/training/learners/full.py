"""Full fine-tuning and training from nothing: every weight of the UNet and, where wanted, of the text encoder."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from engine.errors import BadRequest
from engine.library.load import LoadedModel
from engine.request.training import TrainingRequest
from engine.request.training_methods import Full
from engine.training.export.folder import write_model
from engine.training.learners.diffusion import Diffusion, learning_rate, named
from engine.training.learners.learner import Batch, Group


class FullLearner(Diffusion):
    def __init__(self, model: LoadedModel, request: TrainingRequest, method: Full):
        super().__init__(model, request)
        self.method = method
        if not (method.unet or method.text_encoder):
            raise BadRequest(
                "training.nothing", "Nothing is trained.", "Train the UNet, the text encoder, or both.", field="unet"
            )
        if request.data.prior_prediction:
            raise BadRequest(
                "training.prior",
                "A full training has no untrained model beside it whose answers could be kept.",
                "Train a LoRA, or give pictures of the part `prior` and switch this off.",
                field="prior_prediction",
            )
        model.unet.requires_grad_(method.unet)
        model.text_encoder.requires_grad_(method.text_encoder)
        if request.loop.checkpointing and method.text_encoder:
            model.text_encoder.gradient_checkpointing_enable()

    @property
    def reads(self) -> bool:
        return self.method.text_encoder

    def groups(self) -> list[Group]:
        parts = (("unet", self.unet, False), ("text_encoder", self.text_encoder, True))
        found = [Group(name, named(network, name), learning_rate(self.request, text)) for name, network, text in parts]
        return [group for group in found if group.weights]

    def untrained(self, noisy: Tensor, times: Tensor, context: Tensor, batch: Batch) -> Tensor:
        raise AssertionError("a full training refuses `prior_prediction`, and nothing else asks for this")

    def product(self, folder: Path, name: str, about: Mapping[str, str]) -> list[Path]:
        return [write_model(self.model, folder / name, self.request, about)]
