"""How a prompt is understood, the styles and the wildcards, over HTTP."""

import time
from typing import Any

from tests.api.conftest import Place


def told(place: Place, prompt: str, **more: Any) -> dict[str, Any]:
    with place.client() as client:
        answer = client.post("/api/prompt", json={"prompt": prompt, "steps": 10} | more)
        assert answer.status_code == 200, answer.text
        return answer.json()


def test_a_prompt_is_told_in_pieces(place: Place) -> None:
    said = told(
        place, "a (red:1.2) [house:boat:4] BREAK [x|y] <hypernet:pixel:0.8> AND snow :0.5", negative_prompt="blur"
    )
    prompt = said["prompt"]
    assert prompt["problem"] is None
    first, second = prompt["parts"]
    assert first["pieces"] == [
        {"text": "a ", "weight": 1},
        {"text": "red", "weight": 1.2},
        {"text": " ", "weight": 1},
        {
            "before": [{"text": "house", "weight": 1}],
            "after": [{"text": "boat", "weight": 1}],
            "step": 4,
            "never": False,
        },
        {"break": True},
        {"turns": [[{"text": "x", "weight": 1}], [{"text": "y", "weight": 1}]]},
    ]
    assert second == {"weight": 0.5, "pieces": [{"text": " snow", "weight": 1}]}
    assert prompt["networks"] == [{"kind": "hypernet", "values": ["pixel", "0.8"]}]
    assert (prompt["chunks"], prompt["room"]) == (2, 75)
    assert said["negative_prompt"]["tokens"] >= 1


def test_a_lora_that_is_not_here_is_a_sentence_at_the_prompt(place: Place) -> None:
    problem = told(place, "a cat <lora:nobody has this:1>")["prompt"]["problem"]
    assert (problem["code"], problem["field"]) == ("lora.unknown", "prompt")
    assert "There is no LoRA 'nobody has this'" in problem["message"]


def test_weights_around_a_switch_count_inside_it(place: Place) -> None:
    (part,) = told(place, "([a:b:2]:1.5)")["prompt"]["parts"]
    assert part["pieces"][0]["after"] == [{"text": "b", "weight": 1.5}]


def test_an_unknown_wildcard_is_a_sentence_at_its_field(place: Place) -> None:
    said = told(place, "a cat", negative_prompt="__nothing__")
    assert said["prompt"]["problem"] is None
    problem = said["negative_prompt"]["problem"]
    assert (problem["code"], problem["field"]) == ("wildcard.unknown", "negative_prompt")


def test_the_answer_comes_within_milliseconds(place: Place) -> None:
    with place.client() as client:
        text = "a (red:1.2) [house|boat] in the snow, " * 10
        client.post("/api/prompt", json={"prompt": text})
        begun = time.perf_counter()
        for _ in range(10):
            client.post("/api/prompt", json={"prompt": text})
        assert (time.perf_counter() - begun) / 10 < 0.25  # a few milliseconds on a free machine


def test_styles_are_kept_chosen_renamed_and_deleted(place: Place) -> None:
    with place.client() as client:
        kept = client.put("/api/styles", json={"name": "Ink", "prompt": "ink drawing of {prompt}"}).json()["styles"]
        assert {"name": "Ink", "prompt": "ink drawing of {prompt}", "negative_prompt": ""} in kept
        assert told(place, "a cat", styles=["Ink"])["prompt"]["parts"][0]["pieces"][0]["text"] == "ink drawing of a cat"
        renamed = client.put("/api/styles", json={"name": "Pen", "prompt": "pen", "instead_of": "Ink"}).json()["styles"]
        assert [style["name"] for style in renamed] == ["Pen"]
        assert client.delete("/api/styles", params={"name": "Pen"}).json() == {"styles": []}
        assert client.delete("/api/styles", params={"name": "Pen"}).status_code == 404
        assert client.put("/api/styles", json={"name": ["x"]}).status_code == 400


def test_visitors_of_a_shared_studio_only_choose(private_place: Place) -> None:
    with private_place.client() as client:
        assert client.get("/api/styles").json() == {"styles": []}
        for answer in (client.put("/api/styles", json={"name": "x"}), client.delete("/api/styles?name=x")):
            assert answer.json()["error"]["code"] == "style.locked"


def test_the_names_of_wildcards_are_listed(place: Place) -> None:
    folder = place.data / "wildcards" / "animals"
    folder.mkdir(parents=True)
    (folder / "cat.txt").write_text("tabby\n")
    with place.client() as client:
        assert client.get("/api/wildcards").json() == {"wildcards": ["animals/cat"]}
    said = told(place, "a __animals/cat__")["prompt"]
    assert said["drawn"] is True
    assert said["parts"][0]["pieces"] == [{"text": "a tabby", "weight": 1}]
