"""People from the console, beside a running studio or before its first start."""

import io
from pathlib import Path

import pytest

from commands.people import main
from engine.people.people import People

PASSWORD = "a red house at night"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n" * 3))
    return str(tmp_path)


def test_somebody_is_added_changed_and_disabled(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add", "Ann", "admin", "--data", data]) == 0
    assert main(["add", "Bob", "--data", data, "--code"]) == 0
    code = capsys.readouterr().out.split()[-1]
    people = People(Path(data))
    assert people.begun()
    assert people.users.with_password("ann", PASSWORD)
    assert people.users.with_code("bob", code, "bob's own password")
    assert main(["role", "bob", "viewer", "--data", data]) == 0
    assert main(["disable", "bob", "--data", data]) == 0
    assert main(["list", "--data", data]) == 0
    assert capsys.readouterr().out == "admin   Ann\nviewer  Bob  (disabled)\n"
    assert main(["enable", "bob", "--data", data]) == 0
    assert main(["password", "bob", "--data", data]) == 0
    assert people.users.with_password("bob", PASSWORD)
    assert main(["token", "ann", "--for", "a bot", "--scope", "look", "--data", data]) == 0
    known = people.tokens.find(capsys.readouterr().out.strip())
    assert known
    assert known.role == "viewer"
    assert [entry.what for entry in people.audit.latest()][:2] == ["token.new", "people.password"]
    people.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["role", "eve", "admin"], "There is no such person."),
        (["add", "a:b"], "A name has 1 to 64"),
        (["token", "eve", "--for", "x"], "There is no such person."),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    data: str, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main([*arguments, "--data", data]) == 2
    assert words in capsys.readouterr().err


def test_the_last_admin_stays_one(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add", "Ann", "admin", "--data", data]) == 0
    assert main(["disable", "ann", "--data", data]) == 2
    assert "last admin" in capsys.readouterr().err
