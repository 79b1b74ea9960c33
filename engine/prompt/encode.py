"""Text to conditioning: chunks of as many tokens as the text encoder holds, encoded one by one, weighted and joined."""

from typing import Any

import torch

from engine.errors import BadRequest
from engine.library.load import LoadedModel
from engine.prompt.chunks import chunks, pieces
from engine.prompt.vectors import Vectors, looked_up
from engine.prompt.words import NONE, Words

MOST_CHUNKS = 200  # each is a call of the text encoder, during which nobody draws


def filled(
    tokenizer: Any, text: str, emphasis: str = "Original", words: Words = NONE
) -> list[tuple[list[int], list[float]]]:
    """(token ids, weights) by chunk, each with start, end and padding to the tokenizer's length; at least one chunk.

    words: those that stand for vectors, whose tokens are negative.

    Raises BadRequest for more than MOST_CHUNKS.
    """
    longest: int = tokenizer.model_max_length
    room = longest - 2

    def ids_of(part: str) -> list[int]:
        return tokenizer(part, add_special_tokens=False, truncation=False, verbose=False).input_ids

    parts = chunks(pieces(text, emphasis), words.atoms(ids_of), room, tokenizer.get_vocab().get(",</w>"))
    if len(parts) > MOST_CHUNKS:
        tokens = sum(len(part.ids) for part in parts)
        raise BadRequest(
            "prompt.tokens",
            f"The prompt has {tokens} tokens; this model reads at most {MOST_CHUNKS * room}.",
            "Shorten it.",
            field="prompt",
            tokens=tokens,
            most=MOST_CHUNKS * room,
        )
    made: list[tuple[list[int], list[float]]] = []
    for part in parts:
        ids = [tokenizer.bos_token_id, *part.ids, tokenizer.eos_token_id]
        weights = [1.0, *part.weights, 1.0]
        rest = longest - len(ids)
        made.append((ids + [tokenizer.pad_token_id] * rest, weights + [1.0] * rest))
    return made


@torch.inference_mode()
def encode(
    model: LoadedModel,
    text: str,
    clip_skip: int = 1,
    emphasis: str = "Original",
    vectors: Vectors | None = None,
) -> torch.Tensor:
    """(tokens, width) in the model's dtype. clip_skip counts as AUTOMATIC1111 does: 1 is the last layer.

    vectors: of the words that are embeddings.
    """
    parts: list[torch.Tensor] = []
    with looked_up(model.text_encoder, vectors):
        for ids, weights in filled(model.tokenizer, text, emphasis, vectors.words if vectors else NONE):
            found = hidden(model.text_encoder, torch.tensor([ids], device=model.device), clip_skip)[0]
            parts.append(weighted(found, weights, renormalise=emphasis == "Original"))
    return torch.cat(parts)


def hidden(encoder: Any, ids: torch.Tensor, clip_skip: int) -> torch.Tensor:
    """(n, tokens, width) of ids (n, tokens)."""
    if clip_skip == 1:
        return encoder(ids, return_dict=True).last_hidden_state
    layers = encoder(ids, output_hidden_states=True, return_dict=True).hidden_states
    chosen = layers[-min(clip_skip, len(layers) - 1)]
    # transformers below 5.6 keeps the layers one level deeper
    return getattr(encoder, "text_model", encoder).final_layer_norm(chosen)


def weighted(states: torch.Tensor, weights: list[float], renormalise: bool) -> torch.Tensor:
    """Each token by its weight; renormalise: the chunk keeps its mean, as in AUTOMATIC1111's "Original"."""
    if all(weight == 1 for weight in weights):
        return states
    before = states.mean()
    made = states * torch.tensor(weights, device=states.device, dtype=states.dtype)[:, None]
    return made * (before / made.mean()) if renormalise else made
