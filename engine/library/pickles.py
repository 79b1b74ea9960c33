"""Weights in PyTorch's own format, looked at without opening them: no program is run, no tensor is read.

What is inside is read later, by a worker, with `weights_only`: engine/library/load_upscaler.py.
"""

import zipfile
from pathlib import Path

from engine.errors import ModelDamaged
from engine.library.header import AGAIN, open_model, refuse_strangers

ZIP = b"PK\x03\x04"
FORMER = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # PyTorch's magic number, before version 1.6
MOST_MEMBERS = 20_000


def check_pickle(path: Path) -> None:
    """Raise ModelDamaged for what is no file of weights, is cut off, or would unpack to more than it is."""
    with open_model(path) as file:
        start, size = file.read(1024), path.stat().st_size
        if start.startswith(FORMER):
            return
        if not start.startswith(ZIP):
            refuse_strangers(start, size, path.name)
            raise strange(path.name)
        try:
            members = zipfile.ZipFile(file).infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            raise ModelDamaged("model.truncated", f"{path.name} is cut off.", AGAIN, file=path.name) from None
    if not any(member.filename.endswith("/data.pkl") for member in members) or len(members) > MOST_MEMBERS:
        raise strange(path.name)
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise ModelDamaged(
            "model.packed",
            f"{path.name} is packed: it might unpack to any size, which no file of weights needs.",
            "Use another version of it.",
            file=path.name,
        )
    if sum(member.file_size for member in members) > size:
        raise ModelDamaged("model.layout", f"{path.name} claims to hold more than it does.", AGAIN, file=path.name)


def strange(name: str) -> ModelDamaged:
    return ModelDamaged("model.not_weights", f"{name} is not a file of weights.", AGAIN, file=name)
