"""Run records that are kept with the specification: `spec/records/*.jsonl`, one line for each run, by name.

Each line has the SHA-256 of the modules and the configuration that were run.  A line whose hash is another
one is of an older specification and shows nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from redoraft_check.exits import CliError, Exit

FOLDER: Final = "records"
MODELS: Final = "models.jsonl"
MUTANTS: Final = "mutants.jsonl"
PROOFS: Final = "proofs.jsonl"
KILLS: Final = "kill-matrix.jsonl"


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A run: its name, and the hash of what it was run on."""

    name: str
    sha256: str


class Checked(Kept, frozen=True, kw_only=True):
    """A model or mutant that `redoraft check` ran, and that came out as its manifest says."""

    outcome: str
    violated: str = ""
    properties: tuple[str, ...] = ()
    distinct: int | None = None
    depth: int | None = None
    workers: int = 1
    seconds: float = 0.0
    tlc: str = ""


class Proved(Kept, frozen=True, kw_only=True):
    """A model of `redoraft prove` of which every obligation was proved; the hash is of the prover's modules.

    `properties` hold in every state, for any number of whatever the model has.
    """

    obligations: int
    properties: tuple[str, ...] = ()
    seconds: float = 0.0


class Within(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bounds in which a liveness property of a mutant was searched: those of a model that holds.

    The hash is of that model; `distinct` states were seen of the mutant.
    """

    model: str
    sha256: str
    distinct: int | None = None

    def is_same(self, other: Within | None) -> bool:
        """Whether these are the bounds of another search."""
        return other is not None and (self.model, self.sha256) == (other.model, other.sha256)


class KillRow(Kept, frozen=True, kw_only=True):
    """A mutant's row of the kill matrix.

    Of `asked` it violates what is `killed`; `held` holds in all its states, `failed` cannot be evaluated in
    some of them.  `within` has the bounds of each liveness property that was not searched in the mutant's
    own.  `note` says why a search that left something open ended.
    """

    asked: tuple[str, ...]
    killed: tuple[str, ...]
    held: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    within: dict[str, Within] = {}
    distinct: int | None = None
    depth: int | None = None
    seconds: float = 0.0
    note: str = ""
    tlc: str = ""

    @property
    def complete(self) -> bool:
        """Whether nothing was left open."""
        return self.decides(self.asked)

    def decides(self, names: Iterable[str]) -> bool:
        """Whether of each of these it is known what comes of it."""
        return {*names} <= {*self.killed, *self.held, *self.failed}


KeptT = TypeVar("KeptT", bound=Kept)


def read_records(spec: Path, file: str, kind: type[KeptT]) -> dict[str, KeptT]:
    """The records of a file by name, none when there is no such file.  Raises `CliError` (65)."""
    path = spec / FOLDER / file
    if not path.is_file():
        return {}
    try:
        found = msgspec.json.Decoder(kind).decode_lines(path.read_bytes())
    except msgspec.DecodeError as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: is no file of run records: {error}") from None
    return {one.name: one for one in found}


def write_records(spec: Path, file: str, records: Iterable[KeptT]) -> Path:
    """Write records in the order of their names, whole or not at all; the path."""
    path = spec / FOLDER / file
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.Encoder().encode_lines(sorted(records, key=lambda one: one.name)))
    os.replace(fresh, path)  # noqa: PTH105  (atomic where rename is)
    return path
