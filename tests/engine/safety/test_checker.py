"""The safety checker decides as diffusers' own does with the same weights, picture for picture and concept for concept.

The weights are tiny and random: what they call unsafe means nothing, and that they are added up in the same way is the point.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from engine.errors import BadRequest, ModelDamaged
from engine.held import Held
from engine.library.safety import check_checker, checker_file
from engine.library.sight import cropped
from engine.safety.checker import LoadedChecker, load_checker
from tests.engine.library.tiny_safety import NEVER, checker, write_checker

CPU = torch.device("cpu")
SIZES = [(64, 64), (512, 512), (300, 200), (224, 640), (97, 131)]


def pictures() -> list[Image.Image]:
    lots = np.random.default_rng(0)
    coarse = [Image.fromarray(lots.integers(0, 256, (6, 6, 3), np.uint8)) for _ in range(len(SIZES) * 4)]
    return [one.resize(SIZES[at % len(SIZES)], Image.Resampling.BICUBIC) for at, one in enumerate(coarse)]


def processed(some: list[Image.Image]) -> torch.Tensor:
    """As diffusers' pipeline gives them to its checker."""
    processor = CLIPImageProcessorPil(size={"shortest_edge": 224}, crop_size={"height": 224, "width": 224})
    return torch.cat([torch.as_tensor(np.array(processor(one).pixel_values)) for one in some])


def loaded(folder: Path, made: Any, older: bool = False) -> LoadedChecker:
    return load_checker(write_checker(folder, made, older), CPU)


def test_a_picture_is_prepared_as_clips_own_processor_does() -> None:
    some = pictures()
    ours = torch.cat([cropped(one, 224) for one in some])
    assert (ours - processed(some)).abs().max() < 1e-5


@pytest.mark.parametrize("older", [False, True])
def test_verdicts_are_diffusers_own(older: bool, tmp_path: Path) -> None:
    some, made = pictures(), checker(seed=3)
    pixels, blank = processed(some), np.ones((len(some), 8, 8, 3))
    with torch.no_grad():
        said = torch.nn.functional.normalize(made.visual_projection(made.vision_model(pixels)[1]))
        for name in (
            "concept",
            "special_care",
        ):  # limits in the midst of what these pictures come to, so that all happens
            near = said @ torch.nn.functional.normalize(getattr(made, f"{name}_embeds")).T
            getattr(made, f"{name}_embeds_weights").data = near.quantile(0.8, dim=0)
    ours = [loaded(tmp_path, made, older).judge(one) for one in some]
    limits, theirs = made.concept_embeds_weights.data.clone(), [set[int]() for _ in some]
    for concept in range(17):  # it tells only whether, not which: so each is asked alone
        made.concept_embeds_weights.data = torch.full((17,), NEVER)
        made.concept_embeds_weights.data[concept] = limits[concept]
        _, flags = made(pixels, blank.copy())  # a copy: it blackens what it is given
        for found, flag in zip(theirs, flags, strict=True):
            found |= {concept + 1} if flag else set()
    assert [set(one.concepts) if one else set() for one in ours] == theirs
    assert any(theirs)
    assert not all(theirs)
    assert any(one and one.special for one in ours)


def test_a_special_concept_makes_it_stricter(tmp_path: Path) -> None:
    (one,), made = pictures()[:1], checker()
    with torch.no_grad():
        said = torch.nn.functional.normalize(made.visual_projection(made.vision_model(processed([one]))[1]))
        near = float((said @ torch.nn.functional.normalize(made.concept_embeds).T)[0, 4])
    made.concept_embeds_weights.data[4] = near + 0.005
    assert loaded(tmp_path / "without", made).judge(one) is None
    made.special_care_embeds_weights.data[1] = -NEVER
    assert loaded(tmp_path / "with", made).judge(one) == Held(concepts=(5,), special=(2,))


def test_what_is_hidden_under_transparency_is_looked_at_too(tmp_path: Path) -> None:
    made, hidden = checker(), pictures()[1].convert("RGBA")
    hidden.putalpha(0)
    paper = Image.new("RGB", hidden.size, "white")
    with torch.no_grad():
        said = torch.nn.functional.normalize(
            made.visual_projection(made.vision_model(processed([hidden.convert("RGB"), paper]))[1])
        )
        near = said @ torch.nn.functional.normalize(made.concept_embeds).T
    concept = int((near[0] - near[1]).argmax())
    made.concept_embeds_weights.data[concept] = near[:, concept].mean()
    asked = loaded(tmp_path, made)
    assert asked.judge(paper) is None
    assert asked.judge(hidden) == Held(concepts=(concept + 1,))


def test_why_is_read_back_from_a_pictures_text() -> None:
    for held in (Held(concepts=(3,)), Held(concepts=(1, 17)), Held(concepts=(2,), special=(1, 3))):
        assert Held.read(f"a boat\nSteps: 4, Sampler: Euler, Seed: 1, {held.told}") == held
    assert Held.read("a boat that is held back") is None


def test_weights_that_are_not_there_are_said_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="not in models/safety") as caught:
        checker_file(tmp_path)
    assert "safety_checker" in caught.value.problem.remedy


def test_of_several_files_none_is_guessed(tmp_path: Path) -> None:
    file = write_checker(tmp_path, checker())
    (file.parent / "model.fp16.safetensors").write_bytes(file.read_bytes())
    assert checker_file(tmp_path) == file
    file.rename(file.with_name("another.safetensors"))
    with pytest.raises(BadRequest, match="several"):
        checker_file(tmp_path)


def test_a_file_of_something_else_or_with_holes_is_refused(tmp_path: Path) -> None:
    file = write_checker(tmp_path, checker())
    weights = load_file(file)
    save_file({name: weight for name, weight in weights.items() if name != "concept_embeds_weights"}, file)
    with pytest.raises(ModelDamaged, match="no safety checker"):
        check_checker(tmp_path)
    save_file({name: weight for name, weight in weights.items() if "layers.1.mlp.fc1" not in name}, file)
    with pytest.raises(ModelDamaged, match="lacks"):
        load_checker(file, CPU)
    save_file({**weights, "special_care_embeds": torch.full((3, 16), torch.nan)}, file)
    with pytest.raises(ModelDamaged, match="NaN"):
        load_checker(file, CPU)
