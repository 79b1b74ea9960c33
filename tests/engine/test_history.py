"""A visitor's last prompts come back: each once, newest first, nobody else's."""

from pathlib import Path

import pytest

from engine.errors import NotFound
from engine.history import KEPT, History


def test_each_prompt_is_kept_once_and_the_newest_comes_first_after_a_new_start(tmp_path: Path) -> None:
    history = History(tmp_path)
    for prompt, negative in (("a boat", ""), ("a house", "rain"), ("a boat", "fog"), ("", "nothing")):
        history.put("ann", prompt, negative)
    history.close()
    history = History(tmp_path)
    assert [(past.prompt, past.negative_prompt) for past in history.latest("ann")] == [
        ("a boat", "fog"),
        ("a house", "rain"),
    ]
    assert history.latest("bob") == []
    history.close()


@pytest.mark.parametrize(
    ("search", "found"),
    [("BOAT", ["a red boat"]), ("boat red", ["a red boat"]), ("100%", ["100% blue"]), ("_", []), ("船", ["一只船"])],
)
def test_a_search_wants_all_its_words_as_they_are_written(tmp_path: Path, search: str, found: list[str]) -> None:
    history = History(tmp_path)
    for prompt in ("a red boat", "100% blue", "一只船"):
        history.put("ann", prompt)
    assert [past.prompt for past in history.latest("ann", search)] == found
    history.close()


def test_only_the_last_are_kept_and_reading_them_uses_the_index(tmp_path: Path) -> None:
    history = History(tmp_path)
    history._connection.execute("PRAGMA synchronous = OFF")
    for n in range(KEPT + 20):
        history.put("ann", f"prompt {n}")
    history.put("bob", "bob's")
    found = history.latest("ann", limit=KEPT + 20)
    assert (len(found), found[0].prompt, found[-1].prompt) == (KEPT, f"prompt {KEPT + 19}", "prompt 20")
    plan = history._connection.execute(
        "EXPLAIN QUERY PLAN SELECT prompt FROM history WHERE owner = 'ann' ORDER BY used DESC LIMIT 50"
    ).fetchall()
    assert [row["detail"] for row in plan] == ["SEARCH history USING INDEX history_latest (owner=?)"]
    history.close()


def test_a_prompt_is_forgotten_by_its_owner_alone(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.put("ann", "a boat")
    past = history.latest("ann")[0].id
    with pytest.raises(NotFound):
        history.forget(past, "bob")
    history.forget(past, "ann")
    assert history.latest("ann") == []
    history.close()
