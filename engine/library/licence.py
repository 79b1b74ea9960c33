"""Under which licence a model is, as far as its files tell: the card, the trainer's note, a JSON or a README beside it."""

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.errors import AtelierError
from engine.library.header import read_header

LONGEST, LONGEST_LINK, LARGEST = 200, 500, 2**20
# https://huggingface.co/docs/hub/repositories-licenses
LINKS = {
    "apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
    "mit": "https://opensource.org/license/mit",
    "creativeml-openrail-m": "https://huggingface.co/spaces/CompVis/stable-diffusion-license",
    "cc0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "cc-by-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "cc-by-sa-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "cc-by-nc-4.0": "https://creativecommons.org/licenses/by-nc/4.0/",
    "cc-by-nc-sa-4.0": "https://creativecommons.org/licenses/by-nc-sa/4.0/",
}
FRONT = re.compile(r"\A---\r?\n(.*?)\r?\n---", re.DOTALL)
LINE = re.compile(r"^(license|license_name|license_link):[ \t]*([^\r\n]+)", re.MULTILINE)


@dataclass(frozen=True)
class Licence:
    """name: short, "" where nothing is stated; link: an https address, or ""."""

    name: str = ""
    link: str = ""


def licence_of(model: Path, card: str) -> Licence:
    """card: what our own card says. Nothing is fetched, and what is broken says nothing."""
    found = Licence(card) if card else next((told for told in (noted(model), readme(model)) if told.name), Licence())
    name = " ".join(found.name.split())[:LONGEST]
    link = found.link if re.fullmatch(r"https://[^\s\"'<>\\]+", found.link) else LINKS.get(name.lower(), "")
    return Licence(name, link if len(link) <= LONGEST_LINK else "")


def noted(model: Path) -> Licence:
    """In the file itself, by https://github.com/Stability-AI/ModelSpec; else in NAME.json."""
    if model.suffix == ".safetensors" and model.is_file():
        with suppress(AtelierError):
            if told := read_header(model).metadata.get("modelspec.license", ""):
                return Licence(told)
    with suppress(OSError, ValueError, RecursionError):
        file = model.with_suffix(".json")
        if model.is_file() and file.stat().st_size <= LARGEST:
            said = json.loads(file.read_text("utf-8"))
            told = said.get("license") if isinstance(said, dict) else None
            return Licence(told if isinstance(told, str) else "")
    return Licence()


def readme(model: Path) -> Licence:
    """The front matter of a model card."""
    with suppress(OSError, ValueError):
        file = readme_of(model)
        if file.stat().st_size <= LARGEST and (front := FRONT.match(file.read_text("utf-8"))):
            said = {name: value.strip().strip("\"'") for name, value in LINE.findall(front[1])}
            name = said.get("license", "")
            return Licence(said.get("license_name", name) if name == "other" else name, said.get("license_link", ""))
    return Licence()


def readme_of(model: Path) -> Path:
    """README.md in a folder; NAME.md beside a file."""
    return model / "README.md" if model.is_dir() else model.with_suffix(".md")


def licence_files(model: Path) -> list[Path]:
    """Those that may say so, beside the weights."""
    return [readme_of(model), *([model.with_suffix(".json")] if model.is_file() else [])]
