"""A start is looked at before the job is accepted: what is not there or does not fit is refused by its name, quickly."""

import io
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.errors import AtelierError
from engine.picture.inputs import put_input
from engine.picture.judge import judged
from engine.request.generation import GenerationRequest
from engine.request.read import read
from tests.engine.picture.test_open import BOMB, chunk, gradient, png_of, saved

MODEL = (512, 512)


def kept(folder: Path, image: Image.Image, **options: Any) -> str:
    return put_input(folder, saved(image, **options))


def judge(folder: Path, **values: Any) -> GenerationRequest:
    return judged(read(values), folder, MODEL)


@pytest.fixture
def picture(tmp_path: Path) -> str:
    return kept(tmp_path, gradient(size=(600, 400)))


def test_the_size_is_the_pictures_own_with_what_is_added(tmp_path: Path, picture: str) -> None:
    assert judge(tmp_path, start="picture", picture=picture).size == (600, 400)
    assert judge(tmp_path, start="mask", picture=picture, outpaint_top=40, outpaint_left=8).size == (608, 440)


def test_a_size_that_was_asked_for_stays_and_judging_twice_changes_nothing(tmp_path: Path, picture: str) -> None:
    asked = judge(tmp_path, start="picture", picture=picture, width=128, height=64)
    assert asked.size == (128, 64)
    once = judge(tmp_path, start="picture", picture=picture)
    assert judged(once, tmp_path, MODEL) == once


def test_a_rotated_photograph_is_measured_as_it_is_shown(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = put_input(tmp_path, saved(gradient(size=(600, 400)), "JPEG", exif=exif))
    assert judge(tmp_path, start="picture", picture=turned).size == (400, 600)
    upright_mask = kept(tmp_path, Image.new("L", (400, 600), 255))
    assert judge(tmp_path, start="mask", picture=turned, mask=upright_mask).size == (400, 600)


def test_only_masked_is_drawn_at_the_models_own_size(tmp_path: Path, picture: str) -> None:
    mask = kept(tmp_path, Image.new("L", (600, 400), 255))
    asked = judge(tmp_path, start="mask", picture=picture, mask=mask, inpaint_area="Only masked")
    assert (asked.canvas.width, asked.canvas.height) == (None, None)


@pytest.mark.parametrize(
    ("mask", "values", "code", "field"),
    [
        (None, {"picture": "0" * 64, "outpaint_left": 8}, "picture.missing", "picture"),
        (None, {"mask": "0" * 64}, "mask.missing", "mask"),
        (Image.new("L", (400, 600), 255), {}, "mask.shape", "mask"),
        (Image.new("L", (600, 400), 0), {}, "mask.empty", "mask"),
        (Image.new("L", (600, 400), 100), {}, "mask.empty", "mask"),
        (Image.new("L", (600, 400), 255), {"mask_mode": "Inpaint not masked"}, "mask.empty", "mask"),
    ],
)
def test_a_mask_that_does_not_do_is_refused_by_name(
    mask: Image.Image | None, values: dict[str, Any], code: str, field: str, tmp_path: Path, picture: str
) -> None:
    given = {"start": "mask", "picture": picture} | ({"mask": kept(tmp_path, mask)} if mask else {}) | values
    with pytest.raises(AtelierError) as caught:
        judge(tmp_path, **given)
    assert (caught.value.problem.code, caught.value.problem.field) == (code, field)
    assert caught.value.problem.remedy


def test_a_picture_too_large_to_grow_or_to_be_encoded_whole_is_refused(tmp_path: Path) -> None:
    large = kept(tmp_path, Image.new("L", (16000, 40)))
    with pytest.raises(AtelierError) as caught:
        judge(tmp_path, start="mask", picture=large, outpaint_right=2048)
    assert (caught.value.problem.code, caught.value.problem.field) == ("outpaint.large", "outpaint_right")
    with pytest.raises(AtelierError) as caught:
        judge(tmp_path, start="picture", picture=large, resize_mode="Just resize (latent upscale)")
    assert (caught.value.problem.code, caught.value.problem.field) == ("picture.latents", "resize_mode")


def test_what_the_header_tells_is_answered_within_50_milliseconds(tmp_path: Path) -> None:
    slack = chunk(b"tEXt", b"x\0" + b"y" * 10_000)
    hostile = {
        "picture.pixels": png_of(13300, 13300, BOMB, slack),
        "picture.tiny": saved(gradient(size=(1, 4000))),
        "picture.kind": b"<svg/>" + bytes(30 * 2**20),
        "picture.large": b"\x89PNG" + bytes(100 * 2**20),
        "picture.empty": b"",
    }
    for code, data in hostile.items():
        begin = time.thread_time()
        with pytest.raises(AtelierError) as caught:
            put_input(tmp_path, data)
        assert time.thread_time() - begin < 0.05, code
        assert caught.value.problem.code == code
    assert not list(tmp_path.iterdir())
    large, bent = (kept(tmp_path, Image.new("L", size)) for size in ((7000, 5000), (5000, 7000)))
    begin = time.thread_time()
    with pytest.raises(AtelierError) as caught:
        judge(tmp_path, start="mask", picture=large, mask=bent)
    assert time.thread_time() - begin < 0.05
    assert caught.value.problem.code == "mask.shape"


def test_a_data_url_is_no_mask_and_is_told_so_quickly() -> None:
    url = "data:image/png;base64," + "A" * 100 * 2**20
    begin = time.thread_time()
    with pytest.raises(AtelierError) as caught:
        read({"start": "mask", "picture": "0" * 64, "mask": url})
    assert time.thread_time() - begin < 0.05
    assert (caught.value.problem.code, caught.value.problem.field) == ("field.type", "mask")
    assert len(str(caught.value)) < 300


def test_a_truncated_picture_is_not_kept(tmp_path: Path) -> None:
    file = io.BytesIO()
    gradient(size=(300, 300)).save(file, "JPEG")
    with pytest.raises(AtelierError) as caught:
        put_input(tmp_path, file.getvalue()[:900])
    assert caught.value.problem.code == "picture.damaged"
