"""SANY's semantic XML of a root module, run once for each content of its modules.

The answer is kept in the user's cache under the SHA-256 of all module files involved, so that a second
run needs no Java.  Answers for our own specifications come with them (`packaged`).
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from redoraft_check.exits import CliError, Exit
from redoraft_check.oracle.packaged import packed
from redoraft_check.oracle.tree import Tree, read_tree
from redoraft_check.tlc.definitions import module_files
from redoraft_check.tlc.process import scratch_folder
from redoraft_check.tlc.runner import lone_jar
from redoraft_check.tlc.tools import ToolMissing, Tools, find_tools

TIMEOUT_S = 120
_FORMAT = "1"
"""Part of every key: another way of asking SANY must not find old answers."""


def load_tree(
    module: Path, library: Sequence[Path] = (), tools: Callable[[], Tools] = find_tools, *, cache: bool = True
) -> Tree:
    """The semantic tree of a module; modules it extends are looked for beside it, then in `library`.

    `tools` is asked for a Java and a jar only when the cache has no answer.  Raises `CliError` (65) when a
    module cannot be read or SANY refuses it, and `ToolMissing` (20) when there is no Java.
    """
    if not cache:
        return read_tree(answer(module, library, tools))
    key = key_of(module, library)
    kept = cache_folder() / f"{key}.xml"
    if kept.is_file():
        return _kept_tree(kept)
    known = (packed(folder).get(key) for folder in _folders(module, library))
    xml = next((one for one in known if one is not None), None) or answer(module, library, tools)
    tree = read_tree(xml)
    _keep(kept, xml)
    return tree


def answer(module: Path, library: Sequence[Path] = (), tools: Callable[[], Tools] = find_tools) -> bytes:
    """SANY's XML, asked now.  Raises what `load_tree` raises."""
    if not module.is_file():
        raise CliError(Exit.BAD_INPUT, f"{module}: no such module")
    return _export(module, _folders(module, library), tools())


def key_of(module: Path, library: Sequence[Path] = ()) -> str:
    """The SHA-256 of a module and of those it extends or instantiates: names and contents, no paths.

    Raises `CliError` (65) when there is no such module.
    """
    if not module.is_file():
        raise CliError(Exit.BAD_INPUT, f"{module}: no such module")
    digest = hashlib.sha256(_FORMAT.encode())
    for path in module_files(module, _folders(module, library)):
        content = path.read_bytes()
        digest.update(f"\0{path.stem}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _folders(module: Path, library: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(path.resolve() for path in (module.parent, *library)))


@lru_cache(maxsize=4)
def _kept_tree(path: Path) -> Tree:
    """A tree of the cache, read once: the name of its file is its content, and nobody changes a tree."""
    return read_tree(path.read_bytes())


def cache_folder() -> Path:
    """Where answers are kept: `redoraft/oracle` under XDG_CACHE_HOME, or under ~/.cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or ""
    root = Path(cache) if Path(cache).is_absolute() else Path.home() / ".cache"
    return root / "redoraft" / "oracle"


def _export(module: Path, folders: Sequence[Path], tools: Tools) -> bytes:
    with scratch_folder() as scratch:
        places = [part for folder in folders for part in ("-I", str(folder))]
        jar = lone_jar(tools.jar_path, scratch)
        argv = [str(tools.java_path), "-XX:+UseSerialGC", f"-Djava.io.tmpdir={scratch}", "-cp", str(jar)]
        argv += ["tla2sany.xml.XMLExporter", "-o", *places, str(module.resolve())]
        try:
            ran = subprocess.run(argv, cwd=scratch, capture_output=True, timeout=TIMEOUT_S, check=False)
        except OSError as error:
            raise ToolMissing(f"cannot start {argv[0]}: {error.strerror}") from error
        except subprocess.TimeoutExpired as error:
            raise CliError(Exit.UNKNOWN, f"SANY did not end within {TIMEOUT_S} s on {module}") from error
    start = ran.stdout.find(b"<?xml")
    if ran.returncode or start < 0:
        said = " ".join((ran.stderr + ran.stdout).decode(errors="replace").split())[:600]
        raise CliError(Exit.BAD_INPUT, f"{module}: SANY refuses it: {said}")
    return ran.stdout[start:]


def _keep(path: Path, content: bytes) -> None:
    """Write a cache file whole or not at all; a cache that cannot be written is no error."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(content)
        Path(file.name).replace(path)
    except OSError:
        return
