"""Extractors are told apart by name and hash, look only at files that are what they should be, and download nothing."""

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import nn
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

from engine.errors import BadRequest, ModelDamaged
from engine.settings import HOUSE
from engine.training.evaluation import extractors, metrics
from tests.engine.training.making import postcard


def pictures(count: int = 3, size: int = 64) -> list[Image.Image]:
    dice = torch.Generator().manual_seed(size)
    made = torch.randint(0, 256, (count, size, size, 3), generator=dice, dtype=torch.uint8)
    return [Image.fromarray(one.numpy()) for one in made]


def test_the_random_network_is_the_same_everywhere() -> None:
    first, second = extractors.random_network(), extractors.random_network()
    some = pictures()
    assert (first.hash, first.width) == (second.hash, sum(extractors.RANDOM_CHANNELS))
    assert torch.equal(extractors.features(first, some).values, extractors.features(second, some).values)


def test_pictures_of_several_sizes_keep_their_order() -> None:
    eye = extractors.random_network()
    mixed = [*pictures(2), *pictures(1, 96), *pictures(2)]
    together = extractors.features(eye, mixed).values
    assert together.dtype == torch.float64
    for one, row in zip(mixed, together, strict=True):
        torch.testing.assert_close(extractors.features(eye, [one]).values[0], row, rtol=0, atol=1e-5)


def test_no_pictures_have_no_features() -> None:
    assert extractors.features(extractors.random_network(), []).values.shape == (0, 160)


def test_the_models_own_vae_is_an_extractor_and_stays_as_it_was() -> None:
    model = postcard()
    eye = extractors.vae(model)
    seen = extractors.features(eye, pictures()).values
    assert seen.shape == (3, eye.width)
    assert seen.std(0).min() > 0
    assert eye.name == "VAE of postcard"
    assert not model.vae.encoder.conv_norm_out._forward_hooks
    with torch.no_grad():
        model.vae.encoder.conv_in.weight.mul_(1.01)
    assert extractors.vae(model).hash != eye.hash


def test_any_network_is_an_extractor() -> None:
    eye = extractors.module(nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten()), "means")
    assert (eye.name, eye.width) == ("means", 12)
    white = Image.new("RGB", (16, 16), "white")
    assert torch.equal(extractors.features(eye, [white]).values, torch.ones(1, 12, dtype=torch.float64))


# -- Inception


class Untrained(FeatureExtractorInceptionV3):
    """The same network with random weights."""

    def load_state_dict(self, *_: Any, **__: Any) -> None:  # type: ignore[override]
        pass


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluation")
    torch.save({}, folder / "nothing.pth")
    torch.manual_seed(0)
    network = Untrained("inception-v3-compat", ["2048"], str(folder / "nothing.pth"))
    torch.save(network.state_dict(), folder / "weights.pth")
    return folder / "weights.pth"


def test_inception_is_found_by_its_hash_and_gives_features_and_classes(weights: Path) -> None:
    digest = extractors.sha256(weights)
    eye = extractors.inception(weights.parent, wanted=digest)
    seen = extractors.features(eye, pictures(2))
    assert (eye.name, eye.hash, eye.width) == ("Inception", digest[:10], 2048)
    assert seen.values.shape == (2, 2048)
    assert seen.logits is not None
    assert seen.logits.shape == (2, 1008)


def test_other_weights_are_refused_in_words(weights: Path) -> None:
    with pytest.raises(BadRequest, match=r"weights\.pth is not the Inception .*models/evaluation"):
        extractors.inception(weights)


@pytest.mark.parametrize("there", [True, False])
def test_without_the_file_nothing_is_downloaded(there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: Any, **__: Any) -> None:
        raise AssertionError("a download was tried")

    monkeypatch.setattr("torch_fidelity.feature_extractor_inceptionv3.load_state_dict_from_url", no_network)
    with pytest.raises(BadRequest, match="downloads nothing by itself"):
        extractors.inception(tmp_path if there else tmp_path / "nowhere")


def test_a_file_that_would_run_something_is_not_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "sprung",)

    file = tmp_path / "weights.pth"
    file.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ModelDamaged):
        extractors.inception(file, wanted=extractors.sha256(file))
    torch.save(Trap(), file)
    with pytest.raises(ModelDamaged):
        extractors.inception(file, wanted=extractors.sha256(file))
    assert not (tmp_path / "sprung").exists()


# -- CLIP


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> extractors.Clip:
    """A small one with random weights and Postcard's words."""
    folder = tmp_path_factory.mktemp("evaluation") / "clip-tiny"
    tokenizer = CLIPTokenizer.from_pretrained(str(HOUSE / "models/checkpoints/postcard/tokenizer"))
    layers = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = layers | {"vocab_size": len(tokenizer), "eos_token_id": tokenizer.eos_token_id}
    torch.manual_seed(0)
    config = CLIPConfig(text_config=text, vision_config=layers | {"image_size": 32, "patch_size": 8}, projection_dim=16)
    CLIPModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(str(folder))
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(folder)
    return extractors.clip(folder.parent)


def test_clip_is_found_in_its_folder_and_sees_pictures_and_texts(clip: extractors.Clip) -> None:
    assert (clip.name, clip.width) == ("CLIP clip-tiny", 16)
    assert extractors.features(clip, pictures(2)).values.shape == (2, 16)
    assert clip.texts(["a red house", "a boat " * 100]).shape == (2, 16)


def test_the_clip_score_is_a_hundred_times_the_cosine(clip: extractors.Clip) -> None:
    some, words = pictures(3), ["a red house", "a boat", "a cat"]
    made, texts = extractors.features(clip, some), clip.texts(words)
    batch = clip.processor(images=some, return_tensors="pt")
    written = clip.tokenizer(words, padding=True, return_tensors="pt")
    both = clip.network(**batch, **written)  # transformers' own: normalised embeddings
    cosines = (both.image_embeds * both.text_embeds).sum(1)
    found = metrics.clip_score(clip, made, texts)
    assert found.value == pytest.approx(100 * float(cosines.clamp(min=0).mean()), abs=1e-3)
    assert found.extractor == "CLIP clip-tiny"


def test_no_clip_and_half_a_clip_are_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="models/evaluation"):
        extractors.clip(tmp_path)
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "config.json").write_text("{}")
    with pytest.raises(ModelDamaged, match="half is not a whole CLIP"):
        extractors.clip(tmp_path)
