"""IP-Adapters in our loop against diffusers' own pipeline, and beside pictures that have none. Weights are random."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import ControlNetModel, StableDiffusionControlNetPipeline, StableDiffusionPipeline
from PIL import Image
from transformers import CLIPVisionModelWithProjection
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from engine.denoise import loop
from engine.denoise.control import units_of
from engine.denoise.image_prompt import attending, cropped
from engine.denoise.painter import Painter
from engine.denoise.sources import Sources
from engine.denoise.work import Picture, conditioning, picture
from engine.errors import ModelDamaged
from engine.events import Failed, Made
from engine.library.load import LoadedModel, load
from engine.library.load_control import LoadedControl, load_control
from engine.library.load_encoder import LoadedEncoder, load_encoder
from engine.library.scan import Library
from engine.request.generation import GenerationRequest
from engine.resolve import resolve
from tests.engine.denoise.controlling import drawn, request, source, unit
from tests.engine.denoise.test_control_referee import usual
from tests.engine.denoise.test_painter import finish, job
from tests.engine.denoise.test_referee import prepared
from tests.engine.library import tiny, tiny_control
from tests.engine.library.tiny_ip_adapter import write_adapter, write_encoder

CPU = torch.device("cpu")
KINDS = ("embedding", "plus", "full")


class Shop:
    """A models folder with all that is needed, and what of it is loaded."""

    def __init__(self, folder: Path):
        self.folder, self.pictures = folder, folder / "given"
        self.pictures.mkdir()
        tiny.write_sd1(folder / "checkpoints" / "tiny.safetensors", 3)
        self.library = Library(folder, folder / "cache")
        self.model = self.loaded()
        for seed, kind in enumerate(KINDS):
            write_adapter(self.model.unet, folder / "controlnet" / f"{kind}.safetensors", kind, seed)
        tiny_control.write_folder(tiny_control.controlnet_for(self.model.unet), folder / "controlnet" / "lines")
        write_encoder(folder / "clip_vision" / "tiny")
        self.library.refresh()
        self.encoder = load_encoder(self.library.encoders.find("tiny"), CPU, torch.float32)
        self.controls = {
            name: load_control(self.library.controls.find(name), CPU, torch.float32) for name in (*KINDS, "lines")
        }

    def loaded(self) -> LoadedModel:
        file = self.library.find("tiny")
        return load(file, CPU, torch.float32, self.library.hash_of(file))

    def asked(self, *units: dict[str, Any], **values: Any) -> GenerationRequest:
        """Each unit names its file; resolving finds hashes."""
        own = [{**unit(self.pictures, at), "model_hash": "", **one} for at, one in enumerate(units)]
        return resolve(request(*own, **values), self.library)

    def begun(self, asked: GenerationRequest) -> Picture:
        named: dict[str, LoadedControl] = {one.model_hash: self.controls[one.model] for one in asked.control}
        eyes: dict[str, LoadedEncoder] = {one.encoder_hash: self.encoder for one in asked.control}
        made = picture(self.model, asked, 0, conditioning(self.model, asked), Sources(self.pictures))
        made.denoising.control = units_of(asked, named, self.model, self.pictures, encoders=eyes)
        return made

    def theirs(self, asked: GenerationRequest) -> torch.Tensor:
        """By diffusers' pipeline, with a model of its own, since it keeps what it is given."""
        model, lines = self.loaded(), [one for one in asked.control if one.model == "lines"]
        own: dict[str, Any] = {
            "vae": model.vae,
            "text_encoder": model.text_encoder,
            "tokenizer": model.tokenizer,
            "unet": model.unet,
            "scheduler": prepared(asked, model),
            "safety_checker": None,
            "feature_extractor": CLIPImageProcessorPil(size=32, crop_size=32),
            "image_encoder": CLIPVisionModelWithProjection.from_pretrained(str(self.folder / "clip_vision" / "tiny")),
            "requires_safety_checker": False,
        }
        more: dict[str, Any] = {}
        if lines:
            net = ControlNetModel.from_pretrained(str(self.folder / "controlnet" / "lines"))
            pipeline: Any = StableDiffusionControlNetPipeline(controlnet=net, **own)
            more = {"image": source(asked.control.index(lines[0])), "controlnet_conditioning_scale": lines[0].weight}
        else:
            pipeline = StableDiffusionPipeline(**own)
        pipeline.set_progress_bar_config(disable=True)
        seen = [(at, one) for at, one in enumerate(asked.control) if one.model != "lines"]
        names = [f"{one.model}.safetensors" for _, one in seen]
        pipeline.load_ip_adapter(
            str(self.folder / "controlnet"), subfolder="", weight_name=names, image_encoder_folder=None
        )
        pipeline.set_ip_adapter_scale([one.weight for _, one in seen])
        return pipeline(**usual(asked), ip_adapter_image=[source(at) for at, _ in seen], **more).images


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("models"))


def apart(one: torch.Tensor, other: torch.Tensor) -> float:
    """Relative to how far the latents spread."""
    return float((one - other).abs().max() / one.std())


@pytest.mark.parametrize(
    ("units", "values"),
    [
        *(([{"model": kind}], {"sampler": name}) for kind in KINDS for name in ("DPM++ 2M", "Euler a")),
        ([{"model": "embedding", "weight": 0.6}], {"sampler": "Heun", "steps": 4}),
        ([{"model": "plus", "weight": 1.4}], {"guidance": 1}),
        ([{"model": "embedding", "weight": 0.5}, {"model": "plus", "weight": 0.7}], {"sampler": "DDIM"}),
        ([{"model": "lines", "weight": 0.8}, {"model": "full", "weight": 0.9}], {"sampler": "Euler"}),
    ],
)
def test_our_loop_equals_the_pipeline(units: list[dict[str, Any]], values: dict[str, Any], shop: Shop) -> None:
    asked = shop.asked(*units, **values)
    (ours,) = drawn(shop.begun(asked))
    (without,) = drawn(shop.begun(shop.asked(**values)))
    assert torch.equal(ours, shop.theirs(asked))
    assert apart(ours, without) > 0.01  # it does something


def test_beside_one_with_an_adapter_a_picture_stays_as_it_is_beside_another(shop: Shop) -> None:
    plain, beside = shop.begun(shop.asked()), shop.begun(shop.asked())
    drawn(plain, shop.begun(shop.asked(seed=8)))
    drawn(beside, shop.begun(shop.asked({"model": "plus"}, {"model": "lines"}, seed=8)))
    assert torch.equal(plain.denoising.latents, beside.denoising.latents)


def test_pictures_with_different_adapters_share_calls_and_draw_as_if_alone(shop: Shop) -> None:
    wishes = [
        shop.asked({"model": "embedding"}, seed=1),
        shop.asked({"model": "plus", "weight": 0.5}, {"model": "embedding"}, seed=2, sampler="Euler a"),
        shop.asked({"model": "embedding", "weight": 0.3}, seed=3, prompt="snow AND a boat"),
        shop.asked({"model": "full"}, seed=4, guidance=1),
        shop.asked(seed=5),
    ]
    alone = [drawn(shop.begun(wish))[0] for wish in wishes]
    together = [shop.begun(wish) for wish in wishes]
    assert loop.step([p.denoising for p in together]).calls == 2  # ten rows: a full bucket and two more
    for expected, latents in zip(alone, drawn(*together), strict=True):
        assert apart(expected, latents) < 1e-4


def test_it_counts_from_its_start_to_its_end(shop: Shop) -> None:
    made = shop.begun(shop.asked({"model": "embedding", "start": 0.34, "end": 0.7}))
    heard = []
    while not made.denoising.finished:
        heard.append([len(row.units) for row in loop.rows_of(0, made.denoising)])
        loop.step([made.denoising])
    assert heard == [[0, 0]] * 3 + [[1, 1]] + [[0, 0]] * 2


def test_beside_the_negative_prompt_stands_what_no_picture_says(shop: Shop) -> None:
    made = shop.begun(shop.asked({"model": "plus"}))
    negative, positive = loop.rows_of(0, made.denoising)
    assert not torch.equal(negative.units[0].seen[0], positive.units[0].seen[0])
    assert torch.equal(negative.units[0].seen[0], made.denoising.control[0].unseen[0])


def test_the_borrowed_network_is_as_it_was(shop: Shop) -> None:
    unet = shop.model.unet
    before = {name: weight.clone() for name, weight in unet.state_dict().items()}
    processors = dict(unet.attn_processors)
    drawn(shop.begun(shop.asked({"model": "plus"}, {"model": "embedding"}, steps=2)))
    units = shop.begun(shop.asked({"model": "embedding"})).denoising.control
    with pytest.raises(RuntimeError, match="out of memory"), attending(unet, [units]):
        raise RuntimeError("out of memory")
    assert all(torch.equal(weight, before[name]) for name, weight in unet.state_dict().items())
    assert unet.state_dict().keys() == before.keys()
    assert unet.attn_processors == processors
    assert not [m for m in unet.modules() if m._forward_hooks or m._forward_pre_hooks]


@pytest.mark.parametrize("size", [(64, 96), (301, 120), (32, 32), (20, 33)])
def test_a_picture_is_cropped_as_clip_sees_it(size: tuple[int, int]) -> None:
    levels = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3)).astype(np.uint8)
    picture = Image.fromarray(levels)
    theirs = CLIPImageProcessorPil(size=32, crop_size=32)(picture, return_tensors="pt").pixel_values
    assert torch.allclose(cropped(picture, 32), theirs, atol=1e-6)


def test_a_job_is_drawn_and_its_encoder_is_lent_for_the_look_alone(shop: Shop) -> None:
    painter = Painter(shop.library, "cpu", "float32", 16, 1.0, shop.pictures)
    try:
        one = {**unit(shop.pictures, 0), "model": "plus", "model_hash": ""}
        plain, follows = (job(shop.library, control=c, width=64, height=64, checkpoint="tiny") for c in ([], [one]))
        for wanted in (plain, follows):
            painter.add(wanted)
        events = finish(painter)
        files = {event.job: event.file for event in events if isinstance(event, Made)}
        assert not [event for event in events if isinstance(event, Failed)]
        assert files[plain.id] != files[follows.id]
        assert f"encoder {follows.drawn.control[0].encoder_hash}" in painter.loaded
        painter.residency.make_room(2**40)
        assert not painter.loaded
    finally:
        painter.close()


@pytest.fixture
def moved(shop: Shop) -> Iterator[Path]:
    """The encoder is taken away, and put back."""
    place, away = shop.folder / "clip_vision" / "tiny", shop.folder / "away"
    place.rename(away)
    yield place
    away.rename(place)
    shop.library.refresh()


def test_an_encoder_that_is_gone_is_told_of(shop: Shop, moved: Path) -> None:
    one = {**unit(shop.pictures, 0), "model": "plus", "model_hash": ""}
    (shop.folder / "away").rename(moved)
    shop.library.refresh()
    wanted = job(shop.library, control=[one], width=64, height=64, checkpoint="tiny")
    moved.rename(shop.folder / "away")
    painter = Painter(shop.library, "cpu", "float32", 16, 1.0, shop.pictures)
    try:
        painter.add(wanted)
        (failed,) = [event for event in finish(painter) if isinstance(event, Failed)]
        assert failed.problem.code == "encoder.gone"
        assert failed.problem.field == "control.0.model"
    finally:
        painter.close()


def test_an_adapter_for_another_network_is_refused(shop: Shop, postcard: LoadedModel) -> None:
    asked = shop.asked({"model": "embedding"})
    with pytest.raises(ModelDamaged, match="made for another kind of model than postcard"):
        units_of(asked, {asked.control[0].model_hash: shop.controls["embedding"]}, postcard, shop.pictures)
