"""LoRAs and embeddings over HTTP: listed as they lie there at that moment, with a small picture, without paths."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from api.access import LOOPBACK, Access
from api.server import make_app
from engine.library.scan import Library
from engine.settings import HOUSE
from engine.studio import Studio
from engine.workers.messages import PainterSettings
from tests.engine.library.blobs import of_shapes, write
from tests.engine.library.test_shelf import lora
from tests.engine.metadata.files import png


@pytest.fixture
def models(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "checkpoints").symlink_to(HOUSE / "models" / "checkpoints")
    return tmp_path / "models"


@pytest.fixture
def client(models: Path, tmp_path: Path) -> Iterator[TestClient]:
    studio = Studio(tmp_path / "data", Library(models, tmp_path / "cache"), PainterSettings(), workers="inprocess")
    access = Access(hosts=LOOPBACK, uploads=tmp_path / "uploads")
    yield TestClient(make_app(studio, access), base_url="http://127.0.0.1")
    studio.stop()


def test_what_is_dropped_in_is_listed_at_once(client: TestClient, models: Path) -> None:
    assert client.get("/api/loras").json() == {"loras": []}
    write(models / "loras" / "ann.safetensors", lora(192))
    write(models / "loras" / "bad.safetensors", lora()[:-1])
    write(models / "embeddings" / "easy.safetensors", of_shapes({"emb_params": [2, 192]}))
    answer = client.get("/api/loras")
    good, bad = answer.json()["loras"]
    assert (good["word"], good["methods"], good["problem"]) == ("ann", ["LoRA"], None)
    assert "is cut off" in bad["problem"]["message"]
    assert str(models) not in answer.text
    assert [e["vectors"] for e in client.get("/api/embeddings").json()["embeddings"]] == [2]


def test_its_picture_comes_small(client: TestClient, models: Path) -> None:
    write(models / "loras" / "ann.safetensors", lora(192))
    assert client.get("/api/loras").json()["loras"][0]["picture"] is False
    Image.new("RGB", (900, 600), "red").save(models / "loras" / "ann.png")
    assert client.get("/api/loras").json()["loras"][0]["picture"] is True
    answer = client.get("/api/loras/picture", params={"name": "ann"})
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (256, 171))
    assert client.get("/api/loras/picture", params={"name": "../ann"}).status_code == 404


def test_the_prompt_names_what_it_draws_with(client: TestClient, models: Path) -> None:
    write(models / "loras" / "ann.safetensors", lora(192))
    write(models / "loras" / "wide.safetensors", lora(768))
    write(models / "embeddings" / "easy.safetensors", of_shapes({"emb_params": [2, 192]}))
    said = client.post("/api/prompt", json={"prompt": "a red easy <lora:ann:0.5>", "negative_prompt": "easy"}).json()
    assert said["prompt"]["loras"] == [{"name": "ann", "unet": 0.5, "text": 0.5}]
    assert said["prompt"]["embeddings"] == [{"word": "easy", "vectors": 2}]
    assert (said["prompt"]["tokens"], said["negative_prompt"]["tokens"]) == (4, 2)
    problem = client.post("/api/prompt", json={"prompt": "<lora:wide:1>"}).json()["prompt"]["problem"]
    assert "made for another kind of model" in problem["message"]
    refused = client.post("/api/jobs", json={"prompt": "<lora:anne:1>"})
    assert refused.status_code == 400
    assert refused.json()["error"]["remedy"] == "Did you mean ann?"


def test_settings_of_a_picture_call_a_lora_as_it_is_called_here(client: TestClient, models: Path) -> None:
    write(models / "loras" / "ann.safetensors", lora(192))
    app: Any = client.app
    library: Library = app.state.studio.library
    digest = library.loras.hash_of(library.loras.find("ann"))
    text = (
        f"a <lora:her old name:0.8> <lora:gone:1> <lora:nameless:1>\nSteps: 2, Sampler: Euler, Size: 64x64, "
        f'Lora hashes: "her old name: {digest}, gone: 0123456789ab", TI hashes: "easy: 0123456789ab", Version: v1.9.4'
    )
    found = client.post("/api/read-settings", content=png({"parameters": text})).json()
    assert found["values"]["prompt"] == "a <lora:ann:0.8> <lora:gone:1> <lora:nameless:1>"
    assert found["leftovers"]["Lora hashes"] == "gone: 0123456789ab"
    assert found["leftovers"]["TI hashes"] == "easy: 0123456789ab"
    assert found["leftovers"]["LoRA"] == "nameless"
    assert {"Lora hashes", "TI hashes", "LoRA"} <= set(found["absent"])
    assert "lora_hashes" not in found["values"]
