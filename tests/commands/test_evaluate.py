"""The command measures checkpoints, prints the numbers, writes the report, and says what is wrong in words."""

from pathlib import Path

import pytest

from commands import evaluate
from commands.__main__ import COMMANDS
from engine.settings import HOUSE
from engine.training.evaluation.results import Evaluation, read_results
from tests.engine.training.making import pictures

BUILT_IN = ["--models", str(HOUSE / "models"), "--device", "cpu"]


def called(tmp_path: Path, *arguments: str, checkpoint: str = "postcard") -> int:
    prompts = tmp_path / "prompts.txt"
    if not prompts.exists():
        prompts.write_text("a red house\n\n a yellow boat \n")
    given = [checkpoint, "--prompts", str(prompts), "-o", str(tmp_path / "out"), "--data", str(tmp_path / "data")]
    return evaluate.main([*given, *BUILT_IN, *arguments])


def test_it_measures_and_writes_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures(tmp_path / "real", 4)
    real = ["--real", str(tmp_path / "real")]
    assert called(tmp_path, *real, "--n", "4", "--steps", "1", "--seed", "9", "--dtype", "float32") == 0
    told = capsys.readouterr()
    assert "postcard [" in told.out
    assert "KD (random convolutions): " in told.out
    assert "(n = 4, 4 real, random convolutions [" in told.out
    assert told.out.splitlines()[-1] == str(tmp_path / "out" / "report.html")
    assert told.err.splitlines()[:2] == ["postcard: loading", "postcard: drawing"]
    found = read_results(tmp_path / "out")
    assert found
    assert found.asked.prompts == ("a red house", "a yellow boat")
    assert (found.asked.seed, found.asked.n, found.dtype) == (9, 4, "float32")
    assert "a yellow boat" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--n", "0"], "--n should be greater than or equal to 1."),
        (["--steps", "900"], "--steps should be less than or equal to 150."),
        (["--sampler", "Eular"], "--sampler should be"),
        (["--extractor", "eyes"], "--extractor should be 'auto', 'inception'"),
        (["--real", "nowhere"], "There are no pictures in"),
        (["--extractor", "inception"], "models/evaluation"),
        (["--prompts", "nowhere.txt"], "There is no file nowhere.txt."),
    ],
)
def test_a_wrong_wish_is_answered_in_words(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(tmp_path, *arguments) == 2
    told = capsys.readouterr()
    assert words in told.err
    assert told.out == ""
    assert not (tmp_path / "out").exists()


def test_an_unknown_checkpoint_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(tmp_path, checkpoint="unknown") == 2
    assert "There is no checkpoint 'unknown'." in capsys.readouterr().err


def test_a_file_without_prompts_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "prompts.txt").write_text("\n  \n")
    assert called(tmp_path) == 2
    assert "holds no prompt. Write one on each line." in capsys.readouterr().err


def test_everything_that_can_be_asked_is_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        evaluate.main(["--help"])
    shown = capsys.readouterr().out
    for name in set(Evaluation.model_fields) - {"checkpoints"}:
        assert f"--{name} " in shown
    assert COMMANDS["evaluate"] == "evaluate"
