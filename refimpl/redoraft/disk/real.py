"""Files of the operating system, with every error of it as a DiskError.

A failed fsync is never tried again: the kernel may have dropped the pages and would then report success.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from redoraft.errors import DiskBroken, DiskError, DiskFull, StaleHandle, SyncFailed

_KINDS: Final[dict[int | None, type[DiskError]]] = {
    errno.ENOSPC: DiskFull,
    errno.EDQUOT: DiskFull,
    errno.EIO: DiskBroken,
}

_DEPTH: Final = 2
"""Parts of a name: a file of the folder, or of a folder in it (a schema's)."""


class RealFile:
    """An open file, locked against other processes; close it, or use it in a `with`."""

    def __init__(self, fd: int, path: Path) -> None:
        """For `RealDisk.open`."""
        self._fd = fd
        self._path = path
        self._open = True
        self._failed = False

    @property
    def size(self) -> int:
        """The size in bytes; DiskError."""
        with self._io("stat"):
            return os.fstat(self._fd).st_size

    def read(self, offset: int, n: int) -> bytes:
        """Up to `n` bytes from byte `offset`, fewer only at the end of the file; DiskError."""
        parts = []
        with self._io(f"read {n} bytes at byte {offset}"):
            while n > 0 and (part := os.pread(self._fd, n, offset)):
                parts.append(part)
                offset, n = offset + len(part), n - len(part)
        return b"".join(parts)

    def write(self, offset: int, data: bytes) -> None:
        """Put all of `data` at byte `offset`; DiskError, after which any part of it may be there."""
        rest = memoryview(data)
        with self._io(f"write {len(data)} bytes at byte {offset}"):
            while rest:
                done = os.pwrite(self._fd, rest, offset)
                offset, rest = offset + done, rest[done:]

    def fsync(self) -> None:
        """Make everything durable; after SyncFailed this handle refuses every further use."""
        with self._io("fsync"):
            try:
                os.fsync(self._fd)
            except OSError as wrong:
                self._failed = True
                raise _sync_failed(self._path, wrong) from wrong

    def truncate(self, size: int) -> None:
        """Set the size in bytes; DiskError."""
        with self._io(f"truncate to {size} bytes"):
            os.ftruncate(self._fd, size)

    def close(self) -> None:
        """Give the file and its lock back; without fsync.  A second time does nothing."""
        if self._open:
            self._open = False
            os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _io(self, what: str) -> Iterator[None]:
        if not self._open:
            raise StaleHandle(f"{self._path} is closed: open it again")
        if self._failed:
            raise DiskError(f"an fsync of {self._path} has failed: close it, and scan it from a new handle")
        with as_disk_error(what, self._path):
            yield


class RealDisk:
    """The files of one folder and of the folders in it; each is created when a file needs it (H7)."""

    def __init__(self, folder: Path) -> None:
        """Take, or create durably, the folder; DiskError."""
        self._folder = folder
        with as_disk_error("create the folder", folder):
            if not folder.is_dir():
                folder.mkdir(parents=True, exist_ok=True)
                _sync_folder(folder.parent)

    def open(self, name: str) -> RealFile:
        """The file of that name, created empty and durably if there is none.

        DiskError if the name is no file name, if another handle has the file, or from the system.
        """
        path = self._path(name)
        with as_disk_error("open", path):
            path.parent.mkdir(exist_ok=True)
            file = _open(path, os.O_CREAT)
            try:
                # Always, not only for a new file: the process that created it may have died before this.
                self._sync({path.parent, self._folder})
            except BaseException:
                file.close()
                raise
        return file

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all files, sorted; DiskError."""
        with as_disk_error("list", self._folder):
            found = (one for folder in (self._folder, *self._folders()) for one in folder.iterdir())
            return tuple(sorted(str(one.relative_to(self._folder)) for one in found if one.is_file()))

    def create(self, name: str) -> RealFile:
        """A new, empty file, its name durable after `sync`; DiskError if there is one, or as `open`."""
        path = self._path(name)
        with as_disk_error("create", path):
            path.parent.mkdir(exist_ok=True)
            return _open(path, os.O_CREAT | os.O_EXCL)

    def rename(self, old: str, new: str) -> None:
        """Give the file another name, in one step; DiskError."""
        path, target = self._path(old), self._path(new)
        with as_disk_error("rename", path):
            target.parent.mkdir(exist_ok=True)
            path.replace(target)

    def remove(self, name: str) -> None:
        """Take the file away; DiskError."""
        path = self._path(name)
        with as_disk_error("remove", path):
            path.unlink()

    def sync(self) -> None:
        """Make all names durable; DiskError; SyncFailed, after which nothing is known of them."""
        with as_disk_error("list", self._folder):
            folders = {self._folder, *self._folders()}
        self._sync(folders)

    def _sync(self, folders: Collection[Path]) -> None:
        for folder in folders:
            try:
                _sync_folder(folder)
            except OSError as wrong:
                raise _sync_failed(folder, wrong) from wrong

    def _folders(self) -> list[Path]:
        return [one for one in self._folder.iterdir() if one.is_dir()]

    def _path(self, name: str) -> Path:
        parts = name.split("/")
        if len(parts) > _DEPTH or "\0" in name or not {"", ".", ".."}.isdisjoint(parts):
            raise DiskError(f"{name!r} is no file name: give one in the folder, or in a folder in it")
        return self._folder / name


def _open(path: Path, flags: int) -> RealFile:
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | flags, 0o640)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(fd)
        raise
    return RealFile(fd, path)


def _sync_failed(path: Path, wrong: OSError) -> SyncFailed:
    return SyncFailed(f"cannot fsync {path}: {wrong}; what was not durable is lost: stop, and start anew")


@contextmanager
def as_disk_error(what: str, path: Path) -> Iterator[None]:
    """Turn what the system raises into a DiskError that says what was tried, and where."""
    try:
        yield
    except BlockingIOError:
        raise DiskError(f"{path} is in use: close the other handle, or stop the other process") from None
    except (OSError, ValueError, OverflowError) as wrong:
        kind = _KINDS.get(getattr(wrong, "errno", None), DiskError)
        raise kind(f"cannot {what} of {path}: {wrong}; check the disk, then open it again") from wrong


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
