"""Every byte is hostile: a clear answer in their shape, never a traceback or a path, and the server lives on."""

import base64
import io
import json
import socket
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.api.a1111.conftest import TINY
from tests.api.a1111.test_clients import base64_of
from tests.api.a1111.test_webuiapi import sketch
from tests.api.test_control import bomb

BOMB = base64.b64encode(bomb()).decode()
GOOD = base64_of(sketch())
UNIT = {"image": GOOD, "model": "postcard-scribble", "module": "none"}


def with_unit(**values: Any) -> dict[str, Any]:
    return {"alwayson_scripts": {"ControlNet": {"args": [UNIT | values]}}, **TINY}


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("txt2img", {"steps": 999}, 422, "Steps"),
        ("txt2img", {"steps": -3}, 422, "Steps"),
        ("txt2img", {"width": 10**9}, 422, "Width"),
        ("txt2img", {"height": -64}, 422, "Height"),
        ("txt2img", {"cfg_scale": "much"}, 422, "cfg_scale"),
        ("txt2img", {"batch_size": 1000}, 422, "Pictures"),
        ("txt2img", {"n_iter": 0}, 422, "n_iter"),
        ("txt2img", {"n_iter": 10**6}, 422, "n_iter"),
        ("txt2img", {"seed": 10**40}, 422, "Seed"),
        ("txt2img", {"prompt": ["a", "b"]}, 422, "prompt"),
        ("txt2img", {"prompt": "x" * 30_000}, 422, "longer"),
        ("txt2img", {"tiling": True}, 422, "tiling"),
        ("txt2img", {"refiner_checkpoint": "other"}, 422, "refiner_checkpoint"),
        ("txt2img", {"scheduler": "Sideways"}, 404, "Scheduler not found"),
        ("txt2img", {"sampler_name": "DPM++ 9Z"}, 404, "Sampler not found"),
        ("txt2img", {"enable_hr": True, "hr_upscaler": "Magic"}, 404, "could not find upscaler named Magic"),
        ("txt2img", {"enable_hr": True, "hr_prompt": "other"}, 422, "hr_prompt"),
        ("txt2img", {"script_name": "x/y/z plot"}, 422, "Script 'x/y/z plot' not found"),
        ("txt2img", {"alwayson_scripts": {"ADetailer": {"args": []}}}, 422, "always on script ADetailer not found"),
        ("txt2img", {"alwayson_scripts": {"ControlNet M2M": {}}}, 422, "selectable script"),
        ("txt2img", {"alwayson_scripts": {"ControlNet": {"args": 5}}}, 422, "list"),
        ("txt2img", {"alwayson_scripts": {"ControlNet": {"args": [5]}}}, 422, "dictionary"),
        ("txt2img", {"override_settings": {"sd_model_checkpoint": "no such model"}}, 404, "'no such model' not found"),
        ("txt2img", {"override_settings": {"sd_vae": "../../etc/passwd"}}, 422, "sd_vae"),
        ("txt2img", with_unit(model="gone"), 422, "gone"),
        ("txt2img", with_unit(model="None"), 422, "ControlNet Model"),
        ("txt2img", with_unit(module="magic"), 422, "Module not available"),
        ("txt2img", with_unit(guidance_start=0.9, guidance_end=0.1), 422, "after its end"),
        ("txt2img", with_unit(weight=99), 422, "weight"),
        ("txt2img", with_unit(image=None), 422, "no input image"),
        ("txt2img", with_unit(image="!!!"), 422, "Invalid encoded image"),
        ("img2img", {}, 404, "Init image not found"),
        ("img2img", {"init_images": None}, 404, "Init image not found"),
        ("img2img", {"init_images": [GOOD, GOOD]}, 422, "2 pictures"),
        ("img2img", {"init_images": ["AAAA"]}, 422, "Invalid encoded image"),
        ("img2img", {"init_images": ["A"]}, 422, "Invalid encoded image"),
        ("img2img", {"init_images": [5]}, 422, "Invalid encoded image"),
        ("img2img", {"init_images": [BOMB]}, 422, "Invalid encoded image"),
        ("img2img", {"init_images": ["http://127.0.0.1:22/"]}, 422, "Requests not allowed"),
        ("img2img", {"init_images": ["data:image/svg+xml;base64,PHN2Zy8+"]}, 422, "Invalid encoded image"),
        ("img2img", {"init_images": [GOOD], "mask": "AAAA"}, 422, "Invalid encoded image"),
        ("img2img", {"init_images": [GOOD], "denoising_strength": 3}, 422, "Strength"),
        ("img2img", {"init_images": [GOOD], "resize_mode": 9}, 422, "resize_mode"),
        ("img2img", {"init_images": [GOOD], "mask": GOOD, "inpainting_fill": -1}, 422, "inpainting_fill"),
        ("extra-single-image", {"image": ""}, 422, "Invalid encoded image"),
        ("extra-single-image", {"image": BOMB, "upscaler_1": "Lanczos"}, 422, "Invalid encoded image"),
        ("extra-single-image", {"image": GOOD, "upscaling_resize": 0}, 422, "upscaling_resize"),
        ("extra-single-image", {"image": GOOD, "upscaling_resize": 1e9}, 422, "upscaling_resize"),
        ("extra-single-image", {"image": GOOD, "gfpgan_visibility": 2}, 422, "gfpgan_visibility"),
        ("extra-single-image", {"image": GOOD, "gfpgan_visibility": 1}, 422, "face restorer"),
        ("extra-single-image", {"image": GOOD, "upscaler_1": "Magic"}, 404, "could not find upscaler named Magic"),
        ("extra-batch-images", {"imageList": [{"data": "AAAA", "name": "../../x"}]}, 422, "Invalid encoded image"),
        ("extra-batch-images", {}, 422, "imageList"),
        ("png-info", {"image": "AAAA"}, 422, "Invalid encoded image"),
        ("png-info", {}, 422, "Invalid encoded image"),
        ("interrogate", {"image": GOOD, "model": "clip"}, 404, "Model not found"),
        ("interrogate", {"image": None}, 404, "Image not found"),
        ("options", {"sd_model_checkpoint": "no such model"}, 404, "model 'no such model' not found"),
        ("options", {"sd_model_checkpoint": None}, 404, "not found"),
        ("options", {"CLIP_stop_at_last_layers": 99}, 422, "CLIP_stop_at_last_layers"),
        ("options", {"samples_format": "exe"}, 422, "samples_format"),
        ("options", {"send_seed": {"a": 1}}, 422, "send_seed"),
        ("/controlnet/detect", {"controlnet_module": "magic", "controlnet_input_images": [GOOD]}, 422, "Module not"),
        ("/controlnet/detect", {"controlnet_module": "canny"}, 422, "No image selected"),
        ("/controlnet/detect", {"controlnet_module": "canny", "controlnet_images": ["AAAA"]}, 422, "Invalid encoded"),
    ],
)
def test_a_wrong_value_is_refused_in_words(path: str, body: Any, status: int, says: str, http: httpx.Client) -> None:
    said = http.post(path if path.startswith("/") else f"/sdapi/v1/{path}", json=body)
    assert said.status_code == status, said.text
    assert says in json.dumps(said.json()["detail"], ensure_ascii=False)
    clean(said)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[1]",
        b"{",
        b'{"steps": NaN}',
        b'{"cfg_scale": Infinity}',
        b'{"cfg_scale": 1e999}',
        b'{"seed": ' + b"9" * 5000 + b"}",
        b'{"prompt": "\xff\xfe"}',
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"[" * 200_001,
        b'{"styles": [' + b"[]," * 300_000 + b"1]}",
    ],
    ids=lambda content: content[:16].decode("latin-1"),
)
def test_what_is_no_proper_json_is_refused(content: bytes, http: httpx.Client) -> None:
    for path in ("txt2img", "options", "png-info"):
        said = http.post(f"/sdapi/v1/{path}", content=content, headers={"content-type": "application/json"})
        if path == "txt2img" or said.status_code != 200:
            assert said.status_code == 422
            assert said.json()["detail"]
        clean(said)


def test_half_a_letter_is_drawn_or_refused_and_never_breaks_an_answer(http: httpx.Client) -> None:
    said = http.post("/sdapi/v1/txt2img", content=b'{"prompt": "\\ud800", "width": 64, "height": 64, "steps": 1}')
    assert said.status_code in (200, 422)
    clean(said)


def test_a_body_that_is_too_large_is_not_read(http: httpx.Client) -> None:
    with socket.create_connection((http.base_url.host, http.base_url.port or 80), timeout=20) as line:
        line.sendall(b"POST /sdapi/v1/txt2img HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 68157440\r\n\r\n{")
        assert b" 413 " in line.recv(100)
    large = io.BytesIO()
    Image.effect_noise((2600, 2600), 90).save(large, "PNG")  # more than our own API takes of JSON
    picture = base64.b64encode(large.getvalue()).decode()
    assert len(picture) > 5 * 2**20
    assert http.post("/sdapi/v1/png-info", json={"image": picture}).status_code == 200


def test_another_page_s_script_may_not_draw(http: httpx.Client) -> None:
    said = http.post("/sdapi/v1/txt2img", json=TINY, headers={"origin": "https://evil.example"})
    assert said.status_code == 403
    assert "access-control-allow-origin" not in said.headers


def clean(said: httpx.Response) -> None:
    for word in ("Traceback", "/site-packages", "/tmp/", "/home", ".py", 'etc/passwd"'):
        assert word not in said.text
    assert httpx.get(str(said.request.url.copy_with(raw_path=b"/healthz")), timeout=5).status_code == 200


def test_a_query_of_the_wrong_kind_is_named(http: httpx.Client) -> None:
    said = http.get("/sdapi/v1/progress?skip_current_image=null")
    assert said.status_code == 422
    [wrong] = said.json()["detail"]
    assert wrong["loc"] == ["query", "skip_current_image"]
