"""LOG-10: term and index in every record, the alternative to the meta record; and what a real log takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from redoraft.disk.memory import MemoryDisk
from redoraft.redo.files import Layout
from redoraft.redo.log import RedoLog
from redoraft.redo.lsn import sn_of
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.per_record import amplification, bytes_of, bytes_written, encode_mtr_with_term, sample
from redoraft.redo.record import META_SIZE, Dummy, PageWrite, Record
from redoraft.types import LogIndex, Term

from .kit import WatchedDisk, WatchedFile, mtr_of_size

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("redo-format.md", "storage.md")
COMPARED = {
    "1 row, an entry by itself": (1, 1.0),
    "1 row, 10 transactions an entry": (1, 0.1),
    "10 rows": (10, 1.0),
    "1000 rows, entries of 64 kB": (1000, 1000 * 200 / 65536),
}
AMPLIFIED = {
    "1 row, written by itself": (1, 1),
    "1 row, 10 commits a write": (1, 10),
    "10 rows, written by itself": (10, 1),
    "10 rows, 10 commits a write": (10, 10),
}


class CountingFile(WatchedFile):
    """Counts the bytes that are written to it."""

    written = 0

    def write(self, offset: int, data: bytes) -> None:
        self.written += len(data)
        super().write(offset, data)


class CountingDisk(WatchedDisk):
    """Its files count."""

    def __init__(self) -> None:
        super().__init__(MemoryDisk())
        self.files: list[CountingFile] = []

    def open(self, name: str) -> CountingFile:
        self.files.append(CountingFile(self.disk.open(name), self))
        return self.files[-1]

    @property
    def written(self) -> int:
        return sum(file.written for file in self.files)


def test_a_record_takes_16_bytes_more() -> None:
    """LOG-10: against 33 bytes an entry; and the stock bytes come back without them."""
    mtr: list[Record] = [PageWrite(1, 2, 3, b"abc"), Dummy()]
    with_term = encode_mtr_with_term(mtr, Term(1), LogIndex(2))
    assert with_term[1:17].hex() == "0000000000000001" + "0000000000000002"
    stock = encode_mtr(mtr)
    assert with_term[:1] + with_term[17:27] + with_term[43:] == stock
    assert len(with_term) == len(stock) + 2 * 16
    assert encode_mtr_with_term([Dummy()], Term(1), LogIndex(2))[:1].hex() == "a0"
    found = bytes_of([mtr, [Dummy()]])
    assert (found.stock, found.with_meta, found.with_term_in_records) == (13, 46, 13 + 3 * 16)


@pytest.mark.parametrize("rows", [1, 3, 100])
def test_only_an_entry_of_one_or_two_records_is_better_off_with_it(rows: int) -> None:
    """LOG-10 is rejected for what it costs: 16 bytes for each of the records, to 33 for all of them."""
    found = bytes_of(sample(rows))
    assert found.with_meta - found.stock == META_SIZE
    assert found.with_term_in_records - found.stock == 16 * sum(map(len, sample(rows)))
    short = bytes_of([[Dummy()]])
    assert short.with_term_in_records < short.with_meta


@pytest.mark.parametrize(("rows", "together"), AMPLIFIED.values())
def test_the_bytes_of_a_real_log_are_those_counted(rows: int, together: int) -> None:
    """LOG-10's table says of the meta record what `RedoLog` writes."""
    disk = CountingDisk()
    log = RedoLog.open(disk, layout=Layout(file_size=1 << 20))
    before, ends = disk.written, []
    for _ in range(60 // together):
        for records in sample(rows) * together:
            log.append_mtr(encode_mtr(records))
        log.fsync(log.close_entry(Term(1)))
        ends.append(sn_of(log.last_lsn) - sn_of(log.start_lsn))
    assert disk.written - before == bytes_written(ends)
    stock = bytes_of(sample(rows)).stock * 60
    assert amplification(sample(rows), together, 60)[1] == bytes_written(ends) / stock


@pytest.mark.parametrize("end", [495, 496, 497, 991, 992])
def test_what_ends_at_the_border_of_a_block_writes_no_other(end: int) -> None:
    """LOG-10's table again: a block is written when there is a byte in it."""
    disk = CountingDisk()
    log = RedoLog.open(disk)
    before = disk.written
    for _ in range(2):
        log.append_mtr(mtr_of_size(end - META_SIZE))
        log.fsync(log.close_entry(Term(1)))
    assert disk.written - before == bytes_written([end, 2 * end])


def rows_of(page: str, name: str) -> list[list[str]]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return [row.split() for row in re.findall(rf"^ *{re.escape(name)}  +(.*)$", text, re.MULTILINE)]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", COMPARED)
def test_the_bytes_in_the_docs_are_these(name: str, page: str) -> None:
    """LOG-10, as measured."""
    rows, entries = COMPARED[name]
    found = bytes_of(sample(rows), entries)
    counts = (found.stock, found.with_meta, found.with_term_in_records)
    more = [f"{100 * (count / found.stock - 1):.1f}" for count in counts[1:]]
    assert rows_of(page, name) == [[*map(str, counts), *more]]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", AMPLIFIED)
def test_the_write_amplification_in_the_docs_is_this(name: str, page: str) -> None:
    """LOG-10, as measured."""
    assert rows_of(page, name) == [
        [f"{factor:.2f}" for factor in amplification(sample(AMPLIFIED[name][0]), AMPLIFIED[name][1])]
    ]
