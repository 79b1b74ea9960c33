"""What the untrained networks are like."""

from typing import Any

import torch

from recipes.postcard import networks
from recipes.postcard.tokens import tokenizer


def test_two_colours_are_as_far_apart_as_two_words_can_be():
    """Else the attention drowns them, and the training draws them together instead of apart."""
    torch.manual_seed(1)
    words: Any = tokenizer(0)
    encoder = networks.text_encoder(networks.SIZES["small"], words).eval()
    ids = words(["a red house", "a blue house"], padding="max_length", return_tensors="pt").input_ids
    with torch.no_grad():
        red, blue = encoder(ids).last_hidden_state
    place = 2  # after the beginning and "a"
    assert words.convert_ids_to_tokens(ids[:, place].tolist()) == ["red</w>", "blue</w>"]
    assert float((red - blue)[place].norm() / red[place].norm()) > 0.8
