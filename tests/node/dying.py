"""A node process that kills itself with SIGKILL at operation N of its disks: N, then what the process takes.

Where that operation is a write, about half of it has reached the file, in whole sectors: a kernel that is
told to end a process ends its write between two pages of its cache, not inside one.  Without dying it says on
stderr how many operations there were.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from redoraft.disk.memory import SECTOR
from redoraft.disk.real import RealDisk, RealFile
from redoraft.node.process import main

OPERATIONS = (
    (RealFile, ("write", "fsync", "truncate")),
    (RealDisk, ("open", "create", "rename", "remove", "sync")),
)


class Death:
    """Counts operations, and strikes."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.count = 0

    def before(self, kind: type, name: str) -> None:
        plain: Callable[..., Any] = getattr(kind, name)

        def counted(self_: object, *args: Any) -> Any:
            if self.count == self.at:
                if name == "write":
                    offset, data = args
                    middle = (offset + len(data) // 2) // SECTOR * SECTOR
                    plain(self_, offset, data[: max(0, middle - offset)])
                os.kill(os.getpid(), signal.SIGKILL)
            self.count += 1
            return plain(self_, *args)

        setattr(kind, name, counted)


if __name__ == "__main__":
    death = Death(int(sys.argv[1]))
    for kind, names in OPERATIONS:
        for name in names:
            death.before(kind, name)
    code = main(sys.argv[2:])
    sys.stderr.write(f"{death.count} operations\n")
    sys.exit(code)
