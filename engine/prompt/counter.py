"""A model's tokens without its text encoder: the server counts what the worker will read, token for token."""

import threading
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from engine.errors import AtelierError, ModelDamaged
from engine.library.families.table import FAMILIES
from engine.library.folder import read_config
from engine.library.model import ModelFile
from engine.prompt.understand import Counting

START, END = "<|startoftext|>", "<|endoftext|>"
WORDS = r"""<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""
POSITIONS = 77  # of CLIP, where a model does not say


class Counter:
    """Tokenizers are kept by folder and read again when their files change."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Path, tuple[float, Tokenizer]] = {}

    def of(self, model: ModelFile | None) -> Counting:
        """None stands for CLIP's own vocabulary. Raises ModelDamaged when the tokenizer cannot be read."""
        folder, positions = place(model)
        tokenizer = self._tokenizer(folder)
        return Counting(
            ids_of=lambda text: tokenizer.encode(text, add_special_tokens=False).ids,
            room=positions - 2,
            comma=tokenizer.token_to_id(",</w>"),
        )

    def _tokenizer(self, folder: Path) -> Tokenizer:
        file = next((folder / name for name in ("tokenizer.json", "vocab.json") if (folder / name).is_file()), None)
        if file is None:
            raise unreadable()
        changed = file.stat().st_mtime
        with self._lock:
            known = self._known.get(folder)
            if known is None or known[0] != changed:
                try:
                    made = built(folder) if file.name == "vocab.json" else Tokenizer.from_file(str(file))
                except Exception as error:  # the library raises plain Exception
                    raise unreadable() from error
                made.no_padding()
                made.no_truncation()
                known = self._known[folder] = (changed, made)
            return known[1]


def place(model: ModelFile | None) -> tuple[Path, int]:
    """The tokenizer's folder and the text encoder's positions."""
    if model is None or model.layout == "file":
        family = FAMILIES.get((model.family if model else None) or "sd1", FAMILIES["sd1"])
        return family.tokenizer, POSITIONS
    positions = POSITIONS
    for file, key in (
        ("text_encoder/config.json", "max_position_embeddings"),
        ("tokenizer/tokenizer_config.json", "model_max_length"),
    ):
        try:
            said = read_config(model.path / file).get(key)
        except AtelierError:
            continue
        if isinstance(said, int) and said > 2:
            positions = min(positions, said)
    return model.path / "tokenizer", positions


def built(folder: Path) -> Tokenizer:
    """CLIP's tokenizer from its vocabulary and merges."""
    model = models.BPE.from_file(
        str(folder / "vocab.json"), str(folder / "merges.txt"), unk_token=END, end_of_word_suffix="</w>"
    )
    made = Tokenizer(model)
    made.normalizer = normalizers.Sequence(  # pyright: ignore[reportAttributeAccessIssue]
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    made.pre_tokenizer = pre_tokenizers.Sequence(  # pyright: ignore[reportAttributeAccessIssue]
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    made.add_special_tokens([START, END])
    return made


def unreadable() -> ModelDamaged:
    return ModelDamaged(
        "model.tokenizer", "The tokenizer of this model cannot be read.", "Download the whole folder again."
    )
