"""The command line draws: options from the table, files that are whole, and errors in words."""

import re
from pathlib import Path

import pytest
from PIL import Image

from commands import txt2img
from commands.options import describe, drawn
from engine.errors import INTERNAL
from engine.events import Failed, Made, Stepped
from engine.metadata.read import read
from engine.request.schema import PARAMETERS

HOUSE = Path(txt2img.__file__).resolve().parent.parent
BUILT_IN = ["--models", str(HOUSE / "models"), "--device", "cpu"]


def test_every_parameter_of_a_picture_from_noise_is_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        txt2img.main(["--help"])
    assert ended.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    for name, parameter in drawn().items():
        assert f"--{name.replace('_', '-')} " in shown
        assert describe(parameter) in shown
    filled_in = {name for name, parameter in PARAMETERS.items() if parameter.part == "spent"}
    starts = {name for name, parameter in PARAMETERS.items() if parameter.part == "start"}
    assert set(PARAMETERS) - set(drawn()) == {"prompt", *starts} | filled_in


def test_an_option_says_range_choices_and_default() -> None:
    assert describe(PARAMETERS["steps"]).endswith("(1 to 150; default 20)")
    assert describe(PARAMETERS["guidance"]).endswith("(1 to 30; default 5)")
    assert "Euler a, Euler," in describe(PARAMETERS["sampler"])
    assert "divisible by 8" in describe(PARAMETERS["width"])


def test_what_is_not_given_is_left_to_the_table() -> None:
    assert txt2img.values(txt2img.parse(["a lake", "--steps", "4"])) == {"prompt": "a lake", "steps": "4"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--steps", "900"], "Steps must be between 1 and 150; 900 was given."),
        (["--steps", "many"], "Steps must be a whole number; 'many' is not."),
        (["--guidance", "nan"], "Guidance must be"),
        (["--width", "100"], "Width must be divisible by 8"),
        (["--sampler", "Eular"], "Did you mean Euler?"),
        (["--checkpoint", "nowhere"], "nowhere"),
        (["--device", "abacus"], "--device should be 'auto', 'cpu' or 'cuda'; 'abacus' was given."),
        (["-o", "picture.bmp"], "End it in .png, .jpg, .jpeg or .webp."),
        (["-o", "picture.webp", "--format", "JPEG"], "Leave out --format."),
        (["-o", "no/such/folder/out.png"], "Make it first."),
    ],
)
def test_a_wrong_wish_is_answered_in_words(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert txt2img.main(["a lake", *BUILT_IN, "--data", "data", *arguments]) == 2
    told = capsys.readouterr()
    assert words in told.err
    assert told.out == ""
    assert not list(tmp_path.glob("*.png"))


def test_a_picture_is_drawn_with_its_text_inside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "house.png"
    arguments = ["a red house", *BUILT_IN, "--data", str(tmp_path / "data"), "-o", str(output)]
    assert txt2img.main([*arguments, "--steps", "2", "--seed", "7", "--sampler", "Euler a"]) == 0
    told = capsys.readouterr()
    path, *infotext = told.out.splitlines()
    assert path == str(output)
    assert infotext[0] == "a red house"
    assert "Steps: 2, Sampler: Euler a" in infotext[1]
    assert "Seed: 7," in infotext[1]
    assert told.err == "step 2 of 2\n"
    with Image.open(output) as picture:
        picture.load()
        assert picture.size == (128, 128)
        assert picture.info["parameters"] == "\n".join(infotext)
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(("ending", "kind"), [(".webp", "WEBP"), (".JPEG", "JPEG")])
def test_the_suffix_says_the_format(tmp_path: Path, ending: str, kind: str) -> None:
    output = tmp_path / f"house{ending}"
    arguments = ["a red house", *BUILT_IN, "--data", str(tmp_path / "data"), "-o", str(output)]
    assert txt2img.main([*arguments, "--steps", "1", "--seed", "7"]) == 0
    with Image.open(output) as picture:
        assert picture.format == kind
    assert read(output.read_bytes()).values["seed"] == 7


def test_several_pictures_are_numbered_and_their_seeds_counted_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["a lake", *BUILT_IN, "--data", str(tmp_path / "data"), "-o", str(tmp_path / "lake.png")]
    assert txt2img.main([*arguments, "--steps", "1", "--seed", "7", "--count", "2"]) == 0
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["lake-1.png", "lake-2.png"]
    assert sorted(re.findall(r"Seed: (\d+)", capsys.readouterr().out)) == ["7", "8"]


def test_a_failed_job_is_told_and_ends_with_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events = iter([Stepped(job="j", index=0, step=1, of=4), Failed(job="j", problem=INTERNAL)])
    assert txt2img.follow(events, [tmp_path / "out.png"]) == 1
    assert INTERNAL.message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_cannot_be_written_leaves_nothing_half(tmp_path: Path) -> None:
    (tmp_path / "out.png").mkdir()
    events = iter([Made(job="j", index=0, file=b"png", infotext="", seconds=1)])
    with pytest.raises(OSError, match="directory"):
        txt2img.follow(events, [tmp_path / "out.png"])
    assert not list(tmp_path.glob("*.part"))
