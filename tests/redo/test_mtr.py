"""Records and mtrs: what goes in comes out, in any pieces; everything else is refused with its place."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redoraft.errors import CorruptRedo, LogMisuse
from redoraft.redo.file_record import FileCreate, FileDelete, FileExtend, FileRename
from redoraft.redo.mtr import MtrEnd, MtrParser, decode_mtr, encode_mtr
from redoraft.redo.record import Dummy, Meta, PageWrite, Record, encode_meta
from redoraft.types import LogIndex, Lsn, Term

from .kit import mtr_of_size, mtrs, record_runs

META = encode_meta(Meta(Term(3), LogIndex(4), Lsn(8204), 5))
U64 = st.integers(0, 2**64 - 1)


@given(record_runs())
def test_an_mtr_comes_back_whole(records: list[Record]) -> None:
    assert decode_mtr(encode_mtr(records)) == tuple(records)


@given(U64, U64, U64, U64)
def test_a_meta_record_comes_back_whole(term: int, index: int, start: int, size: int) -> None:
    meta = Meta(Term(term), LogIndex(index), Lsn(start), size)
    assert len(encode_meta(meta)) == 33
    assert decode_mtr(encode_meta(meta)) == meta


def test_the_bytes_are_those_of_the_documented_layout() -> None:
    one = encode_mtr([PageWrite(5, 300, 0x0102, b"ab")])
    assert one.hex() == "9e" + "05" + "812c" + "0102" + "0002" + "6162"
    two = encode_mtr([Dummy(), PageWrite(0, 0, 0, b"")])
    assert two.hex() == "20" + "1e" + "00" + "00" + "0000" + "0000" + "1f"
    assert encode_mtr([FileCreate(5, "a/b", 0x4021)]).hex() == "a1" + "0500" + "00004021" + "0004612f6200"
    assert encode_mtr([FileRename(5, "a", "b")]).hex() == "a2" + "0500" + "00026100" + "00026200"
    assert encode_mtr([FileDelete(300, "a")]).hex() == "a3" + "812c00" + "00026100"
    assert encode_mtr([FileExtend(5, 16, 32)]).hex() == "c1" + "0500" + "00" * 7 + "10" + "00" * 7 + "20"
    assert META.hex() == "f8" + "00" * 7 + "03" + "00" * 7 + "04" + "00" * 6 + "200c" + "00" * 7 + "05"


@given(st.lists(mtrs() | st.just(META), max_size=8), st.data())
def test_any_pieces_give_the_same_ends(stream: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(stream)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=10)))
    parser = MtrParser(1000)
    found: list[MtrEnd] = []
    for low, high in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        found += parser.feed(whole[low:high])
        consumed = found[-1].end if found else 1000
        assert parser.unfinished == 1000 + high - consumed
    assert [mtr.end for mtr in found] == list(accumulate(map(len, stream), initial=1000))[1:]
    assert [mtr.meta is not None for mtr in found] == [piece == META for piece in stream]


@given(st.lists(mtrs(), min_size=1, max_size=4), st.data())
def test_a_stream_cut_inside_an_mtr_has_only_the_mtrs_before(
    stream: list[bytes], data: st.DataObject
) -> None:
    last = data.draw(st.integers(0, len(stream[-1]) - 1))
    before = b"".join(stream[:-1])
    parser = MtrParser()
    ends = [mtr.end for mtr in parser.feed(before + stream[-1][:last])]
    assert ends == list(accumulate(map(len, stream[:-1])))
    assert parser.unfinished == last


@pytest.mark.parametrize(
    ("stream", "offset", "what"),
    [
        ("a0" + "00", 1, "type byte 0x00"),
        ("a0" + "9f", 1, "type byte 0x9f"),
        ("78" + "00" * 32, 0, "type byte 0x78"),
        ("1f", 0, "has 0 records"),
        ("a0" + "20" + "1f", 2, "has 1 records"),
        ("20" + "a0", 1, "inside a group of 1"),
        ("20" + "20" + META.hex(), 2, "inside a group of 2"),
        ("9e" + "ff", 1, "starts no compressed integer"),
        ("9e" + "00" + "8001", 2, "shortest form"),
        ("9e" + "00" + "00" + "4000" + "0001" + "61", 0, "leaves the page"),
        ("9e" + "00" + "00" + "0000" + "4001", 0, "leaves the page"),
        ("a3" + "05" + "01" + "00026100", 0, "on page 1, not 0"),
        ("a3" + "05" + "00" + "0001" + "00", 3, "name of 1 bytes"),
        ("a3" + "05" + "00" + "0001", 3, "name of 1 bytes"),
        ("a3" + "05" + "00" + "0202" + "61" * 514, 3, "name of 514 bytes"),
        ("a3" + "05" + "00" + "0003" + "610061", 3, "^a file's name that a zero does not end"),
        ("a3" + "05" + "00" + "0004" + "61006100", 3, "a zero does not end"),
        ("a2" + "05" + "00" + "00026100" + "0002ff00", 7, "^a file's name that is not UTF-8"),
        ("c1" + "05" + "00" + "7f" + "ff" * 7 + "00" * 7 + "01", 3, f"a file of {2**63} bytes"),
    ],
)
def test_what_is_no_mtr_is_refused_with_its_place(stream: str, offset: int, what: str) -> None:
    parser = MtrParser(100)
    with pytest.raises(CorruptRedo, match=what) as caught:
        list(parser.feed(bytes.fromhex(stream)))
    assert caught.value.offset == 100 + offset
    assert caught.value.remedy.startswith("the log ends before ")


def test_the_mtrs_before_a_malformed_record_are_found() -> None:
    parser = MtrParser()
    found: list[MtrEnd] = []
    with pytest.raises(CorruptRedo):
        found.extend(parser.feed(mtr_of_size(9) + META + b"\x00"))
    assert [mtr.end for mtr in found] == [9, 42]


@given(st.binary(max_size=200))
def test_any_bytes_are_mtrs_or_refused(data: bytes) -> None:
    parser = MtrParser()
    found: list[MtrEnd] = []
    try:
        found.extend(parser.feed(data))
    except CorruptRedo as wrong:
        assert 0 <= wrong.offset < len(data)
    start = 0
    for mtr in found:
        decoded = decode_mtr(data[start : mtr.end])
        again = encode_meta(decoded) if isinstance(decoded, Meta) else encode_mtr(decoded)
        assert again == data[start : mtr.end], "an mtr has one form only"
        start = mtr.end


@pytest.mark.parametrize(
    ("data", "whole", "more", "offset"),
    [
        (b"", 0, 0, 0),
        (mtr_of_size(9)[:-1], 0, 8, 0),
        (mtr_of_size(9) * 2, 2, 0, 9),
        (mtr_of_size(9) + b"\x20", 1, 1, 9),
    ],
)
def test_decode_mtr_wants_exactly_one(data: bytes, whole: int, more: int, offset: int) -> None:
    what = f"{len(data)} bytes hold {whole} whole mtrs and {more} bytes more, not one mtr"
    with pytest.raises(CorruptRedo, match=f"^{what}, at byte {offset}: cut the run of records") as caught:
        decode_mtr(data)
    assert caught.value.offset == offset


def test_an_mtr_has_a_record() -> None:
    with pytest.raises(LogMisuse, match=r"^an mtr without records .* give it at least one"):
        encode_mtr([])


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ([PageWrite(-1, 0, 0, b"")], "-1 does not fit 32 bits"),
        ([PageWrite(0, 2**32, 0, b"")], "4294967296 does not fit 32 bits"),
        ([PageWrite(0, 0, -1, b"")], "0 bytes at offset -1 leave the page"),
        ([PageWrite(0, 0, 16384, b"a")], "1 bytes at offset 16384 leave the page"),
        ([PageWrite(0, 0, 0, bytes(16385))], "16385 bytes at offset 0 leave the page"),
        ([FileCreate(5, "a", -1)], "flags -1 do not fit"),
        ([FileCreate(5, "a", 2**32)], "flags 4294967296 do not fit"),
        ([FileDelete(5, "")], "1 to 512 bytes and no zero, not 0"),
        ([FileDelete(5, "a\0b")], "1 to 512 bytes and no zero, not 3"),
        ([FileDelete(5, "\ud800")], "is no text"),
        ([FileRename(5, "a", "b" * 513)], "1 to 512 bytes and no zero, not 513"),
        ([FileExtend(5, 2**62, 2**62)], f"cannot have {2**62} bytes from byte {2**62} on"),
        ([FileExtend(5, -1, 1)], "cannot have 1 bytes from byte -1 on"),
    ],
)
def test_what_does_not_fit_is_not_encoded(records: list[Record], why: str) -> None:
    with pytest.raises(LogMisuse, match=why):
        encode_mtr(records)


def test_the_largest_write_fits() -> None:
    records: tuple[Record, ...] = (PageWrite(0, 0, 0, bytes(16384)), PageWrite(0, 0, 16384, b""))
    assert decode_mtr(encode_mtr(records)) == records


def test_the_longest_name_fits() -> None:
    records = (FileRename(5, "a" * 511, "b" * 512),)
    assert decode_mtr(encode_mtr(records)) == records


@pytest.mark.parametrize("bad", [-1, 2**64])
def test_a_meta_record_holds_64_bits(bad: int) -> None:
    with pytest.raises(LogMisuse, match="64 bits"):
        encode_meta(Meta(Term(bad), LogIndex(1), Lsn(8204), 0))
