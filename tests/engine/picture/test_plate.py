"""What a mask redraws and what it leaves: geometry, feather, and the count that proves it."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.errors import BadRequest
from engine.metadata.write import encode
from engine.picture.mask import brought, check_covers, greys, region_around
from engine.picture.open import open_safe
from engine.picture.plate import Plate
from engine.request.read import read
from engine.request.starts import FromMask


def started(**values: Any) -> FromMask:
    start = read({"start": "mask", "picture": "0" * 64, "mask": "1" * 64, **values}).start
    assert isinstance(start, FromMask)
    return start


def noise(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    return Image.frombytes(mode, size, np.random.default_rng(3).bytes(size[0] * size[1] * len(mode)))


def spot(size: tuple[int, int], box: tuple[int, int, int, int], grey: int = 255) -> Image.Image:
    made = Image.new("L", size)
    made.paste(grey, box)
    return made


AREAS = [{}, {"inpaint_area": "Only masked"}, {"soft_inpainting": True, "mask_blur": 9}, {"match_seam": False}]
FRAMES = [{}, {"outpaint_right": 24, "outpaint_top": 8}]


@pytest.mark.parametrize("values", [a | f for a in AREAS for f in FRAMES])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("size", [(64, 64), (96, 72)])
def test_outside_the_mask_a_png_is_the_source_to_the_byte(
    values: dict[str, Any], mode: str, size: tuple[int, int]
) -> None:
    source = noise((97, 71), mode)
    plate = Plate.of(started(**values), source, spot((97, 71), (30, 20, 60, 50)), size)
    assert plate.picture.size == size
    made = plate.finished(Image.new("RGB", size, (200, 10, 90)))
    left, top, right, bottom = plate.start.frame
    assert made.size == (97 + left + right, 71 + top + bottom)
    file = encode(made, "x", "PNG", source="trainedAlgorithmicMedia")
    assert plate.differing(file) == 0
    inner = np.asarray(open_safe(file).crop((left, top, left + 97, top + 71)))
    kept = np.asarray(plate.changing.crop((left, top, left + 97, top + 71))) == 0
    assert kept.sum() > 400
    assert np.array_equal(inner[kept], np.asarray(source)[kept])
    assert (inner[25:45, 35:55, :3] != np.asarray(source)[25:45, 35:55, :3]).mean() > 0.9
    if mode == "RGBA":
        assert (inner[30:40, 40:50, 3] == 255).all()  # what is redrawn is opaque


def test_a_changed_byte_is_counted() -> None:
    plate = Plate.of(started(), noise((64, 64)), spot((64, 64), (20, 20, 40, 40)), (64, 64))
    made = plate.finished(noise((64, 64)))
    pixel = made.getpixel((1, 1))
    assert isinstance(pixel, tuple)
    made.putpixel((1, 1), (pixel[0] ^ 1, pixel[1], pixel[2] ^ 1))
    assert plate.differing(encode(made, "x", "PNG", source="trainedAlgorithmicMedia")) == 2
    assert plate.differing(encode(made, "x", "JPEG", source="trainedAlgorithmicMedia")) > 1000


def test_what_the_mask_covers_comes_from_the_drawing_in_full_and_the_feather_fades() -> None:
    plate = Plate.of(started(mask_blur=4), noise((64, 64)), spot((64, 64), (20, 20, 44, 44)), (64, 64))
    row = np.asarray(plate.changing, int)[32]
    assert (row[20:44] == 255).all()
    assert (np.diff(row[:20]) >= 0).all()
    assert 0 < row[17] < 255
    assert row[4] == 0


def test_a_thin_stroke_is_not_lost() -> None:
    plate = Plate.of(started(mask_blur=8), noise((512, 512)), spot((512, 512), (100, 100, 400, 101)), (64, 64))
    assert np.asarray(plate.covered).max() > 0
    assert np.asarray(plate.changing)[100, 250] == 255


def test_a_mask_may_be_turned_round() -> None:
    plates = [
        Plate.of(started(mask_mode=mode, mask_blur=0), noise((64, 64)), spot((64, 64), (0, 0, 32, 64)), (64, 64))
        for mode in ("Inpaint masked", "Inpaint not masked")
    ]
    assert (np.asarray(plates[0].changing) + np.asarray(plates[1].changing) == 255).all()


def test_only_masked_draws_a_region_of_the_right_shape_around_the_mask() -> None:
    where = region_around(spot((1000, 800), (400, 300, 420, 310)), 32, (512, 512))
    assert where == (368, 263, 452, 347)
    assert region_around(spot((1000, 800), (0, 0, 20, 10)), 32, (512, 256)) == (0, 0, 84, 42)
    assert region_around(spot((100, 800), (0, 0, 100, 800)), 32, (512, 512)) == (0, 0, 100, 800)


def test_masked_content_fill_hides_what_was_there() -> None:
    source = Image.new("RGB", (64, 64), (50, 100, 150))
    source.paste((255, 0, 0), (24, 24, 40, 40))
    covered = spot((64, 64), (22, 22, 42, 42))
    assert Plate.of(started(), source, covered, (64, 64)).picture.getpixel((32, 32)) == (255, 0, 0)
    filled = Plate.of(started(masked_content="fill", mask_blur=0), source, covered, (64, 64)).picture
    assert filled.getpixel((32, 32)) == (50, 100, 150)


def test_a_mask_is_read_from_greys_or_from_what_is_painted() -> None:
    grey = spot((16, 16), (0, 0, 8, 16))
    painted = Image.new("RGBA", (16, 16), (255, 255, 255, 0))
    painted.paste((10, 10, 10, 255), (0, 0, 8, 16))
    opaque = grey.convert("RGBA")
    assert all(greys(mask).tobytes() == grey.tobytes() for mask in (grey, grey.convert("RGB"), painted, opaque))


@pytest.mark.parametrize("size", [(97, 71), (194, 142), (49, 36), (1000, 732)])
def test_a_mask_of_the_same_shape_is_brought_to_the_size(size: tuple[int, int]) -> None:
    assert brought(Image.new("L", size), (97, 71)).size == (97, 71)


@pytest.mark.parametrize("size", [(71, 97), (97, 75), (100, 100), (8, 97)])
def test_a_mask_of_another_shape_is_refused_by_name(size: tuple[int, int]) -> None:
    with pytest.raises(BadRequest) as caught:
        brought(Image.new("L", size), (97, 71))
    assert (caught.value.problem.code, caught.value.problem.field) == ("mask.shape", "mask")
    assert "97 x 71" in caught.value.problem.remedy


def test_an_empty_mask_is_refused_by_name_and_a_full_one_allowed() -> None:
    for grey, soft in ((0, False), (0, True), (127, False)):
        with pytest.raises(BadRequest) as caught:
            check_covers(Image.new("L", (9, 9), grey), soft)
        assert (caught.value.problem.code, caught.value.problem.field) == ("mask.empty", "mask")
    check_covers(Image.new("L", (9, 9), 255), False)
    check_covers(Image.new("L", (9, 9), 1), True)
    plate = Plate.of(started(), noise((64, 64)), Image.new("L", (64, 64), 255), (64, 64))
    drawn = noise((64, 64)).rotate(90)
    assert plate.finished(drawn).tobytes() == drawn.tobytes()
    assert plate.differing(encode(plate.finished(drawn), "x", "PNG", source="trainedAlgorithmicMedia")) == 0


@pytest.mark.parametrize("kind", ["16 bits", "CMYK", "turned", "animated", "palette"])
def test_odd_masks_are_read_as_they_look(kind: str) -> None:
    grey, file = spot((40, 24), (0, 0, 20, 24)), io.BytesIO()
    match kind:
        case "16 bits":
            Image.fromarray(np.asarray(grey).astype(np.uint16) * 257).save(file, "PNG")
        case "CMYK":
            grey.convert("RGB").convert("CMYK").save(file, "TIFF")
        case "turned":
            exif = Image.Exif()
            exif[0x0112] = 3  # lies on its head
            grey.rotate(180).save(file, "PNG", exif=exif)
        case "animated":
            grey.save(file, "GIF", save_all=True, append_images=[Image.new("L", (40, 24))])
        case _:
            grey.convert("P").save(file, "PNG")
    read_back = np.asarray(greys(open_safe(file.getvalue())), int)
    assert np.abs(read_back - np.asarray(grey, int)).max() <= 2
