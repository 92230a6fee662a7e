"""SANY's semantic XML of a root module, run once for each content of its modules.

The answer is kept in the user's cache under the SHA-256 of all module files involved, so that a second
run needs no Java.  Answers for our own specifications come with them (`packaged`).
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from redoraft_check.exits import CliError, Exit
from redoraft_check.oracle.cache import cache_folder, key_of, module_folders, write_whole
from redoraft_check.oracle.packaged import packed
from redoraft_check.oracle.tree import Tree, read_tree
from redoraft_check.tlc.process import scratch_folder
from redoraft_check.tlc.runner import lone_jar
from redoraft_check.tlc.tools import ToolMissing, Tools, find_tools

TIMEOUT_S = 120


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
    known = (packed(folder).get(key) for folder in module_folders(module, library))
    xml = next((one for one in known if one is not None), None) or answer(module, library, tools)
    tree = read_tree(xml)
    write_whole(kept, xml)
    return tree


def answer(module: Path, library: Sequence[Path] = (), tools: Callable[[], Tools] = find_tools) -> bytes:
    """SANY's XML, asked now.  Raises what `load_tree` raises."""
    if not module.is_file():
        raise CliError(Exit.BAD_INPUT, f"{module}: no such module")
    return _export(module, module_folders(module, library), tools())


@lru_cache(maxsize=4)
def _kept_tree(path: Path) -> Tree:
    """A tree of the cache, read once: the name of its file is its content, and nobody changes a tree."""
    return read_tree(path.read_bytes())


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
