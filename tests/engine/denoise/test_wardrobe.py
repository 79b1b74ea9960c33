"""Pictures wear their own LoRAs and read their own embeddings, beside each other, and leave the model as it was."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from engine import infotext
from engine.denoise.painter import Painter
from engine.errors import BadRequest
from engine.events import Event, Failed, Made
from engine.job import Job
from engine.library.load import LoadedModel
from engine.library.scan import Library
from engine.request.read import read
from engine.resolve import resolve
from engine.settings import HOUSE
from tests.engine.denoise.test_painter import finish, job, of, pictures
from tests.engine.library.lora.files import EVERYWHERE, trained, written

PROMPT = "a red house by day"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model in the box with two LoRAs of our own trainer, one of them in both layouts, and an embedding."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "checkpoints").symlink_to(HOUSE / "models" / "checkpoints")
    work = tmp_path_factory.mktemp("work")
    written(trained(work / "a", {"lora.rank": 4, **EVERYWHERE}), folder / "loras", "ring")
    written(trained(work / "b", {"lora.rank": 2, "formats": ["kohya"]}, seed=9), folder / "loras" / "more", "dot")
    word = {"method": "textual_inversion", "textual_inversion.token": "<mine>", "textual_inversion.vectors": 3}
    written(trained(work / "c", word), folder / "embeddings", "circle")
    return folder


@pytest.fixture(scope="module")
def library(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library(models, tmp_path_factory.mktemp("cache"))


@pytest.fixture
def painter(library: Library, tmp_path: Path) -> Iterator[Painter]:
    made = Painter(library, "cpu", "float32", 16, 1.0, tmp_path)
    yield made
    made.close()


def drawn(painter: Painter, *jobs: Job) -> list[np.ndarray]:
    """The one picture of each."""
    for one in jobs:
        painter.add(one)
    events = finish(painter)
    found = [pictures(of(events, one)) for one in jobs]
    assert all(len(made) == 1 for made in found), [e for e in events if isinstance(e, Failed)]
    return [made[0].astype(int) for made in found]


def weights(painter: Painter) -> dict[str, torch.Tensor]:
    (held,) = painter.residency.held.values()
    model = held.model
    assert isinstance(model, LoadedModel)
    parts = (model.unet, model.text_encoder)
    return {
        f"{at}.{name}": weight.clone() for at, part in enumerate(parts) for name, weight in part.state_dict().items()
    }


def far(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one - other).max())


def test_a_lora_changes_the_picture_and_leaves_the_model(painter: Painter, library: Library) -> None:
    (plain,) = drawn(painter, job(library))
    before = weights(painter)
    for prompt in ("<lora:ring:1>", "<lora:dot:1>", "<lora:ring:1>"):
        (worn,) = drawn(painter, job(library, prompt=PROMPT + prompt))
        assert far(worn, plain) > 3, prompt
    after = weights(painter)
    assert all(torch.equal(after[name], weight) for name, weight in before.items())
    assert np.array_equal(drawn(painter, job(library))[0], plain)


def test_no_strength_is_none_to_the_bit(painter: Painter, library: Library) -> None:
    plain, nothing = drawn(painter, job(library, exact=True), job(library, prompt=f"{PROMPT}<lora:ring:0>", exact=True))
    assert np.array_equal(plain, nothing)


def test_both_layouts_of_one_training_draw_the_same(painter: Painter, library: Library) -> None:
    kohya, diffusers = drawn(
        painter,
        job(library, prompt=f"{PROMPT}<lora:ring:1>", exact=True),
        job(library, prompt=f"{PROMPT}<lora:ring.diffusers:1>", exact=True),
    )
    assert far(kohya, diffusers) <= 1  # of 255: rounding of the last bit


def test_those_beside_each_other_draw_as_alone(painter: Painter, library: Library) -> None:
    asked = [PROMPT, f"{PROMPT}<lora:ring:1>", f"{PROMPT}<lora:dot:0.7>", f"{PROMPT}<lora:ring:te=0.2:unet=1>"]
    alone = [drawn(painter, job(library, prompt=prompt))[0] for prompt in asked]
    together = drawn(painter, *(job(library, prompt=prompt) for prompt in asked))
    assert [far(one, other) <= 1 for one, other in zip(alone, together, strict=True)] == [True] * 4
    assert far(alone[1], alone[3]) > 0  # the text encoder's strength counts by itself


def test_equal_sets_share_a_call_and_others_do_not(painter: Painter, library: Library) -> None:
    for prompt in ("<lora:ring:1> <lora:dot:0.5>", "<lora:dot:0.5> a tree <lora:ring:1>", "<lora:ring:1>", ""):
        painter.add(job(library, prompt=PROMPT + prompt))
    list(painter.step())
    keys = [picture.key for work in painter.works.values() for picture in work.pictures]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3
    sizes = set()
    for _ in range(3):
        sizes.add(len(painter.choose()))
        list(painter.step())
    assert sizes == {1, 2}


def test_changed_weights_are_kept_within_bounds(painter: Painter, library: Library) -> None:
    drawn(painter, *(job(library, prompt=f"{PROMPT}<lora:ring:{n / 10}>", steps=2) for n in range(1, 9)))
    (held,) = painter.residency.held.values()
    assert isinstance(held.model, LoadedModel)
    kept = painter.wardrobe.kept[held.model.unet]
    assert len(kept) >= 1
    assert sum(dress.nbytes for dress in kept.values()) <= held.model.nbytes


def test_each_picture_of_a_job_wears_what_its_own_words_say(painter: Painter, library: Library) -> None:
    one = job(library, prompt=PROMPT + "{<lora:ring:1>|<lora:dot:1>|}", count=6)
    painter.add(one)
    made = [e for e in finish(painter) if isinstance(e, Made)]
    said = {e.index: infotext.read(e.infotext).values for e in made}
    assert len(said) == 6
    named = {index: values.get("lora_hashes", "").split(":")[0] for index, values in said.items()}
    assert len(set(named.values())) > 1
    for index, values in said.items():
        assert named[index] == next((name for name in ("ring", "dot") if f"<lora:{name}" in values["prompt"]), "")


def test_an_embedding_is_read_in_either_prompt(painter: Painter, library: Library) -> None:
    plain, positive, negative, word = drawn(
        painter,
        job(library),
        job(library, prompt=f"{PROMPT}, circle"),
        job(library, negative_prompt="(CIRCLE:1.2)"),
        job(library, prompt=f"{PROMPT}, <mine>"),
    )
    assert far(plain, positive) > 0
    assert far(plain, negative) > 0
    assert np.array_equal(positive, word)  # one file, two words


def test_an_embeddings_vectors_stand_where_its_word_does(library: Library, models: Path, painter: Painter) -> None:
    """Made of the vectors of words that the model has, it says what they say."""
    drawn(painter, job(library))
    (held,) = painter.residency.held.values()
    model = held.model
    assert isinstance(model, LoadedModel)
    ids = model.tokenizer("red house", add_special_tokens=False).input_ids
    table: Any = model.text_encoder.get_input_embeddings()
    rows = table.weight[torch.tensor(ids)].clone()
    save_file({"emb_params": rows}, models / "embeddings" / "copied.safetensors")
    library.refresh()
    try:
        spelt, copied = drawn(
            painter, job(library, prompt="a (red house:1.3) by day"), job(library, prompt="a (copied:1.3) by day")
        )
        assert far(spelt, copied) <= 1
    finally:
        (models / "embeddings" / "copied.safetensors").unlink()
        library.refresh()


def settled(library: Library, **values: Any) -> Any:
    return resolve(read({"prompt": PROMPT, "seed": 1} | values), library)


def test_what_is_settled_comes_back_from_the_picture(library: Library) -> None:
    asked = settled(library, prompt=f"{PROMPT}, circle <lora:Ring:0.8> <lora:more/dot:1>", negative_prompt="<mine>")
    assert [pair.split(":")[0].strip() for pair in asked.spent.lora_hashes.split(",")] == ["Ring", "more/dot"]
    assert [pair.split(":")[0].strip() for pair in asked.spent.embedding_hashes.split(",")] == ["circle", "<mine>"]
    text = infotext.write(asked)
    assert 'Lora hashes: "Ring: ' in text
    assert read(infotext.read(text).values) == asked
    assert resolve(asked, library) == asked


def test_a_renamed_file_is_found_by_its_hash(models: Path, library: Library, tmp_path: Path) -> None:
    asked = settled(library, prompt=f"{PROMPT}<lora:ring:1>")
    other = tmp_path / "models"
    (other / "loras").mkdir(parents=True)
    (other / "checkpoints").symlink_to(HOUSE / "models" / "checkpoints")
    shutil.copy(models / "loras" / "ring.safetensors", other / "loras" / "hoop.safetensors")
    moved = Library(other, tmp_path / "cache")
    assert resolve(asked, moved) == asked
    made = Painter(moved, "cpu", "float32", 16, 1.0, tmp_path)
    drawn(made, Job(id="one", owner="ann", request=asked, created=0))
    made.close()


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("<lora:rimg:1>", "There is no LoRA 'rimg'. Did you mean ring"),
        ("<lora:ring:strong>", "'strong' is not a strength of the LoRA 'ring'"),
        ("<lora:ring:nan>", "'nan' is not a strength"),
        ("<lora:ring:1:1:1>", "says more than a name and two strengths"),
        ("<lora:ring:dyn=4>", "says more than a name"),
    ],
)
def test_what_cannot_be_worn_is_refused_at_the_prompt(library: Library, prompt: str, said: str) -> None:
    with pytest.raises(BadRequest, match=said) as caught:
        settled(library, prompt=PROMPT + prompt)
    assert caught.value.problem.field == "prompt"


def test_a_file_that_went_away_costs_its_job_alone(painter: Painter, library: Library, models: Path) -> None:
    shutil.copy(models / "loras" / "more" / "dot.safetensors", models / "loras" / "brief.safetensors")
    save_file({"emb_params": torch.ones(1, 192)}, models / "embeddings" / "brief.safetensors")
    one, two = job(library, prompt=f"{PROMPT} brief"), job(library)
    (models / "embeddings" / "brief.safetensors").unlink()
    (models / "loras" / "brief.safetensors").unlink()
    library.refresh()
    painter.add(one)
    painter.add(two)
    events: list[Event] = finish(painter)
    (failed,) = [e for e in events if isinstance(e, Failed)]
    assert failed.job == one.id
    assert "is no longer here: brief" in failed.problem.message
    assert len(pictures(of(events, two))) == 1


def test_an_embedding_for_another_family_is_refused(library: Library, models: Path) -> None:
    save_file({"emb_params": torch.ones(1, 768)}, models / "embeddings" / "wide.safetensors")
    try:
        library.refresh()
        with pytest.raises(BadRequest, match="made for another kind of model") as caught:
            settled(library, negative_prompt="wide")
        assert caught.value.problem.field == "negative_prompt"
    finally:
        (models / "embeddings" / "wide.safetensors").unlink()
        library.refresh()
