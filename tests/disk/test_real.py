"""Real files: the same contract, the system's errors as DiskError, and a process that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from redoraft.disk.real import RealDisk, RealFile
from redoraft.disk.state import Vote, VoteStore
from redoraft.errors import DiskError, StaleHandle
from redoraft.files import Disk, File
from redoraft.redo.files import Layout
from redoraft.redo.log import RedoLog
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import META_SIZE, PageWrite
from redoraft.types import LogIndex, NodeId, Term


def test_a_file_reads_what_was_written(tmp_path: Path) -> None:
    disk: Disk = RealDisk(tmp_path / "a" / "b")
    assert disk.open("other").size == 0
    with RealDisk(tmp_path / "a" / "b").open("f") as file:
        as_protocol: File = file
        as_protocol.write(3, b"abc")
        assert (file.size, file.read(0, 10), file.read(4, 1)) == (6, b"\0\0\0abc", b"b")
        file.truncate(4)
        file.truncate(5)
        file.fsync()
        assert (file.size, file.read(0, 10), file.read(9, 1)) == (5, b"\0\0\0a\0", b"")
    assert (tmp_path / "a" / "b" / "f").read_bytes() == b"\0\0\0a\0"


def test_a_new_file_is_durable_with_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real_fsync = os.fsync

    def fsync(fd: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{fd}").readlink()))
        real_fsync(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    RealDisk(tmp_path / "d").open("f").close()
    assert synced == [str(tmp_path), str(tmp_path / "d")]


def test_a_write_that_is_cut_short_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real_pwrite, real_pread = os.pwrite, os.pread
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: real_pwrite(fd, bytes(data[:3]), at))
    monkeypatch.setattr(os, "pread", lambda fd, n, at: real_pread(fd, min(n, 2), at))
    with RealDisk(tmp_path).open("f") as file:
        file.write(1, b"0123456789")
        assert file.read(1, 9) == b"012345678"
        assert file.read(0, 99) == b"\x000123456789"


def failing(number: int) -> Callable[..., object]:
    def fail(*_: object) -> object:
        raise OSError(number, os.strerror(number))

    return fail


def test_a_failed_fsync_is_raised_and_never_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = RealDisk(tmp_path).open("f")
    file.write(0, b"x")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing(5))
        with pytest.raises(DiskError, match=r"cannot fsync.*Input/output error"):
            file.fsync()
    for use in (file.fsync, lambda: file.read(0, 1), lambda: file.write(0, b"y"), lambda: file.truncate(0)):
        with pytest.raises(DiskError, match="has failed"):
            use()
    file.close()


@pytest.mark.parametrize(
    ("call", "use"),
    [
        ("pwrite", lambda file: file.write(0, b"x")),
        ("pread", lambda file: file.read(0, 1)),
        ("ftruncate", lambda file: file.truncate(1)),
        ("fstat", lambda file: file.size),
    ],
)
def test_what_the_system_refuses_is_a_disk_error(
    call: str, use: Callable[[RealFile], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RealDisk(tmp_path).open("f") as file:
        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing(28))
            with pytest.raises(DiskError, match="No space left"):
                use(file)
        use(file)


def test_bad_numbers_are_disk_errors(tmp_path: Path) -> None:
    with RealDisk(tmp_path).open("f") as file:
        for use in (
            lambda: file.read(-1, 1),
            lambda: file.write(-1, b"x"),
            lambda: file.write(2**80, b"x"),
            lambda: file.truncate(-1),
        ):
            with pytest.raises(DiskError, match="check the disk"):
                use()


def test_a_file_has_one_handle(tmp_path: Path) -> None:
    disk = RealDisk(tmp_path)
    file = disk.open("f")
    with pytest.raises(DiskError, match="in use"):
        disk.open("f")
    file.close()
    file.close()
    with pytest.raises(StaleHandle, match="is closed"):
        file.read(0, 1)
    disk.open("f").close()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b/c", "a/", "../a", "a/..", "/etc/hostname", "a\0b"])
def test_a_name_stays_in_the_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(DiskError, match="no file name"):
        RealDisk(tmp_path).open(name)


def test_a_folder_that_cannot_be_is_a_disk_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DiskError, match="create the folder"):
        RealDisk(tmp_path / "file" / "folder")
    (tmp_path / "folder").mkdir()
    with pytest.raises(DiskError, match="open"):
        RealDisk(tmp_path).open("folder")


def test_the_log_and_the_vote_live_in_real_files(tmp_path: Path) -> None:
    disk = RealDisk(tmp_path)
    with disk.open("vote") as vote_file:
        log, store = RedoLog.open(disk), VoteStore.open(vote_file)
        for at in range(50):
            log.append_mtr(encode_mtr([PageWrite(1, at, 0, bytes(at * 7))]))
            log.fsync(log.close_entry(Term(2)))
        store.store(Term(2), NodeId("n1"))
        log.truncate(log.entry_end_at_or_below(log.durable_lsn))
        half = log.entry_end_at_or_below(log.mtr_ends(log.start_lsn, log.last_lsn)[49])
        log.truncate(half)
        held = log.read(log.start_lsn, half)
        log.close()
    with disk.open("vote") as vote_file:
        again = RedoLog.open(disk)
        assert (again.last_lsn, again.last_index) == (half, 25)
        assert again.read(again.start_lsn, half) == held
        again.close()
        assert VoteStore.open(vote_file).vote == Vote(Term(2), NodeId("n1"))


WRITER = """
import sys
from pathlib import Path
from redoraft.disk.real import RealDisk
from redoraft.disk.state import VoteStore
from redoraft.redo.files import Layout
from redoraft.redo.log import RedoLog
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import PageWrite
from redoraft.types import NodeId, Term

disk = RealDisk(Path(sys.argv[1]))
layout = Layout(file_size=2048 + 8 * 512)
log, store = RedoLog.open(disk, layout=layout), VoteStore.open(disk.open("vote"))
while True:
    index = log.last_index + 1
    log.append_mtr(encode_mtr([PageWrite(1, index, 0, bytes([index % 256]) * (index * 37 % 1500))]))
    lsn = log.fsync(log.close_entry(Term(1 + index // 10)))
    store.store(Term(index), NodeId("n1"))
    sys.stdout.write(f"{index} {lsn}\\n")
    sys.stdout.flush()
"""


def test_a_killed_process_loses_nothing_that_it_reported(tmp_path: Path) -> None:
    """Killed three times on the same files; the content of each entry follows from its index."""
    reported = 0
    for lines in (20, 7, 30):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            said = [writer.stdout.readline() for _ in range(lines)]
            writer.send_signal(signal.SIGKILL)
            said += writer.stdout.read().splitlines()
            assert writer.wait(30) == -signal.SIGKILL
        index, lsn = map(int, [line for line in said if line.strip()][-1].split())
        assert index >= reported + lines
        reported = index
        disk = RealDisk(tmp_path)
        with disk.open("vote") as vote_file:
            log = RedoLog.open(disk, layout=Layout(file_size=2048 + 8 * 512))
            assert log.last_lsn >= lsn
            assert log.last_index in (index, index + 1)
            assert VoteStore.open(vote_file).vote.term in (index, index + 1)
            for at in range(1, log.last_index + 1):
                entry = log.entry(LogIndex(at))
                written = encode_mtr([PageWrite(1, at, 0, bytes([at % 256]) * (at * 37 % 1500))])
                assert log.read(entry.start, entry.end)[:-META_SIZE] == written
            log.close()
        reported = max(reported, log.last_index)
    assert len(list(tmp_path.glob("#ib_redo*"))) > 5
