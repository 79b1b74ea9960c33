"""What webuiapi does works unchanged: drawing, redrawing, control, extras, lists, options, progress and interrupt."""

import io
from typing import Any

import numpy as np
import webuiapi
from PIL import Image, ImageDraw

from engine import infotext
from engine.gallery.store import EVERYTHING
from engine.request.samplers import SAMPLERS, SCHEDULES
from tests.api.a1111.conftest import LONG, TINY, drawing, meanwhile
from tests.api.conftest import Place, drawn

Unit: Any = webuiapi.ControlNetUnit  # it takes a picture, and says that it takes a module


def pixels(picture: Image.Image) -> bytes:
    return picture.convert("RGB").tobytes()


def sketch(size: int = 64) -> Image.Image:
    picture = Image.new("RGB", (size, size), "black")
    ImageDraw.Draw(picture).rectangle((12, 20, 44, 50), outline="white", width=3)
    return picture


def test_text_becomes_pictures_with_their_settings_inside(api: Any) -> None:
    made = api.txt2img(prompt="a red house", negative_prompt="fog", batch_size=2, n_iter=2, **TINY)
    assert [picture.size for picture in made.images] == [(64, 64)] * 4
    assert [picture.format for picture in made.images] == ["PNG"] * 4
    assert [picture.info["parameters"] for picture in made.images] == made.info["infotexts"]
    assert made.info["all_seeds"] == [7, 8, 9, 10]
    assert len({pixels(picture) for picture in made.images}) == 4
    said = infotext.read(made.image.info["parameters"]).values
    assert (said["prompt"], said["negative_prompt"], said["steps"], said["sampler"]) == (
        "a red house",
        "fog",
        2,
        "Euler a",
    )
    assert "Eta" not in made.info["infotexts"][0]
    told = {
        name: made.info[name] for name in ("seed", "width", "height", "steps", "cfg_scale", "sampler_name", "version")
    }
    assert told == {
        **{name: TINY[name] for name in ("seed", "width", "height", "steps")},
        **{"cfg_scale": 7.0, "sampler_name": "Euler a", "version": infotext.VERSION},
    }
    assert made.parameters["denoising_strength"] == 0.7
    assert len(made.info["sd_model_hash"]) == 10


def test_rounds_are_the_same_pictures_as_a_batch(api: Any) -> None:
    rounds, batch = api.txt2img(n_iter=2, **TINY), api.txt2img(batch_size=2, **TINY)
    assert [pixels(picture) for picture in rounds.images] == [pixels(picture) for picture in batch.images]


def test_the_same_seed_draws_the_same_picture_through_either_api(api: Any, place: Place) -> None:
    values = {"prompt": "a red house", "seed": 11, "steps": 3, "width": 64, "height": 64}
    theirs = api.txt2img(sampler_name="DPM++ 2M Karras", cfg_scale=5, **values)
    with place.client() as client:
        image = drawn(client, sampler="DPM++ 2M", guidance=5, **values)
        ours = Image.open(io.BytesIO(client.get(f"/api/images/{image}/file").content))
    assert pixels(theirs.image) == pixels(ours)


def test_a_second_pass_enlarges(api: Any) -> None:
    made = api.txt2img(enable_hr=True, hr_scale=1.5, denoising_strength=0.5, hr_second_pass_steps=2, **TINY)
    assert made.image.size == (96, 96)
    assert "Hires upscale: 1.5" in made.info["infotexts"][0]
    to = api.txt2img(enable_hr=True, hr_resize_x=128, hr_resize_y=80, hr_upscaler=webuiapi.HiResUpscaler.none, **TINY)
    assert to.image.size == (128, 80)


def test_a_picture_becomes_another(api: Any) -> None:
    start = sketch(80)
    made = api.img2img(images=[start], prompt="a house", resize_mode=1, denoising_strength=0.5, **TINY)
    assert made.image.size == (64, 64)
    assert made.parameters["init_images"] is None
    same = api.img2img(images=[made.image], denoising_strength=0, **TINY | {"steps": 10})
    assert np.abs(np.asarray(same.image, int) - np.asarray(made.image, int)).mean() < 12


def test_several_starting_pictures_are_each_drawn_once(api: Any) -> None:
    light, dark = Image.new("RGB", (64, 64), "white"), Image.new("RGB", (64, 64), "black")
    made = api.img2img(images=[light, dark], batch_size=2, denoising_strength=0.2, **TINY)
    bright, dim = (np.asarray(picture.convert("L")).mean() for picture in made.images)
    assert len(made.images) == 2
    assert bright > dim + 60
    assert made.info["all_seeds"] == [7, 8]


def test_an_inpaint_keeps_what_is_not_masked(api: Any) -> None:
    start = api.txt2img(prompt="a red house", **TINY | {"width": 96}).image.convert("RGB")
    mask = Image.new("L", start.size)
    ImageDraw.Draw(mask).rectangle((20, 20, 40, 40), fill=255)
    asked = {"images": [start], "mask_image": mask, "mask_blur": 0, "denoising_strength": 0.9}
    near = api.img2img(**asked, inpainting_fill=1, inpaint_full_res=True, inpaint_full_res_padding=8, **TINY)
    kept = np.asarray(mask) == 0
    assert near.image.size == start.size  # only masked: the picture's own size
    assert (np.asarray(near.image.convert("RGB"))[kept] == np.asarray(start)[kept]).all()
    assert pixels(near.image) != pixels(start)
    whole = api.img2img(**asked, inpaint_full_res=0, inpainting_mask_invert=1, **TINY)
    assert whole.image.size == (64, 64)  # whole picture: the size that was asked for
    assert "Mask mode: Inpaint not masked" in whole.info["infotexts"][0]
    assert "Masked content: fill" in whole.info["infotexts"][0]


def test_a_black_mask_is_plain_image_to_image(api: Any) -> None:
    made = api.img2img(images=[sketch()], mask_image=Image.new("L", (64, 64)), **TINY)
    assert "Mask hash" not in made.info["infotexts"][0]


def test_control_follows_a_sketch_and_shows_its_map(api: Any) -> None:
    model = next(name for name in api.controlnet_model_list() if name.startswith("postcard-scribble"))
    unit = Unit(image=sketch(), module="none", model=model.upper(), processor_res=-1, threshold_a=-1)
    made = api.txt2img(prompt="a house", controlnet_units=[unit], **TINY)
    assert [picture.size for picture in made.images] == [(64, 64)] * 2
    assert pixels(made.images[1]) == pixels(sketch())
    assert 'ControlNet 0: "Module: none, Model: postcard-scribble' in made.info["infotexts"][0]
    assert len(made.info["infotexts"]) == 1


def test_a_unit_of_the_last_call_is_not_sent_again(api: Any) -> None:
    """webuiapi keeps units in a mutable default, and empties it only where GET /scripts names "controlnet m2m"."""
    unit = Unit(image=sketch(), model=api.controlnet_model_list()[1])
    assert api.has_controlnet
    assert len(api.txt2img(controlnet_units=[unit], **TINY).images) == 2
    assert len(api.txt2img(**TINY).images) == 1


def test_pictures_are_made_larger_and_keep_their_settings(api: Any) -> None:
    start = api.txt2img(prompt="a red house", **TINY).image
    made = api.extra_single_image(start, upscaler_1=webuiapi.Upscaler.Lanczos, upscaling_resize=2)
    assert made.image.size == (128, 128)
    assert made.info == "<p>Postprocess upscale by: 2, Postprocess upscaler: Lanczos</p>"
    assert made.image.info["parameters"] == start.info["parameters"]
    assert made.image.info["postprocessing"] == "Postprocess upscale by: 2, Postprocess upscaler: Lanczos"
    asked: dict[str, Any] = {
        "resize_mode": 1,
        "upscaling_resize_w": 90,
        "upscaling_resize_h": 30,
        "upscaler_1": "Nearest",
    }
    both = api.extra_batch_images([start, sketch()], **asked)
    assert [picture.size for picture in both.images] == [(90, 30)] * 2
    assert api.extra_single_image(start, **asked, upscaling_crop=False).image.size == (90, 90)
    assert pixels(api.extra_single_image(start).image) == pixels(start)  # upscaler "None"
    mixed = api.extra_single_image(start, upscaler_1="Nearest", upscaler_2="Lanczos", extras_upscaler_2_visibility=0.5)
    sharp = api.extra_single_image(start, upscaler_1="Nearest")
    soft = api.extra_single_image(start, upscaler_1="Lanczos")
    both = [np.asarray(one.image, int) for one in (sharp, soft)]
    assert np.abs(np.asarray(mixed.image, int) - sum(both) / 2).max() <= 1
    assert np.abs(both[0] - both[1]).max() > 10  # a half is neither
    assert mixed.image.info["parameters"] == start.info["parameters"]


def test_settings_are_read_from_a_picture(api: Any) -> None:
    made = api.txt2img(prompt="a red house, night", negative_prompt="fog", **TINY).image
    told = api.png_info(made)
    assert told.info == made.info["parameters"]
    said = told.parameters
    assert (said["Prompt"], said["Negative prompt"], said["Size-1"], said["Seed"]) == (
        "a red house, night",
        "fog",
        "64",
        "7",
    )
    assert said["Clip skip"] == "1"
    bare = api.png_info(sketch()).json
    assert bare == {"info": "", "items": {}, "parameters": {}}


def test_lists_name_what_is_here(api: Any) -> None:
    assert api.util_get_sampler_names() == sorted(SAMPLERS)
    assert [one["label"] for one in api.get_schedulers()] == list(SCHEDULES)
    assert [one["name"] for one in api.get_upscalers()][:3] == ["None", "Lanczos", "Nearest"]
    assert next(one["name"] for one in api.get_latent_upscale_modes()) == "Latent"
    (model,) = api.get_sd_models()
    assert model["title"] == f"postcard [{model['hash']}]"
    assert model["sha256"].startswith(model["hash"])
    assert api.util_get_current_model() == model["title"]
    assert set(api.get_embeddings()) == {"loaded", "skipped"}
    assert api.get_memory()["ram"]["total"] > 0
    lists = (api.get_loras, api.get_sd_vae, api.get_hypernetworks, api.get_face_restorers, api.get_realesrgan_models)
    assert all(isinstance(listed(), list) for listed in (*lists, api.get_prompt_styles))
    assert api.refresh_checkpoints() is None
    assert "canny" in api.controlnet_module_list()
    assert api.controlnet_version() == 3
    (found,) = api.controlnet_detect([sketch()], module="canny").images  # which calls them `controlnet_images`
    assert set(np.unique(np.asarray(found.convert("L")))) == {0, 255}


def test_options_are_kept_and_count(api: Any) -> None:
    api.set_options({"samples_format": "webp", "CLIP_stop_at_last_layers": 2, "sd_model_checkpoint": "postcard"})
    try:
        made = api.txt2img(**TINY)
        assert made.image.format == "WEBP"
        assert made.info["clip_skip"] == 2
        api.util_set_model("post card")
        assert api.util_get_current_model() == api.get_sd_models()[0]["title"]
    finally:
        assert api.set_options({"samples_format": "png", "CLIP_stop_at_last_layers": 1}) is None


def test_override_settings_count_for_one_request(api: Any) -> None:
    overrides = {"CLIP_stop_at_last_layers": 2, "samples_format": "jpg", "sd_vae": "None", "unheard_of": 1}
    made = api.txt2img(override_settings=overrides, **TINY)
    assert (made.image.format, made.info["clip_skip"]) == ("JPEG", 2)
    after = api.txt2img(**TINY)
    assert (after.image.format, after.info["clip_skip"]) == ("PNG", 1)
    api.txt2img(override_settings={"jpeg_quality": 70}, override_settings_restore_afterwards=False, **TINY)
    assert api.get_options()["jpeg_quality"] == 70


def test_progress_is_seen_and_never_whole_and_an_interrupt_gives_what_is_there(api: Any) -> None:
    api.util_wait_for_ready(check_interval=0.1)
    assert api.interrupt() == {}  # idle: of no effect
    with meanwhile(lambda: api.txt2img(**LONG)) as result:
        now = drawing(api)
        assert 0.01 <= now["progress"] < 1
        assert now["state"]["job"] == "scripts_txt2img"
        assert (now["state"]["job_count"], now["state"]["sampling_steps"]) == (1, 150)
        assert api.interrupt() == {}
        made = result()
    assert made.image.size == (128, 128)
    assert len(made.info["infotexts"]) == 1
    assert np.asarray(made.image.convert("L")).std() > 5  # a picture, not noise or nothing
    idle = api.get_progress()
    assert (idle["progress"], idle["state"]["job_count"], idle["state"]["job"]) == (0, 0, "")
    api.util_wait_for_ready(check_interval=0.1)


def test_a_skip_goes_on_with_the_next_round(api: Any) -> None:
    with meanwhile(lambda: api.txt2img(n_iter=2, **LONG | {"steps": 40})) as result:
        drawing(api)
        assert api.skip() is None
        assert len(result().images) == 2


def test_pictures_are_kept_only_when_that_is_asked_for(api: Any, private_place: Place) -> None:
    owner, gallery = "a" * 32, private_place.studio.gallery
    before, given = gallery.count(owner, EVERYTHING), set(private_place.studio.inputs.glob("*"))
    api.img2img(images=[sketch()], **TINY)
    assert gallery.count(owner, EVERYTHING) == before
    made = api.txt2img(save_images=True, send_images=False, **TINY)
    assert made.images == []
    assert gallery.count(owner, EVERYTHING) == before + 1
    passing = private_place.studio.given
    assert len(set(private_place.studio.inputs.glob("*")) - given) <= passing.most
    assert not passing.lent
