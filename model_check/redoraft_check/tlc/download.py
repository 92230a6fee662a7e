"""Fetching the pinned release of TLC: whole, with the right checksum, or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

from attrs import frozen

from redoraft_check.exits import CliError, Exit
from redoraft_check.tlc.tools import RELEASE_SHA256, RELEASE_URL, cached_jar, sha256_of

_CHUNK = 64 * 1024
_TIMEOUT_S = 30.0

ProgressHook = Callable[[int, int | None], None]
"""Called with the bytes so far and, when the server says, all bytes."""


class DownloadFailed(CliError):
    """The file could not be fetched, or is not the one it should be.  The answer is unknown (20)."""

    def __init__(self, message: str) -> None:
        super().__init__(Exit.UNKNOWN, message)


@frozen
class Download:
    """Where the file lies; `fetched` is False when it was there already."""

    path: Path
    size: int
    fetched: bool


def download(
    url: str = RELEASE_URL,
    target: Path | None = None,
    *,
    sha256: str = RELEASE_SHA256,
    force: bool = False,
    begins: Callable[[], None] = lambda: None,
    progress: ProgressHook | None = None,
) -> Download:
    """Fetch `url` to `target` (default: the user's cache) if its SHA-256 is `sha256`.

    The file appears under its name only when it is complete and verified; otherwise what was there
    before stays and nothing else is left behind.  A good file is not fetched again without `force`.
    `begins` is called if it is.  Raises `DownloadFailed`, and `CliError` (2) for a URL that is not http or
    https.
    """
    target = target or cached_jar()
    if urllib.parse.urlsplit(url).scheme not in {"http", "https"}:
        raise CliError(Exit.USAGE, f"--url {url}: give an http or https address")
    if not force and target.is_file() and sha256_of(target) == sha256:
        return Download(target, target.stat().st_size, fetched=False)
    begins()
    made = _make_folder(target.parent)
    try:
        size = _fetch(url, target, sha256, progress)
    except BaseException:
        for folder in made:
            folder.rmdir()
        raise
    return Download(target, size, fetched=True)


def _make_folder(folder: Path) -> list[Path]:
    """Make a folder and its parents; the ones that were made, innermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadFailed(f"cannot make the folder {folder}: {error.strerror}") from error
    return missing


def _fetch(url: str, target: Path, sha256: str, progress: ProgressHook | None) -> int:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".download-")
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            digest, size, announced = _copy(url, file.write, progress)
            file.flush()
            os.fsync(file.fileno())
        if announced is not None and size != announced:
            raise DownloadFailed(f"{url} broke off after {size:,} of {announced:,} bytes; try again")
        if digest != sha256:
            raise DownloadFailed(f"{url} is not the expected file: SHA-256 is {digest}, should be {sha256}")
        partial.chmod(0o644)
        partial.replace(target)
    except OSError as error:
        raise DownloadFailed(_by_hand(url, target, error)) from error
    finally:
        partial.unlink(missing_ok=True)
    return size


def _copy(
    url: str, write: Callable[[bytes], int], progress: ProgressHook | None
) -> tuple[str, int, int | None]:
    """Stream a URL; its SHA-256, its size and the size the server announced.  Raises OSError."""
    hasher = hashlib.sha256()
    size = 0
    request = urllib.request.Request(url, headers={"User-Agent": "redoraft"})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
            length = answer.headers.get("Content-Length", "")
            announced = int(length) if length.isdigit() else None
            while chunk := answer.read(_CHUNK):
                write(chunk)
                hasher.update(chunk)
                size += len(chunk)
                if progress is not None:
                    progress(size, announced)
    except urllib.error.HTTPError as error:
        error.close()
        raise
    except HTTPException as error:
        raise OSError(str(error) or type(error).__name__) from error
    return hasher.hexdigest(), size, announced


def _by_hand(url: str, target: Path, error: OSError) -> str:
    remedy = f"fetch it by other means and copy it to {target}, or name it with --tla2tools"
    return f"cannot fetch {url}: {_reason(error)}; {remedy}"


def _reason(error: OSError) -> object:
    """What went wrong, without urllib's wrapping; an HTTPError says its status itself."""
    if isinstance(error, urllib.error.URLError) and not isinstance(error, urllib.error.HTTPError):
        return error.reason
    return error
