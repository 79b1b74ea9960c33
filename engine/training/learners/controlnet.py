"""A ControlNet, begun as a copy of the UNet's encoder with silent outputs."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import torch
from diffusers import ControlNetModel
from torch import Tensor

from engine.library.load import LoadedModel
from engine.library.load_control import LoadedControl, taken_out
from engine.request.training import TrainingRequest
from engine.request.training_methods import ControlNet
from engine.training.export.controlnet import write_controlnet
from engine.training.learners.diffusion import Diffusion, learning_rate, named
from engine.training.learners.learner import Batch, Group

FOLLOWED = "0" * 10  # in place of a hash: it has none before it is a file


class ControlNetLearner(Diffusion):
    def __init__(self, model: LoadedModel, request: TrainingRequest, method: ControlNet):
        super().__init__(model, request)
        self.method = method
        factor = 2 ** (len(model.vae.config["block_out_channels"]) - 1)
        channels = (
            (16, 32, 96, 256) if factor == 8 else (16, 32, 96, 256)[: len(model.vae.config["block_out_channels"])]
        )
        self.controlnet = ControlNetModel.from_unet(model.unet, conditioning_embedding_out_channels=channels)
        self.controlnet.requires_grad_(True).to(device=model.device, dtype=torch.float32)  # pyright: ignore
        if request.loop.checkpointing:
            self.controlnet.enable_gradient_checkpointing()

    def groups(self) -> list[Group]:
        return [Group("controlnet", named(self.controlnet, "controlnet"), learning_rate(self.request))]

    def answer(self, noisy: Tensor, times: Tensor, context: Tensor, batch: Batch) -> Tensor:
        down, middle = self.controlnet(
            noisy, times, encoder_hidden_states=context, controlnet_cond=cast(Tensor, batch.control), return_dict=False
        )
        return self.unet(
            noisy,
            times,
            encoder_hidden_states=context,
            down_block_additional_residuals=down,
            mid_block_additional_residual=middle,
            return_dict=False,
        )[0]

    def untrained(self, noisy: Tensor, times: Tensor, context: Tensor, batch: Batch) -> Tensor:
        return super().answer(noisy, times, context, batch)

    def follower(self) -> LoadedControl:
        model = self.model
        copy = cast(ControlNetModel, ControlNetModel.from_config(self.controlnet.config))
        copy.load_state_dict(self.controlnet.state_dict())
        copy.requires_grad_(False).eval().to(device=model.device, dtype=model.dtype)  # pyright: ignore
        return LoadedControl("training", FOLLOWED, model.dtype, model.device, 0, {}, copy, taken_out(copy))

    def product(self, folder: Path, name: str, about: Mapping[str, str]) -> list[Path]:
        return [write_controlnet(self.controlnet, folder / name, self.request, about)]
