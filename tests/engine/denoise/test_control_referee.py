"""Control in our loop against diffusers' own pipelines, with random networks on the built-in model: the same latents."""

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import ControlNetModel, StableDiffusionAdapterPipeline, StableDiffusionControlNetPipeline, T2IAdapter
from diffusers.models.controlnets.multicontrolnet import MultiControlNetModel

from engine.library.load import LoadedModel, load
from engine.library.load_control import LoadedControl, load_control
from engine.library.scan import Library
from engine.request.generation import GenerationRequest
from tests.engine.denoise.controlling import SIZE, drawing, drawn, request, source, unit
from tests.engine.denoise.test_referee import prepared
from tests.engine.library import tiny, tiny_control


def usual(asked: GenerationRequest) -> dict[str, Any]:
    """What a pipeline is told of any request."""
    return {
        "prompt": asked.words.prompt,
        "negative_prompt": asked.words.negative_prompt,
        "num_inference_steps": asked.sampling.steps,
        "guidance_scale": asked.sampling.guidance,
        "generator": torch.Generator().manual_seed(asked.sampling.seed),
        "width": SIZE[0],
        "height": SIZE[1],
        "output_type": "latent",
    }


def theirs(model: LoadedModel, control_models: Path, asked: GenerationRequest, **more: Any) -> torch.Tensor:
    nets = [ControlNetModel.from_pretrained(str(control_models / "controlnet" / n)) for n in ("first", "second")]
    nets = nets[: len(asked.control)]
    pipeline: Any = StableDiffusionControlNetPipeline(
        vae=model.vae,
        text_encoder=model.text_encoder,
        tokenizer=model.tokenizer,
        unet=model.unet,
        controlnet=nets[0] if len(nets) == 1 else MultiControlNetModel(nets),  # pyright: ignore
        scheduler=prepared(asked, model),
        safety_checker=None,  # pyright: ignore
        feature_extractor=None,  # pyright: ignore
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    pipeline.control_image_processor.config.vae_scale_factor = 8
    told: dict[str, list[Any]] = {
        "image": [source(at) for at in range(len(nets))],
        "controlnet_conditioning_scale": [unit.weight for unit in asked.control],
        "control_guidance_start": [unit.start for unit in asked.control],
        "control_guidance_end": [unit.end for unit in asked.control],
    }
    return pipeline(
        **usual(asked),
        **(told if len(nets) > 1 else {name: values[0] for name, values in told.items()}),
        **more,
    ).images


@pytest.mark.parametrize(
    ("units", "values"),
    [
        ([{}], {}),
        ([{"weight": 0.6}], {"sampler": "Euler a"}),
        ([{}], {"guidance": 1}),
        ([{"weight": 1.3}], {"sampler": "Heun", "steps": 4}),
        ([{"start": 0.2, "end": 0.7}], {}),
        ([{"start": 0.34}], {"sampler": "Heun"}),
        ([{}, {}], {}),
        ([{"weight": 0.5, "end": 0.5}, {"weight": 1.5, "start": 0.25}], {"sampler": "Euler"}),
    ],
)
def test_our_loop_equals_the_pipeline(
    units: list[dict[str, Any]],
    values: dict[str, Any],
    postcard: LoadedModel,
    controls: dict[str, LoadedControl],
    control_models: Path,
    given: Path,
) -> None:
    asked = request(*(unit(given, at, **own) for at, own in enumerate(units)), **values)
    (ours,) = drawn(drawing(postcard, asked, controls, given))
    (without,) = drawn(drawing(postcard, request(**values), controls, given))
    assert torch.equal(ours, theirs(postcard, control_models, asked))
    assert float((ours - without).abs().max()) > 0.05  # it does something


def test_an_adapter_in_our_loop_equals_the_pipeline(tmp_path: Path, given: Path) -> None:
    tiny.write_sd1(tmp_path / "checkpoints" / "tiny.safetensors")
    library = Library(tmp_path, tmp_path / "cache")
    model = load(library.find("tiny"), torch.device("cpu"), torch.float32)
    folder = tiny_control.write_folder(tiny_control.adapter_for(model.unet), tmp_path / "controlnet" / "adapter")
    adapter = load_control(library.controls.find("adapter"), torch.device("cpu"), torch.float32)
    asked = request(unit(given, 2, weight=0.8))
    pipeline: Any = StableDiffusionAdapterPipeline(
        vae=model.vae,
        text_encoder=model.text_encoder,
        tokenizer=model.tokenizer,
        unet=model.unet,
        adapter=T2IAdapter.from_pretrained(str(folder)),  # pyright: ignore
        scheduler=prepared(asked, model),
        safety_checker=None,  # pyright: ignore
        feature_extractor=None,  # pyright: ignore
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    theirs = pipeline(
        image=source(2),
        adapter_conditioning_scale=0.8,
        **usual(asked),
    ).images
    (ours,) = drawn(drawing(model, asked, {"2" * 8: adapter}, given))
    (without,) = drawn(drawing(model, request(), {}, given))
    assert torch.equal(ours, theirs)
    assert float((ours - without).abs().max()) > 0.05
