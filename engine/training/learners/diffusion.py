"""The loss of denoising, for every method that trains a UNet or what stands beside it."""

from abc import abstractmethod
from typing import cast

import torch
from torch import Tensor, nn

from engine.errors import BadRequest
from engine.library.load import LoadedModel
from engine.prompt.encode import hidden
from engine.request.training import TrainingRequest
from engine.training import objective, rng
from engine.training.learners.learner import Batch, Chance, Learner


class Diffusion(Learner):
    """The networks are the loaded model's own: a training process has one model and does not lend it."""

    def __init__(self, model: LoadedModel, request: TrainingRequest):
        super().__init__()
        self.model, self.request = model, request
        self.unet, self.text_encoder = model.unet, model.text_encoder
        for network in (model.unet, model.text_encoder, model.vae):
            network.requires_grad_(False)
        asked = request.objective
        if asked.prediction == "as the model":
            self.prediction = str(model.scheduler_config["prediction_type"])
        else:
            self.prediction = asked.prediction
        if asked.zero_terminal_snr and self.prediction != "v_prediction":
            raise BadRequest(
                "training.ztsnr",
                "Zero terminal SNR needs v-prediction, and this model predicts noise.",
                "Switch it off, or choose a model with v-prediction.",
                field="zero_terminal_snr",
            )
        self.alphas = objective.alphas_of(model.scheduler_config, asked.zero_terminal_snr)
        model.scheduler_config["prediction_type"] = self.prediction  # samples are drawn with what is learned
        if asked.zero_terminal_snr:
            model.scheduler_config["rescale_betas_zero_snr"] = True
        if request.loop.checkpointing:
            model.unet.enable_gradient_checkpointing()

    # -- what a method adds

    def answer(self, noisy: Tensor, times: Tensor, context: Tensor, batch: Batch) -> Tensor:
        return self.unet(noisy, times, encoder_hidden_states=context, return_dict=False)[0]

    @abstractmethod
    def untrained(self, noisy: Tensor, times: Tensor, context: Tensor, batch: Batch) -> Tensor:
        """What the model answered before the training; without gradients."""

    # -- losses

    def forward(self, batch: Batch, chance: Chance) -> Tensor:
        weights = objective.weights(self.request.objective, self.prediction, self.alphas, chance.times)
        return self.plain(batch, chance) * weights.to(batch.counts.device) * batch.counts

    def plain(self, batch: Batch, chance: Chance) -> Tensor:
        latents = self.latents(batch, chance.posterior)
        noise = chance.noise.to(latents)
        stirred = noise if chance.extra is None else noise + chance.extra.to(latents)
        noisy = objective.noisy(latents, stirred, self.alphas, chance.times)
        times = chance.times.to(latents.device)
        context = self.context(batch)
        answer = self.answer(noisy, times, context, batch)
        wanted = objective.target(self.prediction, latents, noise, self.alphas, chance.times)
        if bool(batch.prior.any()):
            with torch.no_grad():
                own = self.untrained(noisy, times, context.detach(), batch)
            wanted = torch.where(batch.prior.view(-1, 1, 1, 1), own.to(wanted), wanted)
        asked = self.request.objective
        loss = objective.elementwise(asked.loss, answer, wanted, asked.huber_delta)
        return objective.per_picture(loss, batch.mask)

    def latents(self, batch: Batch, posterior: Tensor) -> Tensor:
        mean, std = cast(Tensor, batch.mean), cast(Tensor, batch.std)
        return (mean + std * posterior.to(mean)) * self.model.vae.config["scaling_factor"]

    def context(self, batch: Batch) -> Tensor:
        if batch.context is not None:
            return batch.context
        return hidden(self.text_encoder, cast(Tensor, batch.tokens), self.request.base.clip_skip)

    # -- chance

    def draw(self, batch: Batch, seed: int, micro_step: int) -> Chance:
        asked, shape = self.request.objective, shape_of(batch)
        places = list(zip(range(batch.size), batch.items, strict=True))  # an item may come twice in a batch
        extra = None
        if asked.input_perturbation:
            drawn = [rng.normal(shape, seed, "perturbation", micro_step, i, item) for i, item in places]
            extra = asked.input_perturbation * torch.stack(drawn)
        return Chance(
            posterior=torch.stack([rng.normal(shape, seed, "posterior", micro_step, i, item) for i, item in places]),
            times=objective.timesteps(asked, batch.size, seed, micro_step),
            noise=torch.stack(
                [objective.noise_for(asked, shape, seed, micro_step, f"{i}/{item}") for i, item in places]
            ),
            extra=extra,
        )

    def probe(self, batch: Batch, seed: int, look: int) -> Chance:
        """Timesteps in the middle of `probes` equal parts."""
        asked, shape = self.request.objective, shape_of(batch)
        part = (look + 0.5) / self.probes
        time = int(asked.min_timestep + part * (asked.max_timestep - asked.min_timestep))
        return Chance(
            posterior=torch.zeros(batch.size, *shape),
            times=torch.full((batch.size,), time),
            noise=torch.stack([rng.normal(shape, seed, "probe", look, item) for item in batch.items]),
        )


def shape_of(batch: Batch) -> tuple[int, ...]:
    return tuple(cast(Tensor, batch.mean).shape[1:])


def named(network: nn.Module, prefix: str) -> dict[str, nn.Parameter]:
    """The weights of a network that are trained."""
    return {f"{prefix}.{name}": weight for name, weight in network.named_parameters() if weight.requires_grad}


def learning_rate(request: TrainingRequest, text: bool = False) -> float:
    asked = request.optimisation
    return (asked.text_encoder_learning_rate if text else 0.0) or asked.learning_rate
