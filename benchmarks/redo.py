"""Redo append and scan beside plain files and bare CRC-32C, group commit, bytes per transaction, in one run.

    python benchmarks/redo.py [--megabytes 16] [--folder DIR]

Ratios are what counts: all rows of a table are of the same bytes on the same machine, one after another.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

from crc32c import crc32c

from redoraft.disk.real import RealDisk
from redoraft.redo.buffer import LogBuffer
from redoraft.redo.files import Layout, RedoFiles
from redoraft.redo.group_commit import GroupCommit
from redoraft.redo.log import RedoLog
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.per_record import amplification, bytes_of, sample
from redoraft.redo.record import PageWrite
from redoraft.redo.scan import scan
from redoraft.types import Term

MB = 1_000_000
LAYOUT = Layout(file_size=8 * 1024 * 1024)
ENTRY = 16
"""Mtrs in an entry of the append benchmark."""


def arguments(description: str | None) -> argparse.Namespace:
    """`megabytes` and `folder` of the command line; the description is a module's."""
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=16)
    parser.add_argument(
        "--folder", type=Path, default=None, help="where the files go (default: a temporary folder)"
    )
    return parser.parse_args()


def main() -> int:
    """Run all four and print their tables."""
    options = arguments(__doc__)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        throughput(Path(folder), options.megabytes)
        scan_time(Path(folder), options.megabytes)
        group_commit(Path(folder))
    transaction_bytes()
    return 0


def say(line: str = "") -> None:
    """A line of the report."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def timed(do: Callable[[], object]) -> float:
    """Seconds that it takes."""
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def grow(disk: RealDisk, megabytes: int) -> RedoLog:
    """A log of so many megabytes, one fsync at the end."""
    log = RedoLog.open(disk, layout=LAYOUT)
    mtr = encode_mtr([PageWrite(1, 2, 3, bytes(1000))])
    end = log.last_lsn + megabytes * MB
    while log.last_lsn < end:
        for _ in range(ENTRY):
            log.append_mtr(mtr)
        log.write(log.close_entry(Term(1)))
    log.fsync(log.last_lsn)
    return log


def throughput(folder: Path, megabytes: int) -> None:
    """MB/s of the same amount: a plain file, CRC-32C alone, append, scan."""
    size = megabytes * MB
    piece = os.urandom(16_000)

    def plain() -> None:
        with (folder / "plain").open("wb", buffering=0) as file:
            for _ in range(size // len(piece)):
                file.write(piece)
            os.fsync(file.fileno())

    def checksums() -> None:
        for _ in range(size // 508):
            crc32c(piece[:508])

    logs: list[RedoLog] = []
    rows = [
        ("plain file: write 16 kB, one fsync", timed(plain)),
        ("CRC-32C of 508 bytes, alone", timed(checksums)),
        (
            "redo append: mtrs of 1 kB, one fsync",
            timed(lambda: logs.append(grow(RealDisk(folder / "a"), megabytes))),
        ),
    ]
    logs[0].close()
    files = RedoFiles.open(RealDisk(folder / "a"), LAYOUT)
    rows.append(("redo scan (parse only)", timed(lambda: scan(files))))
    files.close()
    say(f"{'throughput, ' + str(megabytes) + ' MB':<40}{'MB/s':>10}{'ratio':>10}")
    for name, seconds in rows:
        say(f"{name:<40}{size / MB / seconds:>10.1f}{rows[0][1] / seconds:>10.4f}")


def scan_time(folder: Path, megabytes: int) -> None:
    """Seconds against length: the ratio of the rows is that of the lengths if it is linear."""
    say(f"\n{'scan against length':<40}{'seconds':>10}{'s/MB':>10}")
    for at, length in enumerate((max(1, megabytes // 4), max(1, megabytes // 2), megabytes)):
        disk = RealDisk(folder / f"s{at}")
        grow(disk, length).close()
        files = RedoFiles.open(disk, LAYOUT)
        seconds = timed(lambda files=files: scan(files))  # type: ignore[misc]
        files.close()
        say(f"{f'{length} MB':<40}{seconds:>10.2f}{seconds / length:>10.4f}")


def group_commit(folder: Path) -> None:
    """Commits per fsync, and per second, with more and more clients on threads of their own."""
    say(f"\n{'group commit: clients':<40}{'commits':>10}{'fsyncs':>10}{'per fsync':>12}{'commits/s':>12}")
    for clients in (1, 4, 16, 64):
        log = RedoLog.open(RealDisk(folder / f"g{clients}"), layout=LAYOUT)
        commits = GroupCommit(log, LogBuffer(log, Term(1)))
        mtr = encode_mtr([PageWrite(1, 2, 3, bytes(100))])

        def client(commits: GroupCommit = commits, mtr: bytes = mtr, count: int = 1280 // clients) -> None:
            for _ in range(count):
                commits.commit([mtr])

        threads = [Thread(target=client) for _ in range(clients)]

        def run(threads: list[Thread] = threads) -> None:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        seconds = timed(run)
        done, syncs = commits.commits, commits.fsyncs
        say(f"{clients:<40}{done:>10}{syncs:>10}{done / syncs:>12.2f}{done / seconds:>12.0f}")
        log.close()


def transaction_bytes() -> None:
    """LOG-10: the meta record against term and index in every record."""
    heads = ("stock", "meta", "in records", "meta +%", "records +%")
    say(f"\n{'bytes per transaction':<40}" + "".join(f"{head:>12}" for head in heads))
    for rows, entries, name in (
        (1, 1.0, "1 row, an entry by itself"),
        (1, 0.1, "1 row, 10 transactions an entry"),
        (10, 1.0, "10 rows"),
        (1000, 1000 * 200 / 65536, "1000 rows, entries of 64 kB"),
    ):
        found = bytes_of(sample(rows), entries)
        meta, inside = found.with_meta / found.stock - 1, found.with_term_in_records / found.stock - 1
        say(
            f"{name:<40}{found.stock:>12}{found.with_meta:>12}{found.with_term_in_records:>12}"
            f"{100 * meta:>12.1f}{100 * inside:>12.1f}"
        )
    say(f"\n{'write amplification':<40}" + "".join(f"{head:>12}" for head in heads[:3]))
    for rows, together, name in (
        (1, 1, "1 row, written by itself"),
        (1, 10, "1 row, 10 commits a write"),
        (10, 1, "10 rows, written by itself"),
        (10, 10, "10 rows, 10 commits a write"),
    ):
        factors = amplification(sample(rows), together)
        say(f"{name:<40}" + "".join(f"{factor:>12.2f}" for factor in factors))


if __name__ == "__main__":
    sys.exit(main())
