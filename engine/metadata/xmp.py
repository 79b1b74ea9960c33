"""IPTC's digital source type, the one line of XMP by which a file says that a model has drawn it."""

import io
import re
from contextlib import suppress
from typing import Literal, get_args

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine.picture.open import FORMATS
from engine.picture.texts import LONGEST_TEXT, Texts

# https://cv.iptc.org/newscodes/digitalsourcetype/
SourceType = Literal["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "algorithmicallyEnhanced"]
BY_A_MODEL = frozenset(get_args(SourceType)[:2])
VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
KEYWORD = "XML:com.adobe.xmp"  # of the iTXt chunk that holds XMP in a PNG
PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    ' Iptc4xmpExt:DigitalSourceType="{code}"/>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
# As an attribute, as an element, or as a resource: XMP has three ways. No XML parser sees what strangers wrote, so
# entities, nesting and DTDs have nobody to harm.
TOLD = re.compile(
    r"DigitalSourceType"
    r"(?:\s{0,9}=\s{0,9}[\"']|\s{1,9}rdf:resource\s{0,9}=\s{0,9}[\"']|\s{0,9}>\s{0,99})"
    r"https?://cv\.iptc\.org/newscodes/digitalsourcetype/([A-Za-z]{1,60})\b"
)


def packet(source: SourceType) -> bytes:
    return PACKET.format(code=VOCABULARY + source).encode()


def in_png(source: SourceType, note: PngInfo | None = None) -> PngInfo:
    """The texts of a PNG with the source type among them."""
    note = note or PngInfo()
    note.add_itxt(KEYWORD, packet(source).decode())
    return note


def source_in(data: bytes, texts: Texts) -> str:
    """The name of the source type that a file tells, "" where it tells none. texts: `texts_of` the same bytes."""
    found = TOLD.search(xmp_in(data, texts))
    return found[1] if found else ""


def known(told: str) -> SourceType | None:
    """Those that are written here."""
    return next((source for source in get_args(SourceType) if source == told), None)


def xmp_in(data: bytes, texts: Texts) -> str:
    """ "" where there is none, or more than is read."""
    if KEYWORD in texts.found:
        return texts.found[KEYWORD]
    with suppress(Exception):  # Pillow fails on hostile bytes in every way there is
        picture = Image.open(io.BytesIO(data), formats=[known for known in FORMATS if known != "PNG"])
        told = picture.info.get("xmp")
        if isinstance(told, bytes) and len(told) <= LONGEST_TEXT:
            return told.decode("utf-8", "replace")
    return ""
