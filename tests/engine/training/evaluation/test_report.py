"""A report opens without the studio: everything is inside, what people wrote is text, and torch is not needed."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.errors import NotFound, Problem
from engine.request.training import read
from engine.settings import HOUSE
from engine.training import events as told
from engine.training.evaluation.report import report
from engine.training.evaluation.report_run import of_run
from engine.training.evaluation.results import FILE, Judged, Metric, Neighbour, Results
from engine.training.evaluation.say import Say
from engine.training.run_folder import RunFolder
from tests.engine.training.evaluation.making import asked

NASTY = "<script>alert(\"1\")</script> & 'x'"
HELD = (0.5, 0.4, 0.45)


def run_folder(path: Path, **values: Any) -> RunFolder:
    folder = RunFolder(path)
    prompts = (f"a ring {NASTY}", "a house")
    folder.create(read({"concepts": [{"folder": "/home/me/rings"}], "length": 30, "prompts": prompts, **values}))
    folder.tell(told.Began(step=0, total=30, pictures=9, epoch=5))
    for step in (0, 10, 20):
        for index, colour in ((1, "red"), (2, "blue")):
            file = folder.samples / f"{step:06}" / f"{index:02}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (512, 512), colour).save(file)
        folder.tell(told.Sampled(step=step, files=(f"samples/{step:06}/01.png", f"samples/{step:06}/02.png")))
        held = HELD[step // 10]
        folder.tell(told.Measured(step=step, held_out=held, train=held, change=held - 0.5, error=0.02, best=10))
    for step in range(1, 21):
        folder.tell(step_made(step))
    return folder


def step_made(step: int, loss: float = 0.3) -> told.StepMade:
    rates = {"unet": 1e-4, "text encoder": 5e-5}
    return told.StepMade(
        step=step, epoch=1, loss=loss, smooth=loss, rates=rates, length=1, seconds=0.1, pictures=4, left_out=False
    )


class Inside(HTMLParser):
    """Tags with their attributes, and all text."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += f" {data}"

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def seen(folder: Path) -> Inside:
    return Inside(report(folder))


def test_a_run_tells_its_course_its_settings_and_its_samples(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", learning_rate=3e-4)
    folder.tell(told.Warned(problem=Problem(code="x", message="The disk is nearly full.", remedy="Make room.")))
    folder.note("findings", [{"severity": "warning", "message": "Two are alike.", "remedy": "Take one out."}])
    page = seen(folder.path)
    labels = [attrs["aria-label"] or "" for attrs in page.of("svg")]
    assert [label.split(",")[0] for label in labels] == [
        "Loss", "Learning rate", "Held-out loss", "Length of the gradient",
    ]  # fmt: skip
    assert "Learning rate, step 1 to 20: unet from 0.0001 to 0.0001; text encoder from 5e-05 to 5e-05" in labels
    assert "best: 10" in page.text
    assert "Two are alike." in page.text
    assert "The disk is nearly full." in page.text
    assert re.search(r"Steps\s+20 of 30", page.text)
    assert "step 0 step 10 step 20" in " ".join(page.text.split())
    alts = [attrs["alt"] for attrs in page.of("img")]
    assert alts[:2] == [f"step 0: a ring {NASTY}", f"step 10: a ring {NASTY}"]
    assert len(alts) == 6
    assert "Resolution" not in page.text  # as it is by itself
    assert re.search(r"learning_rate\s+0\.0003\s+0\.0001", page.text)
    assert "/home/me" not in page.text  # reports are sent to others


def test_nothing_is_fetched_and_nothing_runs(tmp_path: Path) -> None:
    page = seen(run_folder(tmp_path / "run", name="cat").path)
    assert not page.of("script")
    assert not page.of("link")
    policies = [attrs for attrs in page.of("meta") if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert (policies[0]["content"] or "").startswith("default-src 'none'")
    for tag, attrs in page.tags:
        assert not any(name.startswith("on") for name in attrs), tag
        for name in ("src", "href", "xlink:href"):
            assert (attrs.get(name) or "data:image/").startswith("data:image/"), tag
    assert "url(" not in report(tmp_path / "run")
    assert NASTY in page.text


def test_it_is_made_without_torch(tmp_path: Path) -> None:
    run_folder(tmp_path / "run")
    code = (
        "import sys; from pathlib import Path; from engine.training.evaluation.report import report;"
        f"report(Path({str(tmp_path / 'run')!r})); assert not {{'torch', 'transformers', 'diffusers'}} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=HOUSE)


def test_steps_that_a_crash_made_twice_are_shown_once(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run")
    for step in range(16, 26):
        folder.tell(step_made(step, loss=0.1))
    (label,) = [a["aria-label"] for a in seen(folder.path).of("svg") if (a["aria-label"] or "").startswith("Loss")]
    assert label == "Loss, step 1 to 25: each step from 0.3 to 0.1; running mean from 0.3 to 0.1"
    points = re.findall(r'class="faint" d="M([^"]*)"', report(folder.path))[0].split("L")
    assert len(points) == 25


def test_pictures_elsewhere_and_gone_ones_leave_their_place_empty(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run")
    Image.new("RGB", (8, 8)).save(tmp_path / "secret.png")
    (folder.samples / "000000" / "02.png").write_bytes(b"damaged")
    folder.tell(told.Sampled(step=30, files=("../secret.png", "samples/none.png")))
    page = seen(folder.path)
    assert len(page.of("img")) == 5
    assert page.text.count(" gone") == 3


def test_pictures_are_small(tmp_path: Path) -> None:
    assert len(report(run_folder(tmp_path / "run").path)) < 60_000


def test_of_many_checkpoints_some_are_shown_the_best_among_them(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run")
    for step in range(30, 1000, 10):
        folder.tell(told.Sampled(step=step, files=("samples/000010/01.png",)))
    text = " ".join(seen(folder.path).text.split())
    assert "12 of 100 checkpoints are shown." in text
    for step in (0, 10, 990):
        assert f"step {step} " in text


def test_a_run_that_has_only_begun_has_a_report(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.create(read({"name": "cat"}))
    page = seen(folder.path)
    assert "cat" in page.text
    assert not page.of("svg")


def test_where_there_is_neither_run_nor_evaluation_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no run and no evaluation"):
        report(tmp_path)


# -- evaluations


def metric(key: str, value: float, **more: Any) -> Metric:
    common = {"label": key.upper(), "better": "lower", "extractor": "eye", "hash": "abcdef0123", "width": 160}
    return Metric(key=key, value=value, **{**common, "n": 2, "real": 3, **more})


def evaluation(folder: Path) -> Path:
    judged = []
    for name, value in ((f"base {NASTY}", 1.25), ("new", 0.75)):
        place = folder / "pictures" / name[:4].strip()
        (place / "nearest").mkdir(parents=True)
        for index in range(2):
            for file in (place / f"{index}.png", place / "nearest" / f"{index}.png"):
                Image.new("RGB", (64, 64), "green").save(file)
        numbers = (metric("kid", value, spread=0.5), metric("frechet", 10 * value, weak="2 pictures are too few."))
        near = (Neighbour(sample=1, file=f"{NASTY}.png", distance=0.42),)
        names = tuple(f"pictures/{name[:4].strip()}/{index}.png" for index in range(2))
        judged.append(Judged(name=name, hash="0123456789", metrics=numbers, nearest=near, pictures=names, seconds=0.5))
    found = Results(
        asked=asked(n=2, checkpoints=("base", "new"), prompts=(NASTY,)),
        made="2026-01-01T00:00:00+00:00", device="CPU", dtype="float32", size=(64, 64),
        real=3, real_hash="fedcba9876", judged=tuple(judged), versions={"torch": "2"},
    )  # fmt: skip
    folder.joinpath(FILE).write_text(found.model_dump_json())
    return folder


def test_an_evaluation_tells_numbers_with_what_identifies_them(tmp_path: Path) -> None:
    page = seen(evaluation(tmp_path))
    text = " ".join(page.text.split())
    assert "KID ↓ 1.25 ± 0.5 0.75 ± 0.5 2 / 3 eye, 160 features abcdef0123" in text
    assert "FRECHET ↓ 2 pictures are too few for 160 features: the covariance has no full rank. 12.5 7.5" in text
    assert [attrs.get("class") for attrs in page.of("tr")].count("weak") == 1
    assert "3 [fedcba9876]" in text
    assert f"0.42 · {NASTY}.png" in page.text
    assert len(page.of("img")) == 4 + 4  # two samples of each, and a pair of each
    assert not page.of("script")


def test_the_evaluation_of_a_run_is_part_of_its_report(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run")
    (folder.path / "evaluation").mkdir()
    evaluation(folder.path / "evaluation")
    page = seen(folder.path)
    assert "KID ↓" in page.text
    assert len(page.of("img")) == 6 + 8


def test_damaged_results_are_no_evaluation(tmp_path: Path) -> None:
    evaluation(tmp_path)
    data = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps({**data, "judged": "none"}))
    with pytest.raises(NotFound):
        report(tmp_path)


class Heard(dict[str, str]):
    """Chinese words, and which keys were asked for in vain."""

    def __init__(self) -> None:
        folder = HOUSE / "ui" / "words" / "zh-CN"
        super().__init__(
            {key: word for file in folder.glob("*.json") for key, word in json.loads(file.read_text("utf-8")).items()}
        )
        self.missing: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.missing |= set() if key in self else {key}
        return super().get(key, default)


def test_a_report_speaks_the_language_of_who_asks_for_it(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", learning_rate=3e-4, loss="MAE", ema=True, negative="a house")
    damaged = {
        "code": "training.nan",
        "message": "It was no number.",
        "remedy": "Lower it.",
        "values": {"names": "a.png"},
    }
    folder.tell(told.Warned(problem=Problem.model_validate(damaged)))
    rows = [
        {
            "severity": s,
            "code": "dataset.damaged",
            "message": "It is cut.",
            "remedy": "No.",
            "values": {"names": "c.png"},
        }
        for s in ("error", "warning", "note")
    ]
    folder.note("findings", rows)
    folder.tell(told.Measured(step=20, held_out=0.6, train=0.3, best=10, advice="overfitting"))
    folder.tell(
        told.Ended(
            how="failed",
            step=20,
            problem=Problem(code="training.data_changed", message="It changed.", values={"names": "b.png"}),
        )
    )
    words = Heard()
    text = of_run(folder, Say("zh-CN", words))
    page = Inside(text)
    assert words.missing == set()
    assert page.of("html") == [{"lang": "zh-CN"}]
    for english in (
        "Loss",
        "step",
        "Curves",
        "Settings",
        "best",
        "Samples",
        "It ",
        "yes",
        "MAE (",
        "finished",
        "Learning",
    ):
        assert english not in page.text.replace("learning_rate", "").replace(NASTY, ""), english
    for chinese in ("损失", "第 20 步", "MAE（平均绝对误差）", "失败", "a.png", "b.png"):
        assert chinese in page.text
    assert "损失" in (page.of("svg")[0]["aria-label"] or "")
