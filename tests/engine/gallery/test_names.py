"""Files are called as one likes, within the outputs folder, on every system."""

from pathlib import Path

import pytest

from engine.errors import BadRequest
from engine.gallery.names import Names, values_of
from engine.gallery.store import Gallery
from tests.engine.gallery.test_gallery import job, made

HOSTILE = [
    "../../etc/passwd",
    "..",
    ".",
    "/abs",
    "C:\\x",
    "a/b",
    "CON",
    "nul.txt",
    "a\0b",
    "…" * 300,
    "x" * 5000,
    "\u202egnp.exe",
    " . ",
    "",
    "{id}",
    "\ud800",
    "👩‍🎨" * 99,
    "红" * 99,
]


def called(template: str, prompt: str = "a cat", model: str = "sd/postcard") -> str:
    return Names(template).of(values_of(1e9, "0" * 24 + "9f3c01ab", 7, "42", model, "DPM++ 2M", 20, prompt))


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{model}/{sampler}-{steps}-{counter}", "postcard/DPM++ 2M-20-000007"),
        ("{prompt} {id}", "a cat 9f3c01ab"),
        ("all/{seed}_{id}", "all/42_9f3c01ab"),
        ("a{{b}}{id}", "a{b}9f3c01ab"),
    ],
)
def test_placeholders_are_filled(template: str, name: str) -> None:
    assert called(template) == name


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{date}/{nonsense}-{id}", "no placeholder 'nonsense'"),
        ("{id.__class__}", "no placeholder"),
        ("{id!r}", "no placeholder"),
        ("{id:>1000000000}", "no placeholder"),
        ("{id", "no placeholder"),
        ("{}", "no placeholder"),
        ("/tmp/{id}", "below the outputs folder"),
        ("../{id}", "below the outputs folder"),
        ("a/../../{id}", "below the outputs folder"),
        ("a//{id}", "below the outputs folder"),
        ("C:\\{id}", "below the outputs folder"),
        ("a\\..\\{id}", "below the outputs folder"),
        ("{id}/", "below the outputs folder"),
        ("", "below the outputs folder"),
        ("{date}/{time}-{seed}", "the same for two pictures"),
    ],
)
def test_a_wrong_template_stops_the_start_in_words(tmp_path: Path, template: str, words: str) -> None:
    with pytest.raises(BadRequest, match=words) as refused:
        Gallery(tmp_path, template)
    assert refused.value.problem.field == "names"


@pytest.mark.parametrize("prompt", HOSTILE, ids=range(len(HOSTILE)))
def test_no_prompt_leads_out_of_the_outputs_folder(tmp_path: Path, prompt: str) -> None:
    outputs = (tmp_path / "outputs").resolve()
    for template in (
        "{prompt}/{prompt}{id}",
        "{id}/{prompt}",
        "{prompt}/{model}/{counter}",
        "{prompt}{model}{prompt}/{id}",
    ):
        name = called(template, prompt, prompt)
        path = (outputs / f"{name}.png").resolve()
        assert path.is_relative_to(outputs)
        assert path.parent != outputs
        for part in name.split("/"):
            assert part == part.strip(" .") != ""
            assert not set(part) & set('<>:"\\|?*\0')
            assert part.isprintable()
            assert len(part.encode()) <= 200
            assert part.split(".")[0].upper() not in ("CON", "NUL")


def test_a_picture_lies_where_the_template_says(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path, "{prompt}/{counter}")
    paths = []
    for _ in range(2):
        of = job()
        paths.append(gallery.file(gallery.keep(of, made(of)).id, None).relative_to(tmp_path).as_posix())
    assert paths == ["outputs/a cat/000001.png", "outputs/a cat/000002.png"]
    gallery.close()


def test_no_file_of_an_earlier_time_is_written_over(tmp_path: Path) -> None:
    old = tmp_path / "outputs" / "000001.png"
    old.parent.mkdir()
    old.write_bytes(b"dear")
    gallery, of = Gallery(tmp_path, "{counter}"), job()
    image = gallery.keep(of, made(of))
    assert old.read_bytes() == b"dear"
    assert gallery.file(image.id, None).name == f"000001-{image.id}.png"
    gallery.close()


def test_a_deleted_pictures_number_is_not_given_again(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path, "{counter}")
    names = []
    for _ in range(2):
        of = job()
        image = gallery.keep(of, made(of))
        names.append(gallery.file(image.id, None).name)
        gallery.delete(image.id, None)
    assert names == ["000001.png", "000002.png"]
    gallery.close()
