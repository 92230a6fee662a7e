"""SANY's answers for our own specifications, packed into one file beside them, so that no Java is needed.

An answer is found by the hash of the modules that it was made from: a changed specification finds none and
asks SANY (`redoraft_check.packing` makes the file anew).  The answers have most of their text in common, so
that they take little room together.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
import zstandard

FILE: Final = "sany.zst"


def packed(folder: Path) -> dict[str, bytes]:
    """The answers packed in a folder, by key; none when there are none or the file cannot be read."""
    try:
        content = (folder / FILE).read_bytes()
        return msgspec.msgpack.decode(zstandard.decompress(content), type=dict[str, bytes])
    except (OSError, zstandard.ZstdError, msgspec.DecodeError):
        return {}


def pack(folder: Path, answers: Mapping[str, bytes]) -> int:
    """Write the file, and give its size in bytes."""
    content = msgspec.msgpack.encode(dict(sorted(answers.items())))
    made = zstandard.ZstdCompressionParameters.from_level(19, window_log=26, enable_ldm=True)
    small = zstandard.ZstdCompressor(compression_params=made).compress(content)
    return (folder / FILE).write_bytes(small)
