"""A zip's own directory, judged before the library reads it: it may claim millions of files and fill the memory."""

import os
import struct
from typing import IO

from engine.errors import BadRequest

MOST_ENTRIES = 50_000
LARGEST_DIRECTORY = 32 * 1024**2
LARGEST_ZIP = 4 * 1024**3 - 1
END, END64, LOCATOR64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
TAIL = 22 + 65535 + 20


def checked_directory(archive: IO[bytes]) -> None:
    """Raises BadRequest for what is no zip or too large; leaves the archive at its beginning."""
    size = archive.seek(0, os.SEEK_END)
    start = archive.seek(max(0, size - TAIL))
    tail = archive.read()
    if size > LARGEST_ZIP:
        raise BadRequest("upload.large", "The zip is larger than 4 GB.", "Divide it into several.")
    claims = [struct.unpack("<HL", tail[at + 10 : at + 16]) for at in places(tail, END) if at + 22 <= len(tail)]
    if not claims:
        raise BadRequest("upload.zip", "This is not a zip, or its end is missing.", "Pack or upload it again.")
    larger: list[tuple[int, int]] = []
    for at in places(tail, LOCATOR64):
        if at + 20 <= len(tail):
            larger += claims64(archive, struct.unpack("<Q", tail[at + 8 : at + 16])[0], start + at)
    if larger:  # then the other record may be full of ones
        claims = [claim for claim in claims if claim[0] != 0xFFFF and claim[1] != 0xFFFFFFFF] + larger
    archive.seek(0)
    for entries, directory in claims:
        if entries > MOST_ENTRIES or directory > LARGEST_DIRECTORY:
            raise BadRequest(
                "upload.many", f"The zip holds more than {MOST_ENTRIES:,} files.", "Divide it into several."
            )


def claims64(archive: IO[bytes], offset: int, locator: int) -> list[tuple[int, int]]:
    """What the records for large zips say; the library looks for them before the locator, whatever that says."""
    claims: list[tuple[int, int]] = []
    for place in {offset, locator - 56}:
        if 0 <= place <= locator:
            archive.seek(place)
            record = archive.read(56)
            if record.startswith(END64) and len(record) == 56:
                claims.append(struct.unpack("<QQ", record[32:48]))
    return claims


def places(tail: bytes, mark: bytes) -> list[int]:
    """Wherever it stands: a comment may hold a second one."""
    found = [tail.find(mark)]
    while found[-1] >= 0:
        found.append(tail.find(mark, found[-1] + 1))
    return found[:-1]
