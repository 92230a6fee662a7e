"""docs/redo-format.md shows a real log: its dump and its table of positions are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

from redoraft.disk.memory import MemoryDisk
from redoraft.redo.log import RedoLog
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import Dummy, PageWrite
from redoraft.types import Term

from .kit import file_bytes, new_log

PAGE = (Path(__file__).parents[2] / "docs" / "redo-format.md").read_text(encoding="utf-8")


def small_log(disk: MemoryDisk) -> RedoLog:
    log = new_log(disk)
    log.close_entry(Term(1))
    log.append_mtr(encode_mtr([PageWrite(5, 300, 38, b"hello")]))
    log.append_mtr(encode_mtr([PageWrite(0xFFFFFFFE, 4, 100, bytes(range(16))), Dummy()]))
    log.append_mtr(encode_mtr([PageWrite(5, 301, 8000, b"*" * 400)]))
    log.fsync(log.close_entry(Term(1)))
    return log


def bytes_of_dump() -> bytes:
    """What the dump shows; a line of one star repeats the line before up to the next."""
    content = bytearray()
    (dump,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    for line in dump.splitlines():
        if line == "*":
            continue
        at = int(line[:8], 16)
        while len(content) < at:
            content += content[-16:]
        content += bytes.fromhex(line[8:58])
    return bytes(content)


def test_the_dump_is_that_of_a_real_run() -> None:
    disk = MemoryDisk()
    small_log(disk)
    assert bytes_of_dump() == file_bytes(disk)


def test_the_positions_are_those_of_a_real_run() -> None:
    rows = re.findall(r"^\| `(0x[0-9a-f]+)` \| (\d+) \|", PAGE, re.MULTILINE)
    log = small_log(MemoryDisk())
    assert [int(lsn) for _, lsn in rows] == [log.start_lsn, *log.mtr_ends(log.start_lsn, log.last_lsn)]
    assert [int(byte, 16) for byte, _ in rows] == [int(lsn) - 6144 for _, lsn in rows]
