"""A folder of pictures in every tool's layout gives its settings back; what cannot be used is listed."""

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from engine import infotext
from engine.errors import BadRequest
from engine.library import shelf
from engine.library.hash import HashCache
from engine.metadata.absent import settle
from engine.metadata.read import read
from engine.request import read as requests
from tests.engine.library.blobs import of_shapes, write
from tests.engine.library.test_control_kinds import controlnet
from tests.engine.metadata.files import COMFY, FILES, exif, png, said, saved, unicode

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # of Pillow, about hostile EXIF

WANTED = {
    "prompt": "a cat in a hat, naïve 猫",
    "negative_prompt": "dog",
    "steps": 24,
    "sampler": "DPM++ 2M",
    "schedule": "Karras",
    "guidance": 7,
    "seed": 4294967297,
    "width": 512,
    "height": 768,
    "clip_skip": 2,
}
UNSAID = {  # what a layout has no place for
    "invoke2.png": {"clip_skip": 1, "schedule": None},
    "dream.png": {"clip_skip": 1, "schedule": None},
    "novelai.png": {"clip_skip": 1},
    "novelai.webp": {"clip_skip": 1},
    "easy.png": {"schedule": None},
    "easy-labels.png": {"schedule": None},
    "easy.jpg": {"schedule": None},
    "drawthings.png": {"clip_skip": 1},
    "fooocus.png": {"prompt": "cinematic still a cat in a hat, naïve 猫", "negative_prompt": "dog, blurry"},
    "fooocus.jpg": {"prompt": "cinematic still a cat in a hat, naïve 猫", "negative_prompt": "dog, blurry"},
}
ON_A_GPU = {"a1111.png", "a1111.jpg", "a1111.webp", "a1111.avif", "a1111.gif", "forge.png", "sdnext.jpg"}


def test_a_folder_of_old_pictures_restores_their_settings(tmp_path: Path) -> None:
    for name, (_, data) in FILES.items():
        (tmp_path / name).write_bytes(data)
    for path in sorted(tmp_path.iterdir()):
        reading = read(path.read_bytes())
        wanted = WANTED | UNSAID.get(path.name, {})
        assert {name: reading.values.get(name) for name in wanted} == wanted, path.name
        assert reading.tool == FILES[path.name][0]
        requests.read(reading.values)  # can be drawn as it is


@pytest.mark.parametrize("name", FILES)
def test_noise_and_arithmetic_are_those_of_the_tool(name: str) -> None:
    values = read(FILES[name][1]).values
    assert values["noise_source"] == ("NV" if name in ON_A_GPU else "CPU")
    diffusers = name == "sdnext.jpg" or name.startswith(("invoke", "dream", "novelai", "easy", "draw"))
    assert values["arithmetic"] == ("diffusers" if diffusers else "AUTOMATIC1111")


@pytest.mark.parametrize(
    ("name", "leftovers"),
    [
        ("comfy.png", {"LoRA": "hat (0.8)", "Nodes": "UpscaleModelLoader"}),
        ("invoke.png", {"LoRA": "hat (0.8) [blake3:99]", "generation_mode": "txt2img", "Model hash": "blake3:1234"}),
        ("dream.png", {"Further flags": "-U 2 0.75"}),
        (
            "fooocus.png",
            {
                "Raw prompt": "a cat in a hat, naïve 猫",
                "Raw negative prompt": "dog",
                "LoRA": "hat (0.8) [4852686128]",
                "ADM Guidance": "(1.5, 0.8, 0.3)",
                "Performance": "Speed",
                "Sharpness": "2",
                "Fooocus styles": "['Fooocus V2']",
            },
        ),
        ("swarm.png", {"LoRA": "hat (0.8)"}),
        ("novelai.png", {"cfg_rescale": "0.2"}),
        ("easy.png", {"LoRA": "['hat']", "lora_alpha": "[0.8]"}),
        ("easy.jpg", {"LoRA": "hat (0.8)"}),
        ("drawthings.png", {"LoRA": "hat (0.8)"}),
        ("sdnext.jpg", {"Parser": "a1111", "Operations": "txt2img"}),
        ("a1111.png", {}),
    ],
)
def test_what_cannot_be_used_is_listed(name: str, leftovers: dict[str, str]) -> None:
    assert read(FILES[name][1]).leftovers == leftovers


class Shelf:
    """Two checkpoints; any other name or hash is not here."""

    loras = shelf.Shelf("lora", Path("/nowhere"), HashCache(Path("/nowhere")))
    embeddings = shelf.Shelf("embedding", Path("/nowhere"), HashCache(Path("/nowhere")))
    controls = shelf.Shelf("control", Path("/nowhere"), HashCache(Path("/nowhere")))
    upscalers = shelf.Shelf("upscaler", Path("/nowhere"), HashCache(Path("/nowhere")))
    encoders = shelf.Shelf("encoder", Path("/nowhere"), HashCache(Path("/nowhere")))
    restorers = shelf.Shelf("restorer", Path("/nowhere"), HashCache(Path("/nowhere")))
    detectors = shelf.Shelf("detector", Path("/nowhere"), HashCache(Path("/nowhere")))

    def find(self, wanted: str) -> Any:
        for name, digest in {"postcard": "0123456789", "revAnimated_v122": "aaaaaaaaaa"}.items():
            if wanted in (name, f"{name} [{digest}]", f"[{digest}]") or wanted.endswith(f"[{digest}]"):
                return type("Model", (), {"name": name})
        raise BadRequest("checkpoint.unknown", "")


def test_a_model_that_is_not_here_is_listed_with_its_hash() -> None:
    text = "x\nSteps: 1, Sampler: Euler, Model hash: 4199bcdd14, Model: other, VAE hash: 0011223344, VAE: sea.pt, Size: 64x64"
    found = settle(read(png({"parameters": text})), Shelf())
    assert "checkpoint" not in found.values
    assert found.leftovers == {"Model": "other [4199bcdd14]", "VAE": "sea.pt [0011223344]"}
    assert found.absent == ["Model", "VAE"]


@pytest.mark.parametrize(
    ("pairs", "model", "leftovers"),
    [
        ("Model hash: 0123456789, Model: renamed", "postcard", {}),
        ("Model: postcard", "postcard", {}),
        ("Model hash: 0123456789", "postcard", {}),
        ("Model hash: 4199bcdd14, Model: postcard", "postcard", {"Model hash": "4199bcdd14"}),
        ("Model hash: 4199bcdd14", None, {"Model": "[4199bcdd14]"}),
        ("Model hash: 45dee52b", None, {"Model hash": "45dee52b"}),
        ("Model: folder/of/another/postcard", "postcard", {}),
    ],
)
def test_a_model_is_found_by_hash_and_else_by_name(pairs: str, model: str | None, leftovers: dict[str, str]) -> None:
    found = settle(read(png({"parameters": f"x\nSteps: 1, Sampler: Euler, {pairs}"})), Shelf())
    assert found.values.get("checkpoint") == model
    assert found.leftovers == leftovers


@pytest.mark.parametrize(
    ("upscaler", "known"), [("Latent (bicubic)", True), ("Lanczos", True), ("2x_Tiny", True), ("4x-UltraSharp", False)]
)
def test_an_upscaler_that_is_not_here_is_listed(tmp_path: Path, upscaler: str, known: bool) -> None:
    class Here(Shelf):
        upscalers = shelf.Shelf("upscaler", tmp_path, HashCache(tmp_path))

    write(tmp_path / "2x_Tiny.safetensors", of_shapes({"model.0.weight": [3, 3]}))
    text = f"x\nSteps: 1, Sampler: Euler, Size: 64x64, Denoising strength: 0.5, Hires upscale: 2, Hires upscaler: {upscaler}"
    found = settle(read(png({"parameters": text})), Here())
    assert found.values.get("hires_upscaler") == (upscaler if known else None)
    assert found.absent == ([] if known else ["Hires upscaler"])
    assert found.values["hires_scale"] == 2


def test_a_controlnet_that_is_not_here_is_listed_and_its_unit_left_out(tmp_path: Path) -> None:
    class Here(Shelf):
        controls = shelf.Shelf("control", tmp_path, HashCache(tmp_path))

    write(tmp_path / "mine.safetensors", controlnet())
    digest = Here.controls.hash_of(Here.controls.find("mine"))
    units = [f"Module: canny, Model: {name}" for name in (f"renamed [{digest}]", "mine", "mine [d14c016b]", "other")]
    pairs = ", ".join(f'ControlNet {at}: "{unit}"' for at, unit in enumerate(units))
    found = settle(read(png({"parameters": f"x\nSteps: 1, Sampler: Euler, Size: 64x64, {pairs}"})), Here())
    assert [unit["model"] for unit in found.values["control"]] == ["mine", "mine"]
    assert found.leftovers == {"ControlNet": "mine [d14c016b], other"}
    assert found.absent == ["ControlNet"]


def test_settings_that_are_not_mentioned_were_at_their_defaults() -> None:
    values = read(FILES["a1111.png"][1]).values
    assert (values["eta"], values["variation_strength"], values["ensd"], values["s_churn"]) == (None, 0.0, 0, 0.0)
    assert "count" not in values
    only_words = read(png({"parameters": "a cat"}))
    assert only_words.values == {"prompt": "a cat", "negative_prompt": ""}


def test_what_was_done_afterwards_is_listed() -> None:
    text = FILES["a1111.png"][1]
    assert read(text).leftovers == {}
    both = png(
        {"parameters": "a cat\nSteps: 2, Sampler: Euler, Seed: 1", "postprocessing": "Postprocess upscale by: 2"}
    )
    assert read(both).leftovers == {"Postprocessing": "Postprocess upscale by: 2"}


def test_markup_in_a_prompt_stays_text() -> None:
    prompt = '<img src=x onerror="alert(1)"> <lora:hat:0.8> {{7*7}}'
    assert read(png({"parameters": f"{prompt}\nSteps: 2, Sampler: Euler, Seed: 1"})).values["prompt"] == prompt
    graph = json.loads(json.dumps(COMFY))
    graph["6"]["inputs"]["text"] = prompt
    assert read(png({"prompt": json.dumps(graph)})).values["prompt"] == prompt


def test_the_fork_of_fooocus_is_read() -> None:
    said_there = {
        **{"Prompt": "a cat", "Negative": "dog", "steps": 24, "cfg": 7, "width": 512, "height": 768, "seed": 5},
        **{
            "sampler_name": "euler",
            "scheduler": "simple",
            "base_model_name": "x.safetensors",
            "software": "RuinedFooocus",
        },
    }
    reading = read(png({"parameters": said(said_there)}))
    wanted = {"prompt": "a cat", "negative_prompt": "dog", "width": 512, "sampler": "Euler", "checkpoint": "x"}
    assert {name: reading.values.get(name) for name in wanted} == wanted
    assert reading.tool == "RuinedFooocus"


# -- ComfyUI's graphs


def comfy(**nodes: Any) -> dict[str, Any]:
    graph = json.loads(json.dumps(COMFY)) | {key.removeprefix("n"): node for key, node in nodes.items()}
    reading = read(png({"prompt": json.dumps(graph)}))
    return {**reading.values, "left": reading.leftovers}


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def test_the_first_pass_counts_and_not_the_second() -> None:
    second = COMFY["3"]["inputs"] | {"latent_image": ["20", 0], "denoise": 0.5, "steps": 9}
    upscaled = node("LatentUpscale", samples=["3", 0], width=1024, height=1536)
    found = comfy(n1=node("KSampler", **second), n20=upscaled)
    assert (found["steps"], found["width"]) == (24, 512)
    assert "KSampler" in found["left"]["Nodes"]


def test_a_seed_and_a_prompt_from_nodes_of_their_own_are_found() -> None:
    sampler = COMFY["3"]["inputs"] | {"seed": ["20", 0]}
    words = node("CLIPTextEncode", text=["21", 0], clip=["4", 1])
    found = comfy(
        n3=node("KSampler", **sampler),
        n6=words,
        n20=node("PrimitiveInt", value=7),
        n21=node("StringLiteral", string="from a node"),
    )
    assert (found["seed"], found["prompt"]) == (7, "from a node")


def test_the_advanced_sampler_says_where_it_starts_and_ends() -> None:
    inputs = {key: value for key, value in COMFY["3"]["inputs"].items() if key not in ("seed", "denoise")}
    advanced = {"noise_seed": 5, "add_noise": "enable", "start_at_step": 0, "end_at_step": 10}
    found = comfy(n3=node("KSamplerAdvanced", **inputs, **advanced))
    assert (found["seed"], found["left"]["End at step"]) == (5, "10")


def test_a_sampler_in_parts_is_put_together() -> None:
    found = comfy(
        n3=node(
            "SamplerCustomAdvanced",
            noise=["20", 0],
            guider=["21", 0],
            sampler=["22", 0],
            sigmas=["23", 0],
            latent_image=["5", 0],
        ),
        n20=node("RandomNoise", noise_seed=9),
        n21=node("CFGGuider", cfg=3.5, model=["4", 0], positive=["6", 0], negative=["7", 0]),
        n22=node("KSamplerSelect", sampler_name="euler_ancestral"),
        n23=node("KarrasScheduler", steps=11, sigma_max=14.6, sigma_min=0.03, rho=7.0),
    )
    said = [found[name] for name in ("seed", "guidance", "sampler", "schedule", "steps", "rho", "negative_prompt")]
    assert said == [9, 3.5, "Euler a", "Karras", 11, 7, "dog"]


def test_controls_are_walked_through_and_joined_prompts_are_told() -> None:
    found = comfy(
        n3=node("KSampler", **COMFY["3"]["inputs"] | {"positive": ["20", 0], "negative": ["20", 1]}),
        n20=node("ControlNetApplyAdvanced", positive=["21", 0], negative=["7", 0], strength=1),
        n21=node("ConditioningConcat", conditioning_to=["6", 0], conditioning_from=["22", 0]),
        n22=node("CLIPTextEncode", text="by a lake", clip=["4", 1]),
    )
    assert found["prompt"] == "a cat in a hat, naïve 猫 BREAK by a lake"
    assert found["negative_prompt"] == "dog"
    combined = node("ConditioningCombine", conditioning_1=["6", 0], conditioning_2=["22", 0])
    words = node("CLIPTextEncode", text="by a lake", clip=["4", 1])
    found = comfy(n3=node("KSampler", **COMFY["3"]["inputs"] | {"positive": ["21", 0]}), n21=combined, n22=words)
    assert (found["prompt"], found["left"]["Prompt 2"]) == ("a cat in a hat, naïve 猫", "by a lake")


# -- hostile ones


def thicket() -> dict[str, Any]:
    nodes = {
        str(i): node("Mix", conditioning_1=[str(i + 1), 0], conditioning_2=[str(i + 1), 0]) for i in range(100, 9000)
    }
    return {"3": node("KSampler", **COMFY["3"]["inputs"] | {"positive": ["100", 0]}), **nodes}


def circle() -> dict[str, Any]:
    nodes = {
        key: node("X", conditioning=[key, 0], model=[key, 0], clip=[key, 0], samples=[key, 0], value=[key, 0])
        for key in "4567"
    }
    return {"3": node("KSampler", **COMFY["3"]["inputs"] | {"seed": ["4", 0]}), **nodes}


HOSTILE = {
    "a text of 50 MB": lambda: png({"parameters": "a" * 50 * 2**20}),
    "50 MB behind a prompt": lambda: png({"workflow": "x" * 50 * 2**20, "prompt": json.dumps(COMFY)}),
    "brackets": lambda: png(
        {"parameters": "{" * 3_000_000, "prompt": '{"a":' * 500_000, "invokeai_metadata": "[" * 10**6}
    ),
    "deep JSON": lambda: png({"prompt": '{"3":{"inputs":' + "[" * 10**6 + "]" * 10**6 + "}}"}),
    "a thicket of a graph": lambda: png({"prompt": json.dumps(thicket())}),
    "a graph in a circle": lambda: png({"prompt": json.dumps(circle())}),
    "a graph of nonsense": lambda: png(
        {"prompt": '{"3":{"inputs":{"latent_image":[[],{}],"positive":[null,0],"steps":{}}}}'}
    ),
    "a number without end": lambda: png({"invokeai_metadata": '{"steps": ' + "9" * 10**6 + "}"}),
    "infinity": lambda: png({"invokeai_metadata": '{"steps": 1e999, "seed": NaN, "width": -1e999, "height": true}'}),
    "half a letter": lambda: png({"invokeai_metadata": '{"positive_prompt": "\\ud800", "steps": 3, "x\\ud800": 1}'}),
    "a million pairs": lambda: png({"parameters": "x\nSteps: 1, " + "a: b, " * 600_000}),
    "a hundred thousand keys": lambda: png(
        {"parameters": "x\nSteps: 1, " + "".join(f"k{i}: v, " for i in range(10**5))}
    ),
    "wrong types": lambda: png(
        {
            "parameters": '{"sui_image_params": {"prompt": [1], "loras": {"a": 1}, "sampler": 7, "clipstopatlayer": "x"}, "sui_models": [1, {"param": []}]}'
        }
    ),
    "wrong types of Fooocus": lambda: png(
        {"parameters": '{"base_model": [], "loras": [[], [1, 2, 3, 4], {}], "resolution": null, "full_prompt": [1]}'}
    ),
    "a wrong Comment": lambda: png({"Software": "NovelAI", "Comment": "[]", "Description": "x"}),
    "an XMP without end": lambda: png(
        {"XML:com.adobe.xmp": "<exif:UserComment>" * 200_000 + "<rdf:li>" + "&amp;" * 500_000}
    ),
    "EXIF of zeros": lambda: saved("JPEG", exif=b"Exif\0\0" + b"MM\0*\0\0\0\x08" + b"\xff" * 60_000),
    "a comment of rare letters": lambda: exif("WEBP", unicode("猫" * 10**6)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_settings_are_read_or_refused_within_a_second(name: str) -> None:
    data = HOSTILE[name]()
    begun = time.process_time()
    with suppress(BadRequest):  # in words, as its tests say
        reading = read(data)
        assert len(said([reading.values, reading.leftovers]).encode()) < 10**6
    assert time.process_time() - begun < 1


def test_a_text_that_is_too_long_is_said_to_be() -> None:
    with pytest.raises(BadRequest, match="longer than any settings"):
        read(HOSTILE["a text of 50 MB"]())
    assert read(HOSTILE["50 MB behind a prompt"]()).values["steps"] == 24


def test_a_picture_without_settings_and_no_picture_are_told_apart() -> None:
    with pytest.raises(BadRequest, match="no settings"):
        read(saved("PNG"))
    with pytest.raises(BadRequest, match="not a picture"):
        read(b"nonsense")


def test_our_own_text_is_read_as_it_was_asked_for() -> None:
    asked = requests.read({"prompt": "a", "steps": 3, "noise_source": "CPU", "seed": 2**64 - 1, "count": 2})
    reading = read(png({"parameters": infotext.write(asked)}))
    assert requests.read(reading.values) == asked
    assert reading.tool == infotext.VERSION
