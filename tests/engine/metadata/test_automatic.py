"""AUTOMATIC1111's text and its dialects: real examples from public pictures, and the traps that others fell into."""

from typing import Any

import pytest

from engine.metadata import names
from engine.metadata.read import read
from engine.request.control import ControlUnit
from engine.request.samplers import SAMPLERS, SCHEDULES
from tests.engine.metadata.files import png

HEAD = "girl with an artist's beret, determined, blue eyes\nNegative prompt: ugly, [blurry]\n"
CONTROL = (
    "Module: canny, Model: control_v11p_sd15_canny [d14c016b], Weight: 1.0, Resize Mode: Crop and Resize, "
    "Processor Res: 512, Threshold A: 192.0, Threshold B: 255.0, Guidance Start: 0.0, Guidance End: 1.0, "
    "Pixel Perfect: False, Control Mode: ControlNet is more important"
)
CANNY = ControlUnit(
    preprocessor="canny",
    model="control_v11p_sd15_canny",
    model_hash="d14c016b",
    threshold_a=192,
    threshold_b=255,
    pixel_perfect=False,
    mode="ControlNet is more important",
).model_dump()
OLD_CONTROL = (
    "preprocessor: openpose, model: control_v11p_sd15_openpose [cab727d4], weight: 1, starting/ending: (0, 1), "
    "resize mode: Crop and Resize, pixel perfect: False, control mode: Balanced, preprocessor params: (512, 64, 64)"
)
OLD_UNIT = ControlUnit(
    preprocessor="openpose",
    model="control_v11p_sd15_openpose",
    model_hash="cab727d4",
    threshold_a=64,
    threshold_b=64,
    pixel_perfect=False,
)
# line of settings, some of the values (a sampler that is not here yet is a leftover), all leftovers, tool
EXAMPLES: dict[str, tuple[str, dict[str, Any], dict[str, str], str]] = {
    "docstring": (
        "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 965400086, Size: 512x512, Model hash: 45dee52b",
        {"steps": 20, "sampler": "Euler a", "guidance": 7, "seed": 965400086, "width": 512, "noise_source": "NV"},
        {"Model hash": "45dee52b"},
        "AUTOMATIC1111",
    ),
    "hires": (
        "Steps: 35, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 561242768, Size: 768x512, Model hash: 4199bcdd14, "
        "Model: revAnimated_v122, Denoising strength: 0.7, Hires upscale: 2, Hires steps: 15, "
        "Hires upscaler: 4x-UltraSharp, Version: v1.4.1",
        {
            "sampler": "DPM++ 2M",
            "schedule": "Karras",
            "checkpoint": "revAnimated_v122",
            "checkpoint_hash": "4199bcdd14",
            "hires_strength": 0.7,
            "hires_scale": 2,
            "hires_steps": 15,
            "hires_upscaler": "4x-UltraSharp",
        },
        {},
        "AUTOMATIC1111 v1.4.1",
    ),
    "LoRA and embeddings": (
        "Steps: 6, Sampler: LCM, Schedule type: Automatic, CFG scale: 1.5, Seed: 3748719078, Size: 768x1024, "
        "Model hash: 19bbe9faa4, Model: fantasticmix_k2, VAE hash: 07af11b95c, "
        "VAE: vae-ft-mse-840000-ema-pruned.safetensors, Clip skip: 2, "
        'Lora hashes: "LCM_15: aaebf6360f7d, ip-adapter-faceid-plusv2_sd15_lora: a95a0f4bdcb9", '
        'TI hashes: "MajicNegative_V2: a53884ef726b, badhandv4: 5e40d722fc3d", Downcast alphas_cumprod: True, '
        "Version: v1.9.4",
        {
            **{"sampler": "LCM", "schedule": "Automatic", "guidance": 1.5, "clip_skip": 2, "height": 1024},
            "lora_hashes": "LCM_15: aaebf6360f7d, ip-adapter-faceid-plusv2_sd15_lora: a95a0f4bdcb9",
            "embedding_hashes": "MajicNegative_V2: a53884ef726b, badhandv4: 5e40d722fc3d",
        },
        {
            "VAE": "vae-ft-mse-840000-ema-pruned.safetensors [07af11b95c]",
            "Downcast alphas_cumprod": "True",
        },
        "AUTOMATIC1111 v1.9.4",
    ),
    "two ControlNets": (
        "Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 1944526060, Size: 512x512, "
        f'Model hash: 6d82a674e1, Model: helloobjects_V15evae, ControlNet 0: "{CONTROL}", ControlNet 1: "{CONTROL}", '
        "Version: v1.10.1",
        {
            **{"sampler": "DPM++ 2M", "schedule": "Karras", "checkpoint": "helloobjects_V15evae"},
            "control": [CANNY, CANNY],
        },
        {},
        "AUTOMATIC1111 v1.10.1",
    ),
    "inpainting": (
        "Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 1068468216, Size: 352x528, Model hash: cbfba64e66, "
        "Model: counterfeitV30_v30, VAE hash: df3c506e51, VAE: kl-f8-anime2.ckpt, Denoising strength: 0.45, "
        "Mask blur: 4, Inpaint area: Only masked, Masked area padding: 32, Masked content: fill, Version: v1.8.0",
        {"width": 352, "height": 528, "checkpoint_hash": "cbfba64e66"},
        {
            "VAE": "kl-f8-anime2.ckpt [df3c506e51]",
            "Denoising strength": "0.45",
            "Mask blur": "4",
            "Inpaint area": "Only masked",
            "Masked area padding": "32",
            "Masked content": "fill",
        },
        "AUTOMATIC1111 v1.8.0",
    ),
    "variation": (
        "Steps: 30, Sampler: Euler, CFG scale: 11.5, Seed: 1058629707, Size: 512x768, Variation seed: 1692844643, "
        "Variation seed strength: 0.27, Seed resize from: 1088x512",
        {
            "variation_seed": 1692844643,
            "variation_strength": 0.27,
            "resize_from_width": 1088,
            "resize_from_height": 512,
        },
        {},
        "AUTOMATIC1111",
    ),
    "ENSD": (
        "Steps: 50, Sampler: Euler a, CFG scale: 7, Seed: 4056340336, Size: 768x768, Model hash: 03b2d23370, "
        "Model: architectureExterior_v40Exterior, Denoising strength: 0.6, Clip skip: 2, ENSD: 31337, "
        "Hires upscale: 2, Hires upscaler: 4x-UltraSharp, Version: 1.7.0",
        {"ensd": 31337, "clip_skip": 2, "steps": 50, "hires_strength": 0.6, "hires_scale": 2, "hires_steps": 0},
        {},
        "AUTOMATIC1111 1.7.0",
    ),
    "old ControlNet": (
        f'Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Denoising strength: 0.7, ControlNet 0: "{OLD_CONTROL}", '
        'Hires upscale: 2, Hires upscaler: Latent, TI hashes: "Neg1: 339cc9210f70, Negative: 66a7279a88dd", '
        "Version: v1.5.1",
        {"steps": 20, "hires_scale": 2, "hires_upscaler": "Latent", "control": [OLD_UNIT.model_dump()]},
        {},
        "AUTOMATIC1111 v1.5.1",
    ),
    "Civitai's extension": (
        'Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, TI hashes: "EasyNegative: c74b4e810b03", Version: v1.5.1, '
        'Hashes: {"vae": "c6a580b13a", "embed:EasyNegative": "c74b4e810b", "model": "4199bcdd14"}',
        {"steps": 20, "checkpoint_hash": "4199bcdd14"},
        {
            "Hashes": "vae: c6a580b13a, embed:EasyNegative: c74b4e810b",
        },
        "AUTOMATIC1111 v1.5.1",
    ),
    "copied from Civitai": (
        "Steps: 30, ENSD: 31337, Size: 512x768, Seed: 1065244439, Model: GhostMix-V2.0-fp16-BakedVAE, "
        "Sampler: DPM++ 2M Karras, CFG scale: 5, Clip skip: 2, Model hash: 0f5ef4c164, Hires steps: 20, "
        "Hires upscale: 2, Hires upscaler: 4x-UltraSharp, Denoising strength: 0.5",
        {"seed": 1065244439, "width": 512, "height": 768, "ensd": 31337, "schedule": "Karras", "hires_steps": 20},
        {},
        "AUTOMATIC1111",
    ),
    "Forge": (
        "Steps: 30, Sampler: Euler a, Schedule type: Automatic, CFG scale: 7, Seed: 539894433, Size: 832x1216, "
        "Model hash: 137ebf59ea, Model: KN-VanguardMix.fp16, Denoising strength: 0.3, Clip skip: 2, "
        'Hashes: {"model": "137ebf59ea"}, Hires Module 1: Built-in, Hires CFG Scale: 1, Hires upscale: 2, '
        "Hires steps: 15, Hires upscaler: 4x_Fatality_Comix_260000_G, Version: f2.0.1v1.10.1",
        {"seed": 539894433, "checkpoint": "KN-VanguardMix.fp16", "noise_source": "NV", "arithmetic": "AUTOMATIC1111"},
        {
            "Hires Module 1": "Built-in",
            "Hires CFG Scale": "1",
        },
        "Forge f2.0.1v1.10.1",
    ),
    "SD.Next": (
        "Steps: 30, Size: 800x800, Sampler: DPM++ SDE, Scheduler: DPMSolverMultistepScheduler, Seed: 1234321, "
        "CFG scale: 8.0, CFG end: 0.8, App: SD.Next, Version: 0eb4a98, Parser: a1111, "
        "Pipeline: StableDiffusionXLPipeline, Operations: txt2img, "
        "Model: SDXL_10_COL_colossusProjectXLSFW_v10bNeodemon, Model hash: dec85dd654",
        {"sampler": "DPM++ 2M SDE", "guidance": 8, "checkpoint_hash": "dec85dd654", "arithmetic": "diffusers"},
        {
            "CFG end": "0.8",
            "Parser": "a1111",
            "Pipeline": "StableDiffusionXLPipeline",
            "Operations": "txt2img",
        },
        "SD.Next 0eb4a98",
    ),
    "Fooocus": (
        "Steps: 30, Sampler: DPM++ 2M SDE Karras, Seed: 127589946317439009, Size: 512x512, CFG scale: 4, Sharpness: 2, "
        'ADM Guidance: "(1.5, 0.8, 0.3)", Model: juggernautXL_v8Rundiffusion, Model hash: aeb7e9e689, '
        "Performance: Speed, Scheduler: karras, VAE: Default (model), Raw prompt: a cat, Raw negative prompt: , "
        'Clip skip: 2, Lora hashes: "sd_xl_offset_example-lora_1.0: 4852686128", Version: Fooocus v2.4.1',
        {
            "sampler": "DPM++ 2M SDE",
            "schedule": "Karras",
            "seed": 127589946317439009,
            "noise_source": "CPU",
            "lora_hashes": "sd_xl_offset_example-lora_1.0: 4852686128",
        },
        {
            "Sharpness": "2",
            "ADM Guidance": "(1.5, 0.8, 0.3)",
            "Performance": "Speed",
            "VAE": "Default (model)",
            "Raw prompt": "a cat",
        },
        "Fooocus v2.4.1",
    ),
    "2022": (
        "Steps: 30, Sampler: Euler a, CFG scale: 7, Seed: 3331645590, Size: 768x768, Model hash: 4bdfc29c, "
        "Batch size: 8, Batch pos: 1, Variation seed: 2387469322, Variation seed strength: 0.05",
        {"variation_seed": 2387469322, "variation_strength": 0.05},
        {"Model hash": "4bdfc29c", "Batch size": "8", "Batch pos": "1"},
        "AUTOMATIC1111",
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_real_example_is_understood(name: str) -> None:
    line, values, leftovers, tool = EXAMPLES[name]
    reading = read(png({"parameters": HEAD + line}))
    assert reading.values["prompt"] == "girl with an artist's beret, determined, blue eyes"
    assert reading.values["negative_prompt"] == "ugly, [blurry]"
    assert {key: reading.values.get(key) for key in values} == values
    assert reading.leftovers == leftovers
    assert reading.tool == tool


def of(pairs: str) -> Any:
    return read(png({"parameters": f"a cat\n{pairs}"}))


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("girl, hair: red, eyes: blue, hat: none", "girl, hair: red, eyes: blue, hat: none"),
        ("a stair, Stone Steps: old, hair: red, eyes: blue", "a stair, Stone Steps: old, hair: red, eyes: blue"),
        ("a cat\nSteps: 3, Sampler: Euler", "a cat\nSteps: 3, Sampler: Euler"),
        (
            "a cat\nhair: red, eyes: blue, hat: none\nSteps: 3, Sampler: Euler, Seed: 1",
            "a cat\nhair: red, eyes: blue, hat: none",
        ),
    ],
)
def test_words_with_colons_stay_words(text: str, prompt: str) -> None:
    assert read(png({"parameters": text})).values["prompt"] == prompt


@pytest.mark.parametrize(
    ("pairs", "leftovers"),
    [
        ("Foo", {}),
        ("Time: 10:30", {"Time": "10:30"}),
        ("Foo: 1, ", {"Foo": "1"}),
        ('Foo: "a, b\\n\\"c\\": 猫"', {"Foo": 'a, b\n"c": 猫'}),
        ('Foo: "unbalanced, Bar: 2', {"Foo": '"unbalanced', "Bar": "2"}),
        ("Sampler: , Bar: 2", {"Bar": "2"}),
        ('Hashes: {"vae": "c6", "x": "1"}, Bar: 2', {"Hashes": "vae: c6, x: 1", "Bar": "2"}),
        (
            'Civitai resources: [{"type":"checkpoint","modelVersionId":290640,"modelName":"Pony, XL"},'
            '{"type":"lora","weight":0.8,"modelName":"Hat"}], Civitai metadata: {"a": {"b": [1, 2]}}, Bar: 2',
            {
                "Civitai resources": "checkpoint Pony, XL [290640]; lora Hat (0.8)",
                "Civitai metadata": '{"a": {"b": [1, 2]}}',
                "Bar": "2",
            },
        ),
        ('Hashes: {"broken, Bar: 2', {"Hashes": '{"broken', "Bar": "2"}),
    ],
)
def test_odd_pairs_are_taken_apart_and_none_is_lost(pairs: str, leftovers: dict[str, str]) -> None:
    reading = of(f"Steps: 20, Seed: 5, Size: 64x64, {pairs}")
    assert reading.leftovers == leftovers
    assert (reading.values["steps"], reading.values["seed"]) == (20, 5)


@pytest.mark.parametrize(
    "text",
    [
        "a cat\nNegative prompt: dog\nSteps: 3, Sampler: Euler, Seed: 1\nTemplate: a {cat|dog}, red\nNegative Template: {x}",
        "a cat\nNegative prompt: dog\nTemplate: a {cat|dog}, red\nNegative template: {x}\nSteps: 3, Sampler: Euler, Seed: 1",
        'a cat\nNegative prompt: dog\nSteps: 3, Sampler: Euler, Seed: 1, Template: "a {cat|dog}, red", Negative Template: {x}',
    ],
)
def test_templates_are_found_in_all_three_places(text: str) -> None:
    reading = read(png({"parameters": text}))
    assert (reading.values["prompt"], reading.values["negative_prompt"], reading.values["steps"]) == ("a cat", "dog", 3)
    told = {key.lower(): value for key, value in reading.leftovers.items()}
    for key, words in (("template", "a {cat|dog}, red"), ("negative template", "{x}")):
        assert words in (told.get(key), reading.values.get(key.replace(" ", "_")))


@pytest.mark.parametrize(
    ("pairs", "values"),
    [
        ("RNG: CPU", {"noise_source": "CPU"}),
        ("RNG: NV", {"noise_source": "NV"}),
        ("RNG: GPU", {"noise_source": "NV"}),
        ("Sampler: DDIM, Eta DDIM: 0.5", {"eta": 0.5}),
        ("Sampler: Euler a, Eta: 0.67", {"eta": 0.67}),
        ("Sampler: Euler, Sigma churn: 2, Sigma tmax: 1.5", {"s_churn": 2, "s_tmax": 1.5}),
        (
            "Schedule max sigma: 10, Schedule min sigma: 0.1, Schedule rho: 5",
            {"sigma_max": 10, "sigma_min": 0.1, "rho": 5},
        ),
        ("Discard penultimate sigma: True", {"discard_penultimate": True}),
        ("Seed resize from: 0x0", {"resize_from_width": None}),
        ("Sampler: DPM++ 2M", {"sampler": "DPM++ 2M", "schedule": "Uniform"}),
        ("Sampler: DPM++ 2M, Schedule type: Automatic", {"schedule": "Automatic"}),
        ("Sampler: Euler a", {"sampler": "Euler a", "schedule": None}),
        ("Sampler: Euler SGMUniform", {"sampler": "Euler", "schedule": "SGM Uniform"}),
        ("Sampler: DPM++ 2M SDE Exponential", {"sampler": "DPM++ 2M SDE", "schedule": "Exponential"}),
        ("Sampler: Euler, Schedule type: SGMUniform", {"schedule": "SGM Uniform"}),
        ("First pass size: 320x192", {"width": 320, "height": 192}),
    ],
)
def test_old_and_odd_words_mean_what_they_meant(pairs: str, values: dict[str, Any]) -> None:
    found = of(f"Steps: 20, Size: 640x384, Seed: 5, {pairs}").values
    assert {name: found.get(name) for name in values} == values


def test_what_is_not_ddim_lists_its_eta() -> None:
    assert of("Steps: 20, Seed: 5, Sampler: Euler, Eta DDIM: 0.5").leftovers == {"Eta DDIM": "0.5"}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("DPM++ 2M Karras", ("DPM++ 2M", "Karras")),
        ("DPM++ SDE Karras", ("DPM++ SDE", "Karras")),
        ("DPM++ 2S a Karras", ("DPM++ 2S a", "Karras")),
        ("DPM2 a Karras", ("DPM2 a", "Karras")),
        ("LMS Karras", ("LMS", "Karras")),
        ("DPM++ 2M SDE Heun Karras", ("DPM++ 2M SDE Heun", "Karras")),
        ("DPM++ 2M SDE Heun", ("DPM++ 2M SDE Heun", None)),
        ("DDIM CFG++", ("DDIM CFG++", None)),
        ("Euler Ancestral", ("Euler a", None)),
        ("euler a", ("Euler a", None)),
        ("Magic Karras", ("Magic Karras", None)),
        ("", ("", None)),
    ],
)
def test_old_names_are_a_sampler_and_a_schedule(said: str, meant: tuple[str, str | None]) -> None:
    assert names.automatic(said) == meant


def test_every_sampler_and_schedule_of_ours_keeps_its_name() -> None:
    for name in SAMPLERS:
        assert names.automatic(name) == (name, None)
    assert set(SCHEDULES) <= set(names.SCHEDULES.values())


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (("euler_ancestral", "normal"), ("Euler a", "Normal")),
        (("dpmpp_2m_sde_gpu", "karras"), ("DPM++ 2M SDE", "Karras")),
        (("uni_pc_bh2", "simple"), ("uni_pc_bh2", "Simple")),
        (("ddim", "ddim_uniform"), ("Euler", "DDIM")),
        (("k_dpmpp_2m", "native"), ("DPM++ 2M", "native")),
    ],
)
def test_comfyuis_names(said: tuple[str, str], meant: tuple[str, str]) -> None:
    assert names.comfy(*said) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("euler_a", ("Euler a", "Uniform")),
        ("dpmpp_2m_k", ("DPM++ 2M", "Karras")),
        ("k_lms", ("LMS", None)),
        ("ddim", ("DDIM", None)),
        ("dpmpp_2s", ("dpmpp_2s", None)),
    ],
)
def test_invokes_names(said: str, meant: tuple[str, str | None]) -> None:
    assert names.invoke(said) == meant
