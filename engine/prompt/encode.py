"""Text to conditioning: chunks of as many tokens as the text encoder holds, encoded one by one and joined."""

from typing import Any

import torch

from engine.errors import BadRequest
from engine.library.load import LoadedModel

MOST_CHUNKS = 200  # each is a call of the text encoder, during which nobody draws


def chunks(tokenizer: Any, text: str) -> list[list[int]]:
    """Token ids by chunk, each with start, end and padding to the tokenizer's length; at least one chunk.

    Raises BadRequest for more than MOST_CHUNKS.
    """
    longest: int = tokenizer.model_max_length
    room = longest - 2
    ids: list[int] = tokenizer(text, add_special_tokens=False, truncation=False, verbose=False).input_ids
    parts = [ids[i : i + room] for i in range(0, len(ids), room)] or [[]]
    if len(parts) > MOST_CHUNKS:
        raise BadRequest(
            "prompt.tokens",
            f"The prompt has {len(ids)} tokens; this model reads at most {MOST_CHUNKS * room}.",
            "Shorten it.",
            field="prompt",
            tokens=len(ids),
            most=MOST_CHUNKS * room,
        )
    filled = [[tokenizer.bos_token_id, *part, tokenizer.eos_token_id] for part in parts]
    return [part + [tokenizer.pad_token_id] * (longest - len(part)) for part in filled]


@torch.inference_mode()
def encode(model: LoadedModel, text: str, clip_skip: int = 1) -> torch.Tensor:
    """(tokens, width) in the model's dtype. clip_skip counts as AUTOMATIC1111 does: 1 is the last layer."""
    encoder = model.text_encoder
    parts: list[torch.Tensor] = []
    for part in chunks(model.tokenizer, text):
        ids = torch.tensor([part], device=model.device)
        if clip_skip == 1:
            parts.append(encoder(ids, return_dict=True).last_hidden_state[0])
            continue
        layers = encoder(ids, output_hidden_states=True, return_dict=True).hidden_states
        layer = layers[-min(clip_skip, len(layers) - 1)]
        # transformers below 5.6 keeps the layers one level deeper
        parts.append(getattr(encoder, "text_model", encoder).final_layer_norm(layer)[0])
    return torch.cat(parts)
