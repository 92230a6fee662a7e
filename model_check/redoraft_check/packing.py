"""Makes anew what comes with the specification so that the oracle needs no Java.

    python -m redoraft_check.packing [SPEC]

writes SPEC/sany.zst: SANY's answers for the modules that are checked, or judge traces.  Only what has
changed is asked again.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from redoraft_check.oracle.cache import key_of
from redoraft_check.oracle.packaged import FILE, pack, packed
from redoraft_check.oracle.sany import answer
from redoraft_check.paths import library_dirs, spec_dir
from redoraft_check.validate.tla import MODULE, data_module

_FOLDERS: Final = ("models", "mutants", "trace")


@contextmanager
def packed_modules(spec: Path) -> Iterator[dict[str, tuple[Path, tuple[Path, ...]]]]:
    """By key, each module to be packed and where its modules lie, while the context lasts.

    The module that judges traces reads the runs from another one, which the oracle leaves empty.
    """
    with tempfile.TemporaryDirectory(prefix="redoraft-") as folder:
        place = Path(folder)
        (place / f"{MODULE}.tla").write_text(data_module([]), encoding="utf-8")
        library = (place, *library_dirs(spec))
        roots = sorted(path for name in _FOLDERS for path in (spec / name).glob("*.tla"))
        yield {key_of(root, library): (root, library) for root in roots}


def main(words: list[str]) -> int:
    """Ask SANY about every module that has changed, and write the file."""
    spec = spec_dir(Path(words[0]) if words else None)
    known = packed(spec)
    with packed_modules(spec) as modules:
        answers = {key: known.get(key) or answer(root, library) for key, (root, library) in modules.items()}
    sys.stdout.write(f"{len(answers)} modules, {pack(spec, answers):,} bytes in {FILE}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
