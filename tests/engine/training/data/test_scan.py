"""Each thing that spoils a run has a name, files, a remedy and, where a machine can do it, a fix."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest
from PIL import Image

from engine.request.training_parts import Captions, Concept, Data
from engine.training.data.edits import Edits
from engine.training.data.findings import apply_fix
from engine.training.data.gathered import Around
from engine.training.data.sampler import Course
from engine.training.data.scan import Progress, Report, finished, scan
from tests.engine.training.data.folders import (
    ORIENTATION,
    codes,
    data_of,
    fill,
    one,
    painting,
    put,
    saved,
    scanned,
)


def tokens(text: str) -> int:
    return len(text.replace(",", " ,").split())


def turned(folder: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    put(folder / "odd.jpg", saved(painting(99, (96, 64)), "JPEG", exif=exif))


def clear(folder: Path) -> None:
    image = painting(99, mode="RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    put(folder / "odd.png", image)


def animated(folder: Path) -> None:
    put(folder / "odd.gif", saved(painting(99), "GIF", save_all=True, append_images=[painting(98)]))


def masked(folder: Path, size: tuple[int, int] = (64, 64)) -> None:
    put(folder / "odd.png", painting(99))
    put(folder / "odd.mask.png", Image.new("L", size))


def twin(folder: Path) -> None:
    put(folder / "odd.png", (folder / "0.png").read_bytes())


def saved_again(folder: Path) -> None:
    put(folder / "odd.jpg", saved(painting(0, (64, 64)), "JPEG", quality=70))


CASES: dict[str, tuple[Callable[[Path], object], str]] = {
    "damaged": (lambda folder: put(folder / "odd.png", saved(painting(99))[:400]), "odd.png"),
    "turned": (turned, "odd.jpg"),
    "alpha": (clear, "odd.png"),
    "animated": (animated, "odd.gif"),
    "tiny": (lambda folder: put(folder / "odd.png", painting(99, (30, 30))), "odd.png"),
    "enlarged": (lambda folder: put(folder / "odd.png", painting(99, (50, 50))), "odd.png"),
    "aspect": (lambda folder: put(folder / "odd.png", painting(99, (400, 80))), "odd.png"),
    "duplicate": (twin, "odd.png"),
    "near": (saved_again, "odd.jpg"),
    "case": (lambda folder: put(folder / "3.PNG", painting(99)), "3.PNG"),
    "mask_size": (lambda folder: masked(folder, (32, 32)), "odd.mask.png"),
    "masks_unused": (masked, "odd.png"),
    "mask_damaged": (lambda folder: put(folder / "0.mask.png", "no picture"), "0.mask.png"),
    "caption_none": (lambda folder: put(folder / "odd.png", painting(99)), "odd.png"),
    "caption_empty": (lambda folder: put(folder / "0.txt", " \n"), "0.png"),
    "caption_damaged": (lambda folder: put(folder / "0.txt", b"\xff\xfea"), "0.txt"),
    "encoding": (lambda folder: put(folder / "0.txt", b"gr\xf6\xdfe"), "0.txt"),
    "long": (lambda folder: put(folder / "0.txt", "a " * 60 + "b " * 20), "0.png"),
    "orphan": (lambda folder: put(folder / "odd.txt", "x"), "odd.txt"),
    "format": (lambda folder: put(folder / "odd.heic", "x"), "odd.heic"),
    "repeats": (lambda folder: put(folder / "7_odd" / "9.png", painting(99)), "7_odd"),
}


@pytest.mark.parametrize("code", CASES)
def test_what_is_odd_is_named_with_its_file_and_a_remedy(tmp_path: Path, code: str) -> None:
    fill(tmp_path, 5)
    assert codes(scanned(tmp_path, counts=tokens)) == set()
    CASES[code][0](tmp_path)
    found = one(scanned(tmp_path, counts=tokens), code)
    assert CASES[code][1] in {path.name for path in found.files}
    assert CASES[code][1] in found.message
    assert found.remedy.endswith(".")
    assert str(tmp_path) not in found.message  # it may be shown to anyone


FIXED = ["damaged", "animated", "tiny", "duplicate", "near", "mask_damaged", "caption_damaged", "encoding", "orphan"]


@pytest.mark.parametrize("code", FIXED)
def test_a_fix_mends_it_and_can_be_taken_back(tmp_path: Path, code: str) -> None:
    folder = tmp_path / "set"
    fill(folder, 5)
    CASES[code][0](folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    edits = Edits((folder,), tmp_path / "records")
    record = apply_fix(one(scanned(folder), code), edits)
    assert code not in codes(scanned(folder))
    assert edits.take_back(record) == []
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert code in codes(scanned(folder))


def test_a_good_folder_is_ready_and_counted(tmp_path: Path) -> None:
    fill(tmp_path / "a", 5)
    fill(tmp_path / "2_b", 3, (96, 64), start=5)
    report = scanned(tmp_path, batch=2)
    assert report.ready
    assert codes(report) == {"repeats"}
    assert (report.totals.found, report.totals.train, report.totals.captioned, report.totals.steps) == (8, 8, 8, 6)
    assert [(bucket.size, bucket.pictures, bucket.uses, bucket.batches) for bucket in report.buckets] == [
        ((64, 64), 5, 5, 3),
        ((80, 48), 3, 6, 3),
    ]
    assert {item.concept.repeats for item in report.items} == {1, 2}
    assert len({item.id for item in report.items}) == 8


def test_a_turned_picture_has_the_size_that_it_is_seen_with(tmp_path: Path) -> None:
    turned(tmp_path)
    (item,) = scanned(tmp_path).items
    assert (item.width, item.height) == (64, 96)


def test_no_picture_is_an_error(tmp_path: Path) -> None:
    report = scanned(tmp_path)
    assert not report.ready
    assert codes(report) == {"none"}
    assert not scanned(tmp_path, Data()).ready


def test_a_missing_folder_and_one_outside_are_errors_and_say_which(tmp_path: Path) -> None:
    root = tmp_path / "root"
    fill(root / "cats", 5)
    report = scanned(root, data_of("cats", "dogs", "../..", "/etc"))
    assert [(found.code, found.values["folder"]) for found in report.findings] == [
        ("dataset.missing", "dogs"),
        ("dataset.outside", "../.."),
        ("dataset.outside", "/etc"),
    ]
    assert report.totals.train == 5


def test_a_damaged_picture_among_a_thousand_is_left_out_and_named(tmp_path: Path) -> None:
    good = saved(painting(0, (32, 32)))
    for number in range(999):
        put(tmp_path / f"{number}.png", good + number.to_bytes(4, "big"))  # other bytes, after the end
    put(tmp_path / "bad.png", good[:-30])
    report = scanned(tmp_path)
    assert [path.name for path in one(report, "damaged").files] == ["bad.png"]
    assert report.ready
    assert report.totals.train == 999


def test_one_picture_only(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    report = scanned(tmp_path)
    assert codes(report) == {"single"}
    assert report.ready


def test_what_is_in_training_and_validation_is_named(tmp_path: Path) -> None:
    fill(tmp_path / "train", 5)
    fill(tmp_path / "held", 3, start=10)
    shutil.copy(tmp_path / "train" / "0.png", tmp_path / "held" / "copy.png")
    put(tmp_path / "held" / "again.jpg", saved(painting(1), "JPEG", quality=70))
    data = data_of("train").model_copy(
        update={"concepts": (Concept(folder="train"), Concept(folder="held", kind="validation"))}
    )
    report = scanned(tmp_path, data)
    assert [path.name for path in one(report, "leak").files] == ["copy.png"]
    assert "one is for training, one for validation" in one(report, "near").details[0]
    assert "duplicate" not in codes(report)


def test_a_folder_within_another_one_is_no_reason_to_move_anything(tmp_path: Path) -> None:
    fill(tmp_path / "a" / "b", 5)
    report = scanned(tmp_path, data_of("a", "a/b"))
    found = one(report, "twice")
    assert len(found.files) == 5
    assert found.fix is None
    assert "duplicate" not in codes(report)
    both = (Concept(folder="a"), Concept(folder="a/b", kind="validation"))
    assert one(scanned(tmp_path, Data(concepts=both)), "leak").fix is None


def test_of_copies_the_one_with_a_caption_stays(tmp_path: Path) -> None:
    fill(tmp_path, 5)
    put(tmp_path / "0", (tmp_path / "0.png").read_bytes()).rename(tmp_path / "-.png")
    assert [path.name for path in one(scanned(tmp_path), "duplicate").files] == ["-.png"]


def test_the_trigger_word_is_written_where_it_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    fill(folder, 5)
    put(folder / "0.txt", "sks thing, blue")
    put(folder / "bare.png", painting(99))
    captions = Captions(trigger="sks")
    report = scanned(folder, captions=captions)
    assert {path.name for path in one(report, "trigger").files} == {"1.png", "2.png", "3.png", "4.png"}
    edits = Edits((folder,), tmp_path / "records")
    for code in ("trigger", "caption_none"):
        apply_fix(one(report, code), edits)
    assert (folder / "1.txt").read_text() == "sks, thing 1, red\n"
    assert (folder / "bare.txt").read_text() == "sks\n"
    assert codes(scanned(folder, captions=captions)) == set()


def test_a_tag_that_all_have_is_named_and_can_be_removed(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    for path in fill(folder, 5):
        path.with_suffix(".txt").write_text(f"1girl, {path.stem}, sks\n")
    report = scanned(folder, captions=Captions(trigger="sks"))
    found = one(report, "same_tag")
    assert found.values["word"] == "1girl"
    apply_fix(found, Edits((folder,), tmp_path / "records"))
    assert (folder / "3.txt").read_text() == "3, sks\n"
    assert codes(scanned(folder, captions=Captions(trigger="sks"))) == set()


def test_the_part_of_a_caption_that_is_cut_off_is_shown(tmp_path: Path) -> None:
    fill(tmp_path, 5)
    put(tmp_path / "0.txt", " ".join(f"w{number}" for number in range(78)))
    assert one(scanned(tmp_path, counts=tokens), "long").details == ("0.png: … w75 w76 w77",)
    trigger = Captions(trigger="sks")
    assert one(scanned(tmp_path, captions=trigger, counts=tokens), "long").details == ("0.png: … w73 w74 w75 w76 w77",)


def test_a_bucket_smaller_than_a_batch_is_named(tmp_path: Path) -> None:
    fill(tmp_path, 6)
    fill(tmp_path, 2, (96, 64), start=6)
    found = one(scanned(tmp_path, batch=3), "bucket")
    assert {path.name for path in found.files} == {"6.png", "7.png"}
    assert "80 × 48" in found.message
    assert "bucket" not in codes(scanned(tmp_path, batch=2))


def test_too_few_prior_pictures_are_named(tmp_path: Path) -> None:
    fill(tmp_path / "train", 6)
    fill(tmp_path / "prior", 4, start=20)
    both = (Concept(folder="train"), Concept(folder="prior", kind="prior"))
    report = scanned(tmp_path, Data(concepts=both, resolution=64, bucket_step=16))
    assert codes(report) == {"prior_small"}
    fill(tmp_path / "prior", 2, start=30)
    assert codes(scanned(tmp_path, Data(concepts=both, resolution=64, bucket_step=16))) == set()


def test_masks_that_are_wanted_and_not_there_are_named(tmp_path: Path) -> None:
    fill(tmp_path, 5)
    assert codes(scanned(tmp_path, data_of(tmp_path, masks=True))) == {"masks_none"}
    put(tmp_path / "0.mask.png", Image.new("L", (64, 64)))
    report = scanned(tmp_path, data_of(tmp_path, masks=True))
    assert codes(report) == set()
    assert [item.mask is not None for item in report.items] == [True, False, False, False, False]


def test_when_all_or_none_happen_to_be_held_out_it_is_said(tmp_path: Path) -> None:
    heard: set[str] = set()
    for number in range(12):
        folder = tmp_path / f"set{number}"
        fill(folder, 1, start=number)
        report = scanned(folder, data_of(folder, hold_out=0.5))
        assert report.ready == ("all_held" not in codes(report))
        heard |= codes(report)
    assert {"all_held", "none_held"} <= heard


def test_captions_come_from_the_first_source_that_there_is(tmp_path: Path) -> None:
    folder = tmp_path / "3_small cat"
    for number in range(6):
        put(folder / f"{number}.png", painting(number))
    lines = [{"file_name": f"{number}.png", "texts": ["list", "other"]} for number in range(4)]
    put(folder / "metadata.jsonl", "\n".join(map(json.dumps, lines)))
    put(folder / "0.txt", "text")
    put(folder / "0.caption", "caption")
    put(folder / "1.caption", "caption")
    put(folder / "2.json", json.dumps({"score": 5}))  # of another tool
    put(tmp_path / "meta.json", json.dumps({"C:\\old\\4.png": {"tags": "kohya"}, "gone": {"tags": "x"}}))
    report = scanned(tmp_path)
    told = {item.path.stem: item.captions for item in report.items}
    assert told == {
        "0": ("text",),
        "1": ("caption",),
        "2": ("list", "other"),
        "3": ("list", "other"),
        "4": ("kohya",),
        "5": ("small cat",),
    }
    assert one(report, "lonely").files == (tmp_path / "meta.json",)


def test_a_caption_of_a_gigabyte_is_named_and_not_read(tmp_path: Path) -> None:
    fill(tmp_path, 5)
    for name in ("0.txt", "metadata.jsonl"):
        with put(tmp_path / name, "").open("r+b") as file:
            file.truncate(2**30)
    found = one(scanned(tmp_path), "caption_large")
    assert {path.name for path in found.files} == {"0.txt", "metadata.jsonl"}


def test_links_out_of_the_roots_are_named_and_not_opened(tmp_path: Path) -> None:
    secret = put(tmp_path / "secret.png", painting(50))
    root = tmp_path / "root"
    fill(root, 5)
    (root / "stolen.png").symlink_to(secret)
    report = scanned(root)
    assert [path.name for path in one(report, "link").files] == ["stolen.png"]
    assert report.totals.found == 5


def test_progress_ends_in_the_report(tmp_path: Path) -> None:
    fill(tmp_path, 5)
    signs = list(scan(data_of(tmp_path), Captions(), Around((tmp_path,))))
    assert signs[:-1] == [Progress(done, 5) for done in range(6)]
    assert isinstance(signs[-1], Report)


def test_a_scan_that_is_stopped_looks_at_few_more(tmp_path: Path) -> None:
    good = saved(painting(0, (32, 32)))
    for number in range(300):
        put(tmp_path / f"{number}.png", good + number.to_bytes(4, "big"))
    opened: list[int] = []

    def opens(data: bytes) -> Image.Image:
        opened.append(len(data))
        return Image.new("RGB", (32, 32))

    scanning = scan(data_of(tmp_path), Captions(), Around((tmp_path,), opens))
    for _ in range(3):
        next(scanning)
    scanning.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert len(opened) < 20


def test_a_second_scan_looks_at_changed_files_only(tmp_path: Path) -> None:
    fill(tmp_path, 5)
    around = Around((tmp_path,))
    first = finished(scan(data_of(tmp_path), Captions(), around))
    opened: list[int] = []

    def opens(data: bytes) -> Image.Image:
        opened.append(len(data))
        return painting(77)

    put(tmp_path / "0.png", painting(77, (80, 48)))
    second = finished(scan(data_of(tmp_path), Captions(), Around((tmp_path,), opens, seen=around.seen)))
    assert len(opened) == 1
    assert [item.id for item in second.items][1:] == [item.id for item in first.items][1:]
    assert second.items[0].id != first.items[0].id


def test_pictures_that_differ_are_no_near_duplicates(tmp_path: Path) -> None:
    chance = numpy.random.default_rng(5)
    for number in range(60):
        put(tmp_path / f"{number}.png", painting(int(chance.integers(1_000_000)), (64, 64)))
    assert "near" not in codes(scanned(tmp_path))


def test_batches_an_epoch_are_those_of_the_training_prior_pictures_and_all(tmp_path: Path) -> None:
    fill(tmp_path / "mine", 4)
    fill(tmp_path / "prior", 5, start=4)
    concepts = (Concept(folder=str(tmp_path / "mine")), Concept(folder=str(tmp_path / "prior"), kind="prior"))
    report = scanned(tmp_path, Data(concepts=concepts, resolution=64, bucket_step=16), batch=2)
    course = Course(
        report.items, ((64, 64),) * 9, tuple(item.concept.repeats for item in report.items), batch=2, seed=0
    )
    assert report.totals.steps == course.steps_per_epoch == 5
