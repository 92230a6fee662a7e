"""A log that no crash has left: one line with file and offset, and nothing on the disk has changed."""

from __future__ import annotations

from collections.abc import Callable
from struct import pack_into

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redoraft.disk.memory import MemoryDisk
from redoraft.errors import CorruptRedo, LogMisuse
from redoraft.redo.block import seal
from redoraft.redo.entry import Entry
from redoraft.redo.files import Layout, require_log
from redoraft.redo.header import CHECKPOINTS, Header, Note, header_block, note_block
from redoraft.redo.log import RedoLog
from redoraft.redo.lsn import START_SN, block_of, lsn_of, sn_of
from redoraft.redo.record import META_SIZE, Meta
from redoraft.redo.scan import entry_of
from redoraft.types import LogIndex, Lsn, Term

from .every_crash import picture
from .kit import contents, mtr_of_size, naive_lsn

SIZE = 2048 + 3 * 512
LAYOUT = Layout(file_size=SIZE, log_uuid=7)


def four_files() -> MemoryDisk:
    """The files of a log of which the first two are deleted, with several checkpoints."""
    disk = MemoryDisk()
    log = RedoLog.open(disk, layout=LAYOUT)
    for at, size in enumerate([100, 463, 20, 1500, 300, 4, 700, 900, 1500]):
        log.append_mtr(mtr_of_size(size))
        log.append_mtr(mtr_of_size(size // 2 + 1))
        log.fsync(log.close_entry(Term(1 + at // 3)))
    for index in (3, 4, 5):
        log.checkpoint(log.entry(LogIndex(index)).end)
    assert log.delete([log.last_lsn]) == 2
    log.append_mtr(mtr_of_size(50))
    log.fsync(log.last_lsn)
    log.close()
    return disk


GOOD = four_files()
FIRST, *_, LAST = sorted(GOOD.names)
WHOLE = RedoLog.open(GOOD.copy(), layout=LAYOUT)


def put(name: str, at: int, data: bytes) -> Callable[[MemoryDisk], None]:
    def do(disk: MemoryDisk) -> None:
        disk.open(name).write(at, data)

    return do


def header(**fields: tuple[str, int, int | bytes]) -> bytes:
    """The header of the first file with fields changed (form, byte, value) and its checksum made right."""
    raw = bytearray(GOOD.open(FIRST).read(0, 508))
    for form, at, value in fields.values():
        pack_into(form, raw, at, value)
    return seal(bytes(raw))


def no_checkpoint(disk: MemoryDisk) -> None:
    for name in disk.names:
        for note in (Note.CHECKPOINT_1, Note.CHECKPOINT_2):
            disk.open(name).write(note, bytes(512))


def all_checkpoints_torn(disk: MemoryDisk) -> None:
    for name in disk.names:
        for note in (Note.CHECKPOINT_1, Note.CHECKPOINT_2):
            disk.open(name).write(note, b"?" * 256)


FAR = Lsn(512 * 512 + 12)


def only_a_checkpoint_elsewhere(disk: MemoryDisk) -> None:
    no_checkpoint(disk)
    disk.open("#ib_redo3").write(Note.CHECKPOINT_2, note_block(Note.CHECKPOINT_2, FAR))


def only_checkpoint(name: str, block: int) -> Callable[[MemoryDisk], None]:
    """At the start of a block that is in the file, or is the next one."""

    def do(disk: MemoryDisk) -> None:
        no_checkpoint(disk)
        note = note_block(Note.CHECKPOINT_1, Lsn(block * 512 + 12))
        disk.open(name).write(Note.CHECKPOINT_1, note)

    return do


def only_the_middle_of_an_mtr(disk: MemoryDisk) -> None:
    """The first block of the last file, and a checkpoint in it."""
    for name in disk.names[:-1]:
        disk.remove(name)
    last = disk.open(LAST)
    block = WHOLE._files.segments[-1].first_block
    last.write(Note.CHECKPOINT_1, note_block(Note.CHECKPOINT_1, Lsn(block * 512 + 20)))
    last.truncate(2048 + 512)


def changed(sn: int, byte: int) -> Callable[[MemoryDisk], None]:
    """One byte of data, with the checksum of its block made right."""
    segment = WHOLE._files.at(sn // 496)
    block = segment.offset(sn // 496)

    def do(disk: MemoryDisk) -> None:
        raw = bytearray(disk.open(segment.name).read(block, 508))
        raw[12 + sn % 496] = byte
        disk.open(segment.name).write(block, seal(bytes(raw)))

    return do


def place(sn: int) -> int:
    """The byte of its file at which an SN stands."""
    return WHOLE._files.place(sn // 496)[1] + 12 + sn % 496


BASE_META = sn_of(WHOLE.first_lsn) - META_SIZE
"""The meta record that says which entry the log follows."""
INSIDE = next(
    sn_of(end)
    for end in WHOLE.mtr_ends(WHOLE.first_lsn, WHOLE.last_lsn)
    if WHOLE._files.place(block_of(end))[0] == "#ib_redo3" and WHOLE._files.place(block_of(end))[1] > 2560
)
"""Where an mtr starts, not in the first block of its file."""
BEGINS = WHOLE._files.segments[-1].first_block * 496
IN_LAST = next(sn_of(end) for end in WHOLE.mtr_ends(WHOLE.first_lsn, WHOLE.last_lsn) if sn_of(end) >= BEGINS)
"""Where the first mtr in the last file starts."""


def only_a_bad_record(disk: MemoryDisk) -> None:
    """The last file, and no record where its first mtr starts."""
    for name in disk.names[:-1]:
        disk.remove(name)
    disk.open(LAST).write(Note.CHECKPOINT_1, note_block(Note.CHECKPOINT_1, lsn_of(IN_LAST)))
    changed(IN_LAST, 0)(disk)


def half_a_mark(disk: MemoryDisk) -> None:
    put(LAST, Note.CUT, b"RAFT")(disk)
    disk.open(LAST).truncate(Note.CUT + 4)


def two_marks(disk: MemoryDisk) -> None:
    """Each could be true by itself."""
    for segment in WHOLE._files.segments[:2]:
        mark = note_block(Note.CUT, Lsn(segment.first_block * 512 + 12))
        disk.open(segment.name).write(Note.CUT, mark)


def missing_before_a_mark(disk: MemoryDisk) -> None:
    """What is behind the mark goes at this start; what is before it has to be there."""
    disk.remove("#ib_redo3")
    start = WHOLE._files.segments[2].first_block
    disk.open("#ib_redo4").write(Note.CUT, note_block(Note.CUT, Lsn(start * 512 + 12)))


def two_files_of_one_place(disk: MemoryDisk) -> None:
    start = WHOLE._files.at(INSIDE // 496).first_block
    disk.open("#ib_redo4").write(0, header_block(Header(7, start)))


END = WHOLE._files.place(block_of(WHOLE.last_lsn))
"""The file and the block where the scan ends."""

DAMAGE: list[tuple[str, Callable[[MemoryDisk], None], str, int, str]] = [
    ("unreadable", put(FIRST, 0, b"?" * 512), FIRST, 0, "header of the log file cannot be read"),
    ("blank", put(FIRST, 0, bytes(512)), FIRST, 0, "header of the log file cannot be read"),
    ("InnoDB's", put(FIRST, 0, header(format=(">I", 0, 6))), FIRST, 0, "InnoDB's own, of format 6"),
    ("newer", put(FIRST, 0, header(format=(">I", 0, 0x52520002))), FIRST, 0, "use the version that wrote"),
    ("other creator", put(FIRST, 0, header(name=("32s", 16, b"MySQL"))), FIRST, 16, "creator is b'MySQL'"),
    ("unknown flags", put(FIRST, 0, header(flags=(">I", 48, 1))), FIRST, 48, "flags 0x1"),
    ("another log's", put(FIRST, 0, header(uuid=(">I", 4, 8))), FIRST, 4, "of log 0x00000008"),
    ("starts nowhere", put(FIRST, 0, header(start=(">Q", 8, 8193))), FIRST, 8, "no file starts at LSN 8193"),
    (
        "missing",
        lambda disk: disk.remove("#ib_redo4"),
        "#ib_redo4",
        0,
        "^#ib_redo4 .* #ib_redo3 and #ib_redo5",
    ),
    (
        "missing before a mark",
        missing_before_a_mark,
        "#ib_redo3",
        0,
        "^#ib_redo3 is missing between #ib_redo2",
    ),
    (
        "cut short",
        lambda disk: disk.open(FIRST).truncate(3000),
        FIRST,
        3000,
        f"does not reach to LSN {WHOLE._files.segments[1].first_block * 512}, where #ib_redo3 starts",
    ),
    ("no first block", put("#ib_redo3", 2048, bytes(512)), "#ib_redo3", 2048, "first block of the file"),
    ("damage inside", put("#ib_redo3", 2600, b"?"), "#ib_redo3", 2560, "checksum is wrong"),
    ("no checkpoint", no_checkpoint, FIRST, 512, "no checkpoint can be read"),
    ("both torn", all_checkpoints_torn, LAST, 1536, "no checkpoint can be read"),
    ("checkpoint elsewhere", only_a_checkpoint_elsewhere, "#ib_redo3", 1536, "no checkpoint can be read"),
    (
        "checkpoint below the log",
        only_checkpoint(FIRST, WHOLE._files.first_block),
        *END,
        f"from LSN {WHOLE.first_lsn} to .*, the checkpoint is {WHOLE._files.first_block * 512 + 12}",
    ),
    (
        "checkpoint beyond the log",
        only_checkpoint(LAST, WHOLE._files.end_block),
        *END,
        f"the log can be read from LSN .* the checkpoint is {WHOLE._files.end_block * 512 + 12}",
    ),
    ("no entry", only_the_middle_of_an_mtr, LAST, 2560, "no whole entry stands in what is left"),
    ("no record", changed(INSIDE, 0), "#ib_redo3", place(INSIDE), "there are files behind: .* 0x00"),
    (
        "follows nothing",
        changed(BASE_META + META_SIZE - 1, 255),
        WHOLE._files.place(BASE_META // 496)[0],
        place(BASE_META),
        "there are files behind: it is not behind the data it counts",
    ),
    ("no entry, no record", only_a_bad_record, LAST, place(IN_LAST), "no whole entry stands in what"),
    ("half a mark", half_a_mark, LAST, 1024, "the mark of a truncation cannot be read"),
    ("two marks", two_marks, "#ib_redo3", 1024, "cannot have been under way"),
    ("same start", two_files_of_one_place, "#ib_redo3", SIZE, "does not reach to LSN"),
    ("torn mark", put("#ib_redo3", Note.CUT, b"?"), "#ib_redo3", 1024, "mark of a truncation"),
    (
        "mark below the checkpoint",
        put(FIRST, Note.CUT, note_block(Note.CUT, WHOLE.first_lsn)),
        FIRST,
        1024,
        f"LSN {WHOLE.first_lsn} was under way, below the checkpoint {WHOLE.checkpoint_lsn}",
    ),
    (
        "mark elsewhere",
        put(FIRST, Note.CUT, note_block(Note.CUT, FAR)),
        FIRST,
        1024,
        "cannot have",
    ),
]


@pytest.mark.parametrize(("what", "damage", "file", "offset", "line"), DAMAGE, ids=[one[0] for one in DAMAGE])
def test_damage_is_told_and_nothing_changed(
    what: str, damage: Callable[[MemoryDisk], None], file: str, offset: int, line: str
) -> None:
    disk = GOOD.copy()
    damage(disk)
    before, pending = picture(disk), disk.pending
    with pytest.raises(CorruptRedo, match=line) as caught:
        RedoLog.open(disk, layout=LAYOUT)
    assert (caught.value.file, caught.value.offset) == (file, offset)
    assert f"{file}, byte {offset}: " in str(caught.value)
    assert caught.value.remedy.startswith(("restore the file", "this version reads format 0x52520001; use"))
    assert "\n" not in str(caught.value)
    assert (picture(disk), disk.pending) == (before, pending)


@pytest.mark.parametrize(
    ("meta", "is_one"),
    [
        (Meta(Term(1), LogIndex(1), Lsn(8204), 100), True),
        (Meta(Term(0), LogIndex(1), Lsn(8204), 100), False),
        (Meta(Term(1), LogIndex(0), Lsn(8204), 100), False),
        (Meta(Term(1), LogIndex(1), Lsn(8204), 99), False),
        (Meta(Term(1), LogIndex(1), Lsn(8192), 112), False),
    ],
)
def test_what_the_log_follows_has_to_know_its_place(meta: Meta, is_one: bool) -> None:
    """The first meta record in the oldest file left has nothing before it to be held against."""
    entry = entry_of(meta, START_SN + 100 + META_SIZE)
    assert entry == (Entry(Term(1), LogIndex(1), Lsn(8204), naive_lsn(133)) if is_one else None)


def test_one_torn_checkpoint_of_two_is_told_and_the_other_holds() -> None:
    disk = GOOD.copy()
    two = next(
        name
        for name in disk.names
        if all(any(disk.open(name).read(note, 512)) for note in (Note.CHECKPOINT_1, Note.CHECKPOINT_2))
    )
    newest = WHOLE.checkpoint_lsn
    for note in (Note.CHECKPOINT_1, Note.CHECKPOINT_2):
        torn = disk.copy()
        torn.open(two).write(note, b"?" * 256)
        log = RedoLog.open(torn, layout=LAYOUT)
        assert log.notices == (f"{two}, byte {int(note)}: a torn checkpoint; the other ones hold",)
        assert log.first_lsn <= log.checkpoint_lsn <= newest
        assert contents(log) == contents(WHOLE)


def test_a_checkpoint_elsewhere_is_told_and_the_other_holds() -> None:
    disk = GOOD.copy()
    disk.open(FIRST).write(Note.CHECKPOINT_1, note_block(Note.CHECKPOINT_1, FAR))
    log = RedoLog.open(disk, layout=LAYOUT)
    assert log.notices == (f"{FIRST}, byte 512: the checkpoint {FAR} is not in the file",)
    assert log.checkpoint_lsn == WHOLE.checkpoint_lsn


@pytest.mark.parametrize("note", CHECKPOINTS)
def test_one_checkpoint_is_enough_in_either_slot(note: Note) -> None:
    disk = GOOD.copy()
    no_checkpoint(disk)
    file = WHOLE._files.at(block_of(WHOLE.checkpoint_lsn)).name
    disk.open(file).write(note, note_block(note, WHOLE.checkpoint_lsn))
    log = RedoLog.open(disk, layout=LAYOUT)
    assert (log.checkpoint_lsn, log.notices) == (WHOLE.checkpoint_lsn, ())


def test_a_checkpoint_where_the_last_file_is_full() -> None:
    """It is in the block that the next file will begin with, and there is none yet."""
    disk = MemoryDisk()
    log = RedoLog.open(disk, layout=LAYOUT)
    for _ in range(LAYOUT.blocks):
        log.append_mtr(mtr_of_size(496 - META_SIZE))
        log.fsync(log.close_entry(Term(1)))
    log.checkpoint(log.last_lsn)
    found = RedoLog.open(disk, layout=LAYOUT)
    assert (len(disk.names), found.checkpoint_lsn, found.notices) == (1, log.last_lsn, ())


def test_a_mark_where_the_last_file_is_full() -> None:
    """The block of the cut is the one behind the last: nothing is beyond it, and the mark goes."""
    disk = MemoryDisk()
    log = RedoLog.open(disk, layout=LAYOUT)
    for _ in range(LAYOUT.blocks):
        log.append_mtr(mtr_of_size(496 - META_SIZE))
        log.fsync(log.close_entry(Term(1)))
    disk.open("#ib_redo0").write(Note.CUT, note_block(Note.CUT, log.last_lsn))
    found = RedoLog.open(disk, layout=LAYOUT)
    assert contents(found) == contents(log)
    assert not any(disk.open("#ib_redo0").read(Note.CUT, 512))


def test_a_log_of_another_number_is_not_taken() -> None:
    with pytest.raises(CorruptRedo, match="not of 0x00000000"):
        RedoLog.open(GOOD.copy())


def test_what_was_being_made_goes() -> None:
    disk = GOOD.copy()
    disk.create("#ib_redo6_tmp").write(0, b"half")
    disk.create("other").write(0, b"not ours")
    RedoLog.open(disk, layout=LAYOUT)
    assert set(disk.names) == {*GOOD.names, "other"}


@pytest.mark.parametrize(
    ("file_size", "log_uuid", "what"),
    [
        (2559, 0, "2559 bytes make no log file"),
        (2048, 0, "2048 bytes make no log file"),
        (4096, 2**32, f"{2**32} is no number"),
        (4096, -1, "-1 is no number"),
    ],
)
def test_a_layout_that_cannot_be(file_size: int, log_uuid: int, what: str) -> None:
    with pytest.raises(LogMisuse, match=f"^{what}"):
        Layout(file_size, log_uuid)


def test_what_is_behind_the_last_block_of_a_full_file_is_not_read() -> None:
    disk = GOOD.copy()
    disk.open(FIRST).write(SIZE, GOOD.open(FIRST).read(2048, 1024))
    assert contents(RedoLog.open(disk, layout=LAYOUT)) == contents(WHOLE)


def test_a_log_that_is_gone_is_told() -> None:
    require_log(GOOD, "not asked")
    disk = MemoryDisk()
    disk.create("#ib_redo0_tmp")
    with pytest.raises(
        CorruptRedo, match="the log is gone: pages are here, at #ib_redo0, byte 0: restore the file"
    ):
        require_log(disk, "pages are here")


def test_a_file_of_another_size_stays_as_it_is() -> None:
    disk = GOOD.copy()
    log = RedoLog.open(disk, layout=Layout(file_size=2560, log_uuid=7))
    for _ in range(3):
        log.append_mtr(mtr_of_size(900))
        log.fsync(log.close_entry(Term(9)))
    assert contents(RedoLog.open(disk, layout=LAYOUT)) == contents(log)


def judge(disk: MemoryDisk) -> None:
    """It opens on a prefix of what was there, or says where it cannot; and then nothing has changed."""
    before, names = picture(disk), disk.names
    had_mark = any(any(disk.open(name).read(Note.CUT, 512)) for name in names)
    try:
        log = RedoLog.open(disk, layout=LAYOUT)
    except CorruptRedo as wrong:
        assert wrong.file.startswith("#ib_redo")
        assert wrong.file in str(wrong)
        size = disk.open(wrong.file).size if wrong.file in names else 0
        assert 0 <= wrong.offset <= max(size, 2048)
        assert had_mark or picture(disk) == before
    else:
        assert contents(WHOLE).startswith(contents(log)) or log.first_lsn > WHOLE.first_lsn
        assert log.first_lsn <= log.checkpoint_lsn <= log.last_lsn <= WHOLE.last_lsn


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(GOOD.names), st.integers(0, SIZE - 1), st.binary(min_size=1, max_size=600)),
        min_size=1,
        max_size=3,
    )
)
def test_any_bytes_anywhere(changes: list[tuple[str, int, bytes]]) -> None:
    disk = GOOD.copy()
    for name, at, data in changes:
        disk.open(name).write(at, data)
    judge(disk)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            *[st.sampled_from(GOOD.names), st.integers(0, 6), st.sampled_from(GOOD.names), st.integers(0, 6)]
        ),
        min_size=1,
        max_size=4,
    ),
    st.dictionaries(st.sampled_from(GOOD.names), st.integers(0, SIZE), max_size=2),
)
def test_sectors_of_one_file_in_another(
    moves: list[tuple[str, int, str, int]], sizes: dict[str, int]
) -> None:
    disk = GOOD.copy()
    for source, low, target, high in moves:
        disk.open(target).write(high * 512, GOOD.open(source).read(low * 512, 512))
    for name, size in sizes.items():
        if size < disk.open(name).size:
            disk.open(name).truncate(size)
    judge(disk)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(GOOD.names), st.sampled_from(list(Note)), st.integers(0, 2**64 - 1))
def test_any_lsn_in_a_checkpoint_or_a_mark(name: str, note: Note, lsn: int) -> None:
    disk = GOOD.copy()
    disk.open(name).write(note, note_block(note, Lsn(lsn)))
    judge(disk)


def test_the_header_that_is_written_is_the_one_that_is_read() -> None:
    start = int.from_bytes(GOOD.open(FIRST).read(8, 8), "big")
    assert header() == header_block(Header(7, start // 512))
