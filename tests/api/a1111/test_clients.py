"""What known clients send and read, each as it does it."""

import base64
import io
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.api.a1111.conftest import TINY
from tests.api.a1111.test_webuiapi import sketch


def base64_of(picture: Image.Image, prefix: str = "") -> str:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return prefix + base64.b64encode(file.getvalue()).decode()


def opened(text: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text)))


def test_open_webui_posts_all_options_back_with_one_changed(http: httpx.Client) -> None:
    junk = {"authorization": "Basic Og=="}  # without a password it sends something all the same
    options = http.get("/sdapi/v1/options", headers=junk).json()
    models = http.get("/sdapi/v1/sd-models", headers=junk).json()
    assert options["sd_model_checkpoint"] in [model["title"] for model in models]
    said = http.post("/sdapi/v1/options", json=options | {"sd_model_checkpoint": models[0]["title"]}, headers=junk)
    assert (said.status_code, said.json()) == (200, None)
    assert http.get("/sdapi/v1/options", headers=junk).json() == options
    made = http.post("/sdapi/v1/txt2img", json={"prompt": "a house", "batch_size": 1, **TINY}, headers=junk).json()
    assert opened(made["images"][0]).size == (64, 64)


def test_photoshop_s_own_fields_are_passed_over(http: httpx.Client) -> None:
    extra = {"uniqueDocumentId": "1-2", "use_prompt_shortcut": True, "prompt_shortcut_ui_dict": {}, "mode": "txt2img"}
    made = http.post("/sdapi/v1/txt2img", json={"prompt": "a house", **extra, **TINY})
    assert made.status_code == 200
    info = http.post("/sdapi/v1/png-info", json={"image": made.json()["images"][0]}).json()["info"]
    assert info.startswith("a house")
    assert http.get("/sdapi/v1/progress?skip_current_image=false").json()["current_image"] is None
    modules = http.get("/controlnet/module_list?alias_names=true").json()
    assert modules["module_detail"]["canny"]["sliders"][1] == {
        "name": "Low threshold",
        "value": 100,
        "min": 1,
        "max": 255,
        "step": 1,
    }
    assert http.get("/controlnet/settings").json()["control_net_unit_count"] == 3
    assert http.get("/controlnet/control_types").json()["control_types"]["Canny"]["default_option"] == "canny"
    for inpainting in ({"inpainting_mask_weight": 0.5}, {"inpainting_mask_weight": 1.0}):
        assert http.post("/sdapi/v1/options", json=inpainting).json() is None


def test_sillytavern_names_its_server_and_saves(http: httpx.Client) -> None:
    body = {"url": "http://127.0.0.1:7860", "auth": ":", "clip_skip": 1, "prompt": "a house", "save_images": True}
    body |= {"override_settings": {"CLIP_stop_at_last_layers": 1, "sd_vae": "Automatic"}, "scheduler": "Automatic"}
    made = http.post("/sdapi/v1/txt2img", json={**body, **TINY}, headers={"authorization": "Basic Og=="})
    assert made.status_code == 200
    assert opened(made.json()["images"][0]).size == (64, 64)


def test_ai_render_hears_what_is_not_here(http: httpx.Client) -> None:
    for path in ("/sdapi/v1/nothing", "/sdapi/v2/txt2img", "/controlnet/nothing"):
        said = http.post(path, json={})
        assert (said.status_code, said.json()) == (404, {"detail": "Not Found"})
    said = http.post("/sdapi/v1/txt2img", json={"sampler_index": "k_euler", **TINY})
    assert (said.status_code, said.json()["detail"]) == (404, "Sampler not found")
    unit = {"image": base64_of(sketch()), "model": "postcard-scribble", "module": "none", "strange": 1}  # no "enabled"
    body = {"init_images": [base64_of(sketch(), "data:image/png;base64,")], "sampler_index": "Euler a"}
    made = http.post("/sdapi/v1/img2img", json={**body, "alwayson_scripts": {"controlnet": {"args": [unit]}}, **TINY})
    assert len(made.json()["images"]) == 2


def test_aiyabot_finds_the_api_and_its_lists(http: httpx.Client) -> None:
    assert http.get("/sdapi/v1/cmd-flags").json()["api"] is True
    assert http.get("/sdapi/v1/version").status_code == 404
    for name in ("samplers", "prompt-styles", "face-restorers", "hypernetworks", "upscalers", "sd-models", "loras"):
        assert isinstance(http.get(f"/sdapi/v1/{name}").json(), list)
    assert http.get("/internal/ping").json() == {}


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("interrupt", {}),
        ("skip", None),
        ("refresh-checkpoints", None),
        ("refresh-vae", None),
        ("refresh-loras", None),
        ("refresh-embeddings", None),
        ("unload-checkpoint", {}),
        ("reload-checkpoint", {}),
    ],
)
def test_every_post_answers_200_with_a_body(path: str, answer: Any, http: httpx.Client) -> None:
    said = http.post(f"/sdapi/v1/{path}")
    assert (said.status_code, said.json()) == (200, answer)
    assert float(said.headers["x-process-time"]) >= 0


def test_training_is_said_to_be_done_elsewhere(http: httpx.Client) -> None:
    said = http.post("/sdapi/v1/train/embedding", json={})
    assert said.status_code == 200
    assert said.json()["info"].startswith("train embedding error")


@pytest.mark.parametrize("image", [lambda b: b, lambda b: {"image": b}, lambda b: [b, b], lambda b: [{"image": b}]])
def test_a_unit_s_picture_may_come_in_any_form(image: Any, http: httpx.Client) -> None:
    unit = {
        "input_image": image(base64_of(sketch())),
        "model": "postcard-scribble",
        "control_mode": 2,
        "resize_mode": 0,
    }
    body = {"alwayson_scripts": {"ControlNet": {"args": [unit, {"enabled": False, "model": "gone"}]}}, **TINY}
    made = http.post("/sdapi/v1/txt2img", json=body).json()
    assert len(made["images"]) == 2
    assert "Control Mode: ControlNet is more important" in made["info"]


def test_in_img2img_a_unit_without_a_picture_takes_the_starting_one(http: httpx.Client) -> None:
    unit = {"model": "postcard-scribble", "image": "", "save_detected_map": False, "guidance": 0.5}
    body = {"init_images": [base64_of(sketch())], "alwayson_scripts": {"ControlNet": {"args": [unit]}}, **TINY}
    made = http.post("/sdapi/v1/img2img", json=body).json()
    assert len(made["images"]) == 1
    assert "Guidance End: 0.5" in made["info"]


def test_an_infotext_fills_what_is_not_said(http: httpx.Client) -> None:
    text = (
        "a blue house\nNegative prompt: fog\nSteps: 3, Sampler: DDIM, CFG scale: 4, Seed: 99, Size: 64x64, Clip skip: 2"
    )
    made = http.post("/sdapi/v1/txt2img", json={"infotext": text, "seed": 5}).json()["info"]
    for said in ('"prompt": "a blue house"', '"seed": 5', '"steps": 3', '"sampler_name": "DDIM"', '"clip_skip": 2'):
        assert said in made
