"""A signature vouches for every byte and tells no secret; keys are made once and are the studio's alone."""

import io
import json
import os
import stat
import threading
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.errors import CannotSign
from engine.metadata.write import encode
from engine.metadata.xmp import source_in
from engine.picture.texts import texts_of
from engine.provenance.apart import read_apart
from engine.provenance.content import read
from engine.provenance.keys import authority_of, keys_of
from engine.provenance.sign import Signer
from engine.request.parts import FileFormat
from tests.engine.metadata.files import PICTURE

FORMATS: tuple[FileFormat, ...] = ("PNG", "JPEG", "WebP")
MIME = {"PNG": "image/png", "JPEG": "image/jpeg", "WebP": "image/webp"}
TEXT = "a secret garden\nSteps: 2, Seed: 7"


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer(tmp_path_factory.mktemp("data") / "keys")


def made(kind: FileFormat) -> bytes:
    return encode(PICTURE, TEXT, kind, source="trainedAlgorithmicMedia")


def active(told: dict[str, Any]) -> dict[str, Any]:
    return told["report"]["manifests"][told["report"]["active_manifest"]]


def actions(told: dict[str, Any]) -> list[tuple[str, str]]:
    assertions = {one["label"]: one["data"] for one in active(told)["assertions"]}
    found = assertions["c2pa.actions.v2"]["actions"]
    return [(one["action"], one.get("digitalSourceType", "").rsplit("/", 1)[-1]) for one in found]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_signed_file_is_trusted_here_known_nowhere_and_broken_by_one_byte(kind: FileFormat, signer: Signer) -> None:
    file = signer.sign(made(kind), "trainedAlgorithmicMedia")
    told = read(file, MIME[kind], authority_of(signer.folder))
    assert (told["state"], told["problems"]) == ("Trusted", [])
    assert actions(told) == [("c2pa.created", "trainedAlgorithmicMedia")]
    elsewhere = read(file, MIME[kind], b"")
    assert (elsewhere["state"], elsewhere["problems"]) == ("Valid", ["signingCredential.untrusted"])
    broken = bytearray(file)
    broken[file.rindex({"PNG": b"IDAT", "JPEG": b"\xff\xda", "WebP": b"VP8 "}[kind]) + 40] ^= 1
    assert read(bytes(broken), MIME[kind], authority_of(signer.folder))["state"] == "Invalid"


@pytest.mark.parametrize("kind", FORMATS)
def test_signing_changes_no_pixel_and_no_text_and_adds_little(kind: FileFormat, signer: Signer) -> None:
    plain = made(kind)
    file = signer.sign(plain, "trainedAlgorithmicMedia")
    assert Image.open(io.BytesIO(file)).tobytes() == Image.open(io.BytesIO(plain)).tobytes()
    assert texts_of(file).found == texts_of(plain).found
    assert source_in(file, texts_of(file)) == "trainedAlgorithmicMedia"
    assert len(file) - len(plain) < 5000  # no thumbnail


def test_the_manifest_holds_no_prompt(signer: Signer) -> None:
    file = signer.sign(made("PNG"), "compositeWithTrainedAlgorithmicMedia", made("JPEG"))
    assert "secret" not in json.dumps(read(file, "image/png", b""))
    at = file.index(b"caBX")
    assert b"secret" not in file[at : at + int.from_bytes(file[at - 4 : at])]


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_drawn_over_a_picture_names_it_as_parent(kind: FileFormat, signer: Signer) -> None:
    file = signer.sign(made(kind), "compositeWithTrainedAlgorithmicMedia", made("JPEG"))
    told = read(file, MIME[kind], authority_of(signer.folder))
    assert told["state"] == "Trusted"
    assert actions(told) == [("c2pa.opened", ""), ("c2pa.edited", "compositeWithTrainedAlgorithmicMedia")]
    assert [one["relationship"] for one in active(told)["ingredients"]] == ["parentOf"]


def test_the_parents_own_signature_goes_in(signer: Signer) -> None:
    before = signer.sign(made("WebP"), "trainedAlgorithmicMedia")
    file = signer.sign(made("PNG"), "compositeWithTrainedAlgorithmicMedia", before)
    told = read(file, "image/png", authority_of(signer.folder))
    assert (told["state"], len(told["report"]["manifests"])) == ("Trusted", 2)


@pytest.mark.parametrize("before", [b"c2pa", b"\x89PNG\r\n\x1a\nc2pa", b"RIFF\xff\xff\xff\xffWEBPc2pa" * 99], ids=len)
def test_a_hostile_parent_costs_its_own_signature_only(before: bytes, signer: Signer) -> None:
    file = signer.sign(made("PNG"), "compositeWithTrainedAlgorithmicMedia", before)
    assert read(file, "image/png", authority_of(signer.folder))["state"] == "Trusted"


def test_keys_are_made_once_and_nobody_else_reads_them(tmp_path: Path) -> None:
    found: list[bytes] = []
    folder = tmp_path / "data" / "keys"
    threads = [threading.Thread(target=lambda: found.append(keys_of(folder).key)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert found[0].startswith(b"-----BEGIN PRIVATE KEY-----")
    assert [path.name for path in folder.parent.iterdir()] == ["keys"]
    if os.name != "nt":
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert keys_of(tmp_path / "other" / "keys").key != found[0]


def test_a_broken_key_is_told_and_nothing_is_handed_out(tmp_path: Path) -> None:
    signer = Signer(tmp_path / "keys")
    signer.check()
    (signer.folder / "key.pem").write_bytes(b"not a key")
    with pytest.raises(CannotSign) as caught:
        signer.sign(made("PNG"), "trainedAlgorithmicMedia")
    assert caught.value.problem.code == "signing.failed"
    assert str(tmp_path) not in str(caught.value)


def chunk(body: bytes) -> bytes:
    plain = made("PNG")
    packed = len(body).to_bytes(4) + b"caBX" + body + zlib.crc32(b"caBX" + body).to_bytes(4)
    return plain[:33] + packed + plain[33:]


def boxes(depth: int) -> bytes:
    """Boxes in boxes: https://www.iso.org/standard/84635.html (JUMBF)."""
    described = b"\0\0\0\x1ejumd" + bytes.fromhex("6332706100110010800000aa00389b71") + b"\x03c2pa\0"
    sizes = [(8 + len(described)) * n for n in range(1, depth + 1)]
    return b"".join(size.to_bytes(4) + b"jumb" + described for size in reversed(sizes))


@pytest.mark.parametrize("body", [b"", b"c2pa" * 9, boxes(3), boxes(60_000), b"\xff" * 99_999, b"\0\0\0\1jumb" * 9])
def test_hostile_manifests_are_read_in_a_process_of_their_own(body: bytes) -> None:
    assert "error" in read_apart(chunk(body), "image/png", b"")


def test_nothing_is_fetched_for_a_remote_manifest(signer: Signer) -> None:
    """A file may name an address where its manifest is: the studio asks nobody."""
    text = '<rdf:Description xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="http://127.0.0.1:9/m.c2pa"/>'
    file = io.BytesIO()
    PICTURE.save(file, "WEBP", xmp=f"<x:xmpmeta>{text}</x:xmpmeta>".encode())
    assert "error" in read_apart(file.getvalue(), "image/webp", b"")
