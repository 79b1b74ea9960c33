"""launch.py: who is refused, what is installed when, and what reaches the studio. The installer is a stand-in."""

import ast
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import launch
from engine.settings import Settings, prepare_environment

HERE = Path(launch.__file__)
APP = """
import json, os, sys
print(json.dumps({
    "flags": sys.argv[1:],
    "python": sys.executable,
    "pid": os.getpid(),
    "folder": os.getcwd(),
    "waiting": os.environ["OMP_WAIT_POLICY"],
}), flush=True)
if "--wait" in sys.argv:
    sys.stdin.read()
"""
TOOL = """
import os, sys
with open({log!r}, "a") as log:
    print({name!r}, *sys.argv[1:], file=log)
sys.exit(int({name!r} in os.environ.get("FAILING", "").split()))
"""


@dataclass
class House:
    """A studio's folder with the real launch.py, a small app.py, and tools that only note that they were called."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def calls(self) -> list[str]:
        log = self.folder / "calls.txt"
        return log.read_text().splitlines() if log.exists() else []

    def start(self, *arguments: str, failing: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(self.folder / "launch.py"), *arguments]
        variables = {**os.environ, "FAILING": failing, **environment}
        return subprocess.run(
            command, capture_output=True, text=True, env=variables, cwd=self.folder.parent, timeout=120
        )

    def stand_in(self, name: str) -> None:
        ask = [self.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
        site = Path(subprocess.check_output(ask, text=True).strip())
        (site / name).mkdir()
        (site / name / "__init__.py").touch()
        program = TOOL.format(log=str(self.folder / "calls.txt"), name=name)
        (site / name / "__main__.py").write_text(program)
        (site / name / "cli.py").write_text(f"def lint_imports_command():\n    from {name} import __main__\n")


@pytest.fixture
def bare(tmp_path: Path) -> House:
    folder = tmp_path / "house"
    folder.mkdir()
    shutil.copy(HERE, folder)
    (folder / "requirements.txt").write_text("numpy==2.4.6\n")
    (folder / "requirements-test.txt").write_text("numpy==2.4.6\npytest==9.2.0\n")
    (folder / "app.py").write_text(APP)
    return House(folder)


@pytest.fixture
def house(bare: House) -> House:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare.folder / ".venv"], check=True)
    bare.stand_in("uv")
    return bare


@pytest.mark.parametrize("version", [(2, 7), (3, 6), (3, 10), (3, 14), (4, 0)])
def test_another_python_is_refused_in_words(version: tuple[int, int]) -> None:
    words = launch.refusal(version)
    assert "3.11 to 3.13" in words
    assert f"this is Python {version[0]}.{version[1]}." in words


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_three_pythons_are_welcome(version: tuple[int, int]) -> None:
    assert launch.refusal(version) == ""


def test_main_refuses_before_it_does_anything(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    assert launch.main(["--help"]) == 1
    assert "this is Python 3.9." in capsys.readouterr().err


def test_old_pythons_can_read_it() -> None:
    tree = ast.parse(HERE.read_text(encoding="utf-8"), feature_version=(3, 7))
    parts = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    annotations = [part.annotation for function in parts for part in function.args.args] + [f.returns for f in parts]
    assert all(isinstance(a, ast.Constant) for a in annotations), "an old Python evaluates annotations without quotes"


def test_the_first_start_installs_and_the_second_does_not(house: House) -> None:
    assert house.start().returncode == 0
    assert len(house.calls) == 1
    assert str(house.folder / "requirements.txt") in house.calls[0]
    again = house.start()
    assert again.returncode == 0
    assert len(house.calls) == 1
    assert again.stderr == ""


def test_a_changed_pin_is_installed(house: House) -> None:
    house.start()
    (house.folder / "requirements.txt").write_text("numpy==2.5.5\n")
    assert house.start().returncode == 0
    assert len(house.calls) == 2


def test_the_tests_requirements_come_once_and_serve_the_studio_too(house: House) -> None:
    house.start("test")
    assert [call for call in house.calls if call.startswith("uv")] == [
        f"uv pip install --compile-bytecode --python {house.python} "
        f"-r {house.folder / 'requirements.txt'} -r {house.folder / 'requirements-test.txt'}"
    ]
    house.start("test")
    house.start()
    assert len([call for call in house.calls if call.startswith("uv")]) == 1


def test_a_failed_installation_says_so_and_is_taken_up_again(house: House) -> None:
    house.start()
    (house.folder / "requirements.txt").write_text("numpy==2.5.5\n")
    failed = house.start(failing="uv")
    assert failed.returncode == 1
    assert failed.stdout.endswith("...\n"), "the studio must not have been started"
    assert "network" in failed.stderr
    assert "6 GB" in failed.stderr
    assert "Traceback" not in failed.stderr
    (house.folder / "requirements.txt").write_text("numpy==2.4.6\n")  # as before: what is there now is not known
    assert house.start().returncode == 0
    assert len(house.calls) == 3


def damage(house: House, what: str) -> None:
    broken = house.python if what == "python" else house.folder / ".venv" / what
    broken.unlink()
    if what == "python" and os.name == "posix":
        broken.symlink_to("/nowhere/python3")


@pytest.mark.parametrize("what", ["pyvenv.cfg", "python"])
def test_a_half_made_environment_is_none(house: House, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "VENV", house.folder / ".venv")
    assert launch.version_in(house.python) == sys.version_info[:2]
    damage(house, what)
    assert launch.version_in(house.python) == ()


def test_a_half_made_environment_is_made_again(house: House) -> None:
    damage(house, "python")
    started = house.start(PIP_NO_INDEX="1")  # so that it ends where it would fetch the installer
    assert "Making the environment" in started.stdout
    assert started.returncode == 1
    assert "Traceback" not in started.stderr
    house.stand_in("uv")
    assert house.start().returncode == 0


def test_all_flags_reach_the_studio_in_the_folder_of_the_caller(house: House) -> None:
    started = house.start("--host", "0.0.0.0", "--port", "7861", "--data", "my data", "--no-browser")
    told = json.loads(started.stdout.splitlines()[-1])
    assert told["flags"] == ["--host", "0.0.0.0", "--port", "7861", "--data", "my data", "--no-browser"]
    assert Path(told["python"]) == house.python
    assert told["folder"] == str(house.folder.parent)
    assert told["waiting"] == "PASSIVE"


def test_use_this_python_installs_nothing(bare: House) -> None:
    started = bare.start("--use-this-python", "--port", "7861")
    told = json.loads(started.stdout)
    assert told["python"] == sys.executable
    assert told["flags"] == ["--port", "7861"]
    assert not (bare.folder / ".venv").exists()


@pytest.mark.skipif(os.name != "posix", reason="elsewhere the launcher stays and waits")
def test_a_signal_to_the_launcher_is_one_to_the_studio(bare: House) -> None:
    command = [sys.executable, str(bare.folder / "launch.py"), "--use-this-python", "--wait"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout
        assert json.loads(started.stdout.readline())["pid"] == started.pid
        started.send_signal(signal.SIGTERM)
        assert started.wait(20) == -signal.SIGTERM


def test_a_command_is_ours_whatever_lies_in_the_callers_folder(house: House) -> None:
    for place in (house.folder, house.folder.parent):
        (place / "commands").mkdir()
        (place / "commands" / "__main__.py").write_text(f"import sys; print({str(place)!r}, sys.argv[1:])")
    started = house.start("txt2img", "a red house", "--steps", "4")
    assert started.stdout.splitlines()[-1] == f"{house.folder} ['txt2img', 'a red house', '--steps', '4']"


def test_all_checks_run_and_pytest_is_last(house: House) -> None:
    for name in ("ruff", "pyright", "importlinter", "pytest"):
        house.stand_in(name)
    run = house.start("test", "-k", "words")
    assert run.returncode == 0
    assert [call.split()[0] for call in house.calls[1:]] == ["ruff", "ruff", "pyright", "importlinter", "pytest"]
    assert house.calls[-1] == "pytest -k words"


@pytest.mark.parametrize(("failing", "named"), [("ruff", "ruff format, ruff check"), ("importlinter", "lint-imports")])
def test_a_failed_check_is_named_and_fails_the_run_after_the_tests(house: House, failing: str, named: str) -> None:
    for name in ("ruff", "pyright", "importlinter", "pytest"):
        house.stand_in(name)
    run = house.start("test", failing=failing)
    assert run.returncode == 1
    assert f"FAILED: {named}." in run.stdout
    assert run.stdout.splitlines()[-1] == "== pytest"
    assert house.calls[-1].startswith("pytest")


def test_without_arguments_the_tests_run_in_two_processes(house: House) -> None:
    for name in ("ruff", "pyright", "importlinter", "pytest"):
        house.stand_in(name)
    house.start("test")
    assert house.calls[-1].startswith("pytest -n 2 ")


def test_failed_tests_fail_the_run(house: House) -> None:
    for name in ("ruff", "pyright", "importlinter", "pytest"):
        house.stand_in(name)
    assert house.start("test", failing="pytest").returncode == 1


@pytest.mark.parametrize("word", ["txt2video", "--use-this-python"])
def test_an_unknown_command_is_refused(bare: House, word: str) -> None:
    started = bare.start("--use-this-python", word)
    assert started.returncode == 2
    assert f"no command '{word}'" in started.stderr


def test_help_needs_no_installation_and_names_every_setting(bare: House) -> None:
    shown = bare.start("--help")
    assert shown.returncode == 0
    assert not (bare.folder / ".venv").exists()
    missing = {name for name in Settings.model_fields if f"-{name.replace('_', '-')} " not in shown.stdout}
    assert missing == set()


def test_the_environment_is_that_of_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in launch.ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    before = set(os.environ)
    prepare_environment()
    assert {name: os.environ[name] for name in set(os.environ) - before} == launch.ENVIRONMENT
