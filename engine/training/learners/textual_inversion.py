"""Textual inversion: a new word whose vectors are learned while every network stays as it is."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from engine.errors import BadRequest
from engine.library.load import LoadedModel
from engine.prompt.encode import hidden
from engine.request.training import TrainingRequest
from engine.request.training_methods import TextualInversion
from engine.training.export.folder import write_tensors
from engine.training.learners.diffusion import Diffusion, learning_rate
from engine.training.learners.learner import Batch, Group


class TextualInversionLearner(Diffusion):
    """The word's tokens stand behind the vocabulary; a caption that lacks it gets it in front (data/captions.py)."""

    def __init__(self, model: LoadedModel, request: TrainingRequest, method: TextualInversion):
        super().__init__(model, request)
        self.method = method
        tokenizer: Any = model.tokenizer
        encoder: Any = model.text_encoder
        if tokenizer.add_tokens(method.tokens) != method.vectors:
            raise BadRequest(
                "training.word",
                f"The model knows '{method.token}' already.",
                "Choose a word that nobody uses, such as <my-cat>.",
                field="token",
            )
        table = encoder.get_input_embeddings().weight.detach()
        initial = tokenizer(method.initial, add_special_tokens=False).input_ids if method.initial else []
        if initial:
            rows = table[torch.tensor([initial[i % len(initial)] for i in range(method.vectors)])]
        else:
            rows = table.mean(0, keepdim=True).repeat(method.vectors, 1)
        self.vectors = nn.Parameter(rows.float().clone())
        self.known = len(table)
        self.table = table

    @property
    def reads(self) -> bool:
        return True

    def groups(self) -> list[Group]:
        return [Group("vectors", {"vectors": self.vectors}, learning_rate(self.request))]

    def knowing(self) -> "embedded":
        return embedded(self.text_encoder, torch.cat([self.table, self.vectors.to(self.table)]))

    def said(self, prompt: str) -> str:
        return self.method.spelled(prompt)

    def context(self, batch: Batch) -> Tensor:
        with self.knowing():
            return hidden(self.text_encoder, cast(Tensor, batch.tokens), self.request.base.clip_skip)

    def untrained(self, noisy: Tensor, times: Tensor, context: Tensor, batch: Batch) -> Tensor:
        with embedded(
            self.text_encoder, torch.cat([self.table, self.table.mean(0, keepdim=True).repeat(self.method.vectors, 1)])
        ):
            own = hidden(self.text_encoder, cast(Tensor, batch.tokens), self.request.base.clip_skip)
        return self.answer(noisy, times, own, batch)

    def product(self, folder: Path, name: str, about: Mapping[str, str]) -> list[Path]:
        """AUTOMATIC1111's layout: one tensor `emb_params` (vectors, width)."""
        path = folder / f"{name}.safetensors"
        vectors = self.vectors.detach().float().cpu().contiguous()
        write_tensors(path, {"emb_params": vectors}, {**about, "token": self.method.token})
        return [path]


class embedded(AbstractContextManager[None]):
    """The text encoder looks words up in this table for as long as it lasts; gradients reach it."""

    def __init__(self, encoder: Any, table: Tensor):
        self.place, self.table = encoder.get_input_embeddings(), table

    def __enter__(self) -> None:
        self.before = self.place.forward
        self.place.forward = lambda ids: nn.functional.embedding(ids, self.table)

    def __exit__(self, *error: object) -> None:
        self.place.forward = self.before
