"""Saving a picture of 1024 x 1024: plain, with the source type in XMP as always, and signed; in each format."""

import io
import tempfile
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from benchmarks.table import Row, interleaved, ratio, timed
from engine.metadata.write import encode, user_comment
from engine.provenance.sign import Signer
from engine.request.parts import FileFormat

TEXT = "a red house by a lake, mountains\nSteps: 20, Sampler: DPM++ 2M, CFG scale: 7, Seed: 1, Size: 1024x1024"
FORMATS: tuple[FileFormat, ...] = ("PNG", "JPEG", "WebP")


def picture() -> Image.Image:
    """Smooth with some grain, as drawn ones are."""
    grain = Image.effect_noise((1024, 1024), 12)
    shade = Image.linear_gradient("L").resize((1024, 1024))
    return Image.merge("RGB", [Image.blend(shade.rotate(90 * turn), grain, 0.2) for turn in range(3)])


def plain(made: Image.Image, kind: FileFormat) -> bytes:
    """As `encode`, without XMP."""
    file, note = io.BytesIO(), PngInfo()
    note.add_text("parameters", TEXT)
    how = {
        "PNG": {"pnginfo": note, "compress_level": 4},
        "JPEG": {"quality": 90, "subsampling": 0, "exif": user_comment(TEXT)},
        "WebP": {"quality": 90, "exif": user_comment(TEXT)},
    }[kind]
    made.save(file, kind, **how)
    return file.getvalue()


def measure(runs: int) -> list[Row]:
    rows, made = [], picture()
    with tempfile.TemporaryDirectory() as folder:
        signer = Signer(Path(folder) / "keys")
        for kind in FORMATS:
            marked = encode(made, TEXT, kind, source="trainedAlgorithmicMedia")

            def labelled(kind: FileFormat = kind) -> bytes:
                return encode(made, TEXT, kind, source="trainedAlgorithmicMedia")

            taken = interleaved(
                {
                    "plain": lambda kind=kind: plain(made, kind),
                    "marked": labelled,
                    "signed": lambda kind=kind: signer.sign(labelled(kind), "trainedAlgorithmicMedia"),
                    "signature": lambda file=marked: signer.sign(file, "trainedAlgorithmicMedia"),
                },
                runs * 3,
            )
            rows += [
                timed(f"{kind}, plain", [1000 * value for value in taken["plain"]], "ms"),
                timed(f"{kind}, the signature alone", [1000 * value for value in taken["signature"]], "ms"),
                ratio(f"{kind}, with XMP / plain", taken["marked"], taken["plain"]),
                ratio(f"{kind}, signed / plain", taken["signed"], taken["plain"]),
                timed(f"{kind}, bytes of XMP", [len(marked) - len(plain(made, kind))], "bytes"),
                timed(
                    f"{kind}, bytes of the signature",
                    [len(signer.sign(marked, "trainedAlgorithmicMedia")) - len(marked)],
                    "bytes",
                ),
            ]
    return rows
