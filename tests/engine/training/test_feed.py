"""From the disk to batches: what batch n is, whoever asks, with caches or without."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from engine.errors import AtelierError
from engine.library.load import LoadedModel
from engine.prompt.encode import hidden
from engine.request.training_parts import Concept
from engine.training.data.items import Item
from engine.training.feed import Feed
from engine.training.learners.learner import Batch
from engine.training.store import Store
from tests.engine.training import making


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    found = making.postcard()
    found.vae.requires_grad_(False)
    return found


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    return making.items(making.pictures(tmp_path / "pictures", 5))


def feed(model: LoadedModel, items: list[Item], store: Store | None = None, **values: Any) -> Feed:
    made = Feed(model, making.asked(items[0].path.parent, **values), items, False, store)
    for _ in made.prepare():
        pass
    return made


def same(one: Batch, other: Batch) -> bool:
    names = [name for name in ("mean", "std", "context", "counts", "mask") if getattr(one, name) is not None]
    return one.items == other.items and all(torch.equal(getattr(one, n), getattr(other, n)) for n in names)


def test_a_batch_depends_on_its_number_alone(model: LoadedModel, items: list[Item]) -> None:
    values = {"flip": 0.5, "shuffle": True, "dropout": 0.3}
    first = feed(model, items, **values)
    straight = [first.batch(number) for number in range(6)]
    again = feed(model, list(reversed(items)), **values)
    assert all(same(again.batch(number), straight[number]) for number in (5, 2, 0, 4))
    assert not all(same(feed(model, items, **values, seed=6).batch(n), straight[n]) for n in range(3))


def test_an_epoch_has_every_picture(model: LoadedModel, items: list[Item]) -> None:
    made = feed(model, items)
    assert made.batches_per_epoch == 3
    for epoch in range(2):
        seen = [item for n in range(3) for item in made.batch(3 * epoch + n).items]
        assert set(seen) == {item.id for item in items}


def test_latents_from_the_cache_are_those_made_one_by_one_to_the_bit(
    model: LoadedModel, items: list[Item], tmp_path: Path
) -> None:
    """However much of them was there already: a run that was killed while it cached goes on the same."""
    all_at_once = feed(model, items, Store(tmp_path / "one"))
    feed(model, items[:2], Store(tmp_path / "two"))
    part_by_part = feed(model, items, Store(tmp_path / "two"))
    without = feed(model, items)
    for number in range(3):
        assert same(all_at_once.batch(number), part_by_part.batch(number))
        mean = all_at_once.batch(number).mean
        assert mean is not None
        torch.testing.assert_close(without.batch(number).mean, mean, atol=1e-5, rtol=1e-5)


def test_a_cache_is_not_taken_for_another_picture_or_size(
    model: LoadedModel, items: list[Item], tmp_path: Path
) -> None:
    store = Store(tmp_path / "cache")
    feed(model, items, store)
    made = Feed(model, making.asked(items[0].path.parent, resolution=128), items, False, Store(tmp_path / "cache"))
    assert next(made.prepare()) == (0, 5)
    changed = [replace(items[0], id="f" * 32), *items[1:]]
    made = Feed(model, making.asked(items[0].path.parent), changed, False, Store(tmp_path / "cache"))
    assert next(made.prepare()) == (4, 5)


def test_flipped_pictures_are_mirrored(model: LoadedModel, items: list[Item]) -> None:
    made = feed(model, items, flip=1.0, variations=1)
    plain = feed(model, items)
    use = made.uses(made.course.batch_at(0), 0, 0)[0]
    assert (made.arrays(use).picture == plain.arrays(use).picture[:, ::-1]).all()


def test_masks_say_what_counts(model: LoadedModel, items: list[Item], tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    mask = Image.new("L", (64, 64), 0)
    mask.paste(255, (0, 0, 32, 64))
    mask.save(path)
    masked = [replace(items[0], mask=path), *items[1:]]
    made = feed(model, masked, masks=True, unmasked_weight=0.25, batch=5)
    batch = made.batch(0)
    assert batch.mask is not None
    own = batch.mask[batch.items.index(items[0].id), 0]
    half = own.shape[-1] // 2
    assert torch.equal(own[:, :half], torch.ones_like(own[:, :half]))
    assert torch.allclose(own[:, half:], torch.tensor(0.25))
    others = [i for i, item in enumerate(batch.items) if item != items[0].id]
    assert bool((batch.mask[others] == 1).all())
    assert feed(model, masked, batch=5).batch(0).mask is None


def test_prior_pictures_have_their_weight_and_their_target(model: LoadedModel, items: list[Item]) -> None:
    prior = Concept(folder="prior", kind="prior", weight=2.0)
    mixed = [replace(items[0], concept=prior), *items[1:]]
    made = feed(model, mixed, batch=5, prior_weight=0.5, prior_prediction=True).batch(0)
    here = made.items.index(items[0].id)
    assert float(made.counts[here]) == 1.0
    assert made.prior.tolist() == [index == here for index in range(5)]
    assert not bool(feed(model, mixed, batch=5).batch(0).prior.any())


def test_probes_are_whole_and_the_same_each_time(model: LoadedModel, items: list[Item]) -> None:
    values = {"flip": 1.0, "dropout": 1.0, "variations": 1}
    made = feed(model, items, **values)
    one, other = made.probes(items), made.probes(items)
    assert all(same(a, b) for a, b in zip(one, other, strict=True))
    empty = made.context("")
    assert one[0].context is not None
    assert not torch.equal(one[0].context[0], empty)


def test_a_picture_that_is_gone_is_named(model: LoadedModel, items: list[Item]) -> None:
    made = feed(model, items)
    items[2].path.unlink()
    with pytest.raises(AtelierError, match=r"02\.png"):
        [made.batch(number) for number in range(3)]


def told(model: LoadedModel, item: Item, **values: Any) -> str:
    made = feed(model, [item], dropout=0, **values)
    return made.told(made.uses(made.course.batch_at(0), 0, 0)[0], True)


def test_prior_pictures_are_told_without_the_trigger_word(model: LoadedModel, items: list[Item]) -> None:
    """Else the word would be taught to mean what the model knows already."""
    prior = replace(items[0], captions=("a ring",), concept=Concept(folder="prior", kind="prior"))
    assert told(model, replace(items[0], captions=("a ring",)), trigger="sks") == "sks, a ring"
    assert told(model, prior, trigger="sks") == "a ring"
    word: dict[str, Any] = {"method": "textual_inversion", "textual_inversion.vectors": 1}
    assert told(model, prior, **word) == "a ring"


@pytest.mark.parametrize(
    ("caption", "values", "wanted"),
    [
        ("a ring", {}, "zap zap_1, a ring"),
        ("a zap ring", {}, "a zap zap_1 ring"),
        ("a Zap ring", {}, "a zap zap_1 ring"),  # the word is there, whatever its letters' size
        ("zapping a ring", {}, "zap zap_1, zapping a ring"),  # it is not a part of others
        ("a ring", {"trigger": "photo"}, "zap zap_1, photo, a ring"),
    ],
)
def test_a_new_word_is_in_every_caption_with_all_its_tokens(
    caption: str, values: dict[str, Any], wanted: str, model: LoadedModel, items: list[Item]
) -> None:
    word: dict[str, Any] = {"method": "textual_inversion", "textual_inversion.token": "zap"}
    assert told(model, replace(items[0], captions=(caption,)), **word, **values) == wanted


def test_latents_beyond_the_memory_for_them_are_read_again_and_are_the_same(
    model: LoadedModel, items: list[Item], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = feed(model, items, Store(tmp_path / "cache"))
    wanted = [free.batch(number) for number in range(6)]
    monkeypatch.setattr(
        "engine.training.feed.LATENTS", 2 * sum(t.nbytes for t in next(iter(free.latents.values())).values())
    )
    made = feed(model, items, Store(tmp_path / "cache"))
    assert all(same(made.batch(number), wanted[number]) for number in range(6))
    assert len(made.latents) <= 2


def test_more_captions_than_are_kept_encoded_are_read_in_each_step(
    model: LoadedModel, items: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after the other they would be encoded anew each time; together they cost a fraction of that."""
    kept = feed(model, items).batch(0)
    assert kept.tokens is None
    monkeypatch.setattr("engine.training.feed.MOST_CONTEXTS", len(items) - 1)
    read = feed(model, items).batch(0)
    assert read.context is None
    assert read.tokens is not None
    assert kept.context is not None
    found = hidden(model.text_encoder, read.tokens, 1)
    assert torch.allclose(found, kept.context, atol=1e-5)
