"""Names of tables, and of the files they are in."""

from __future__ import annotations

import re
from typing import Final, Self

from attrs import frozen

from redoraft.errors import BadName

NAME_MAX: Final = 64
"""Characters of a schema's or a table's name (MySQL: NAME_CHAR_LEN)."""

BYTES_MAX: Final = 251
"""Bytes of a name in UTF-8: with ".ibd" no more than a file system takes."""

_FORBIDDEN: Final = re.compile(r"[/\\.\0#]")


@frozen(order=True)
class TableName:
    """A table's name within its schema; BadName if either cannot be the name of a file or folder."""

    schema: str
    table: str

    def __attrs_post_init__(self) -> None:
        for what, name in (("schema", self.schema), ("table", self.table)):
            wrong = _wrong_with(name)
            if wrong is not None:
                raise BadName(f"{name!r:.80} is no name of a {what}: {wrong}; give it another name")

    @property
    def path(self) -> str:
        """The name of its file, from the data directory on."""
        return f"{self.schema}/{self.table}.ibd"

    @classmethod
    def of_path(cls, path: str) -> Self:
        """The table whose file has that name."""
        schema, _, table = path.removesuffix(".ibd").partition("/")
        return cls(schema, table)

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}"


def _wrong_with(name: str) -> str | None:
    if not 0 < len(name) <= NAME_MAX:
        return f"it has {len(name)} characters, not 1 to {NAME_MAX}"
    found = _FORBIDDEN.search(name)
    if found is not None:
        return f"{found[0]!r} cannot be in the name of a file"
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "it has no form in UTF-8"
    return None if size <= BYTES_MAX else f"it has {size} bytes, more than {BYTES_MAX}"
