"""A LoRA training step as diffusers' example script makes it, re-created so that it can be given its chance.

What it does, in the order of examples/text_to_image/train_text_to_image_lora.py: read and transform the pictures and
tokenise their captions in a DataLoader, encode with the VAE and the text encoder, add noise, predict, mean square,
gather, backward, clip, AdamW, schedule, zero the gradients, and keep the progress bar's numbers.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from accelerate import Accelerator
from diffusers import DDPMScheduler
from diffusers.optimization import get_scheduler
from peft import LoraConfig
from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from engine.library.load import LoadedModel
from engine.request.training import TrainingRequest
from engine.training.data.items import Item
from engine.training.learners.learner import Chance

TARGETS = ["to_k", "to_q", "to_v", "to_out.0"]


class Pictures(Dataset[dict[str, Tensor]]):
    """Decoded and tokenised whenever they are asked for, like a dataset with a transform."""

    def __init__(self, items: list[Item], tokenizer: Any, resolution: int):
        self.items, self.tokenizer = items, tokenizer
        self.transform = transforms.Compose(
            [
                transforms.Resize(resolution, interpolation=transforms.InterpolationMode.BILINEAR),
                transforms.CenterCrop(resolution),
                transforms.ToTensor(),
                transforms.Normalize([0.5], [0.5]),
            ]
        )

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        item, length = self.items[index], self.tokenizer.model_max_length
        with Image.open(item.path) as picture:
            pixels: Any = self.transform(picture.convert("RGB"))
        text = list(item.captions)
        ids = self.tokenizer(text, max_length=length, padding="max_length", truncation=True, return_tensors="pt")
        return {"pixel_values": pixels, "input_ids": ids.input_ids[0]}


def collate(examples: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    pixels = torch.stack([one["pixel_values"] for one in examples])
    return {
        "pixel_values": pixels.to(memory_format=torch.contiguous_format).float(),
        "input_ids": torch.stack([one["input_ids"] for one in examples]),
    }


class Example:
    """Steps one after the other; `step(items, chance)` takes what is otherwise drawn."""

    def __init__(self, model: LoadedModel, items: list[Item], asked: TrainingRequest):
        from accelerate.state import AcceleratorState

        AcceleratorState._reset_state()
        self.accelerator = Accelerator(cpu=True)
        self.model, self.batch_size = model, asked.loop.batch
        self.unet: Any = model.unet
        for network in (model.unet, model.vae, model.text_encoder):
            network.requires_grad_(False)
        rank: Any = getattr(asked.method, "rank", 4)
        self.unet.add_adapter(LoraConfig(r=rank, lora_alpha=rank, init_lora_weights="gaussian", target_modules=TARGETS))
        self.layers = [weight for weight in self.unet.parameters() if weight.requires_grad]
        optimiser = torch.optim.AdamW(
            self.layers, lr=asked.optimisation.learning_rate, betas=(0.9, 0.999), weight_decay=1e-2, eps=1e-8
        )
        self.pictures = Pictures(items, model.tokenizer, asked.data.resolution)
        self.places = {item.id: index for index, item in enumerate(items)}
        loader = DataLoader(self.pictures, shuffle=True, collate_fn=collate, batch_size=self.batch_size)
        rate = get_scheduler("constant", optimizer=optimiser, num_warmup_steps=0, num_training_steps=10_000)
        self.unet, self.optimiser, self.loader, self.rate = self.accelerator.prepare(self.unet, optimiser, loader, rate)
        scheduler: Any = DDPMScheduler.from_config(model.scheduler_config)  # pyright: ignore[reportArgumentType]
        self.scheduler = scheduler
        self.batches = self.forever()
        self.told: dict[str, float] = {}
        self.unet.train()

    def take(self, weights: Mapping[str, Tensor]) -> None:
        """Begin with these small matrices."""
        own = dict(self.unet.named_parameters())
        with torch.no_grad():
            for name, weight in weights.items():
                own[name].copy_(weight)

    def forever(self) -> Iterator[dict[str, Tensor]]:
        while True:
            yield from self.loader

    def step(self, items: list[str] | None = None, chance: Chance | None = None) -> float:
        batch = collate([self.pictures[self.places[item]] for item in items]) if items else next(self.batches)
        vae: Any = self.model.vae
        with self.accelerator.accumulate(self.unet):
            found = vae.encode(batch["pixel_values"]).latent_dist
            latents = found.sample() if chance is None else found.mean + found.std * chance.posterior
            latents = latents * vae.config.scaling_factor
            noise = torch.randn_like(latents) if chance is None else chance.noise
            times = torch.randint(0, 1000, (latents.shape[0],)) if chance is None else chance.times
            noisy = self.scheduler.add_noise(latents, noise, times)
            context = self.model.text_encoder(batch["input_ids"], return_dict=False)[0]
            answer = self.unet(noisy, times, context, return_dict=False)[0]
            wanted = noise
            if self.scheduler.config["prediction_type"] == "v_prediction":
                wanted = self.scheduler.get_velocity(latents, noise, times)
            loss = F.mse_loss(answer.float(), wanted.float(), reduction="mean")
            everywhere: Any = self.accelerator.gather(loss.repeat(self.batch_size))
            mean = float(everywhere.mean().item())
            self.accelerator.backward(loss)
            if self.accelerator.sync_gradients:
                self.accelerator.clip_grad_norm_(self.layers, 1.0)
            self.optimiser.step()
            self.rate.step()
            self.optimiser.zero_grad()
        self.told = {"step_loss": loss.detach().item(), "lr": self.rate.get_last_lr()[0]}
        return mean
