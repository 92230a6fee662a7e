"""A tiny specification of its own for these tests, and the command line as a user runs it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.command import NAMED, run_redoraft

LAMP = """------------------------------- MODULE Lamp -------------------------------
EXTENDS Naturals, Sequences, TLC
CONSTANTS Node, Max, Off
VARIABLES role, log

vars == <<role, log>>
On(rule) == rule \\notin Off

Init ==
    /\\ role = [n \\in Node |-> "follower"]
    /\\ log = [n \\in Node |-> <<>>]
    /\\ TLCSet(101, FALSE)

Lead(n) ==
    /\\ role[n] = "follower"
    /\\ On("R1") => \\A m \\in Node : role[m] = "follower"
    /\\ role' = [role EXCEPT ![n] = "leader"]
    /\\ UNCHANGED log

Write(n) ==
    /\\ role[n] = "leader"
    /\\ Len(log[n]) < Max
    /\\ log' = [log EXCEPT ![n] = Append(@, [by |-> n, kind |-> "data"])]
    /\\ UNCHANGED role

Resign(n) ==
    /\\ role[n] = "leader"
    /\\ On("R2") => Len(log[n]) = Max
    /\\ role' = [role EXCEPT ![n] = "follower"]
    /\\ log' = [log EXCEPT ![n] = <<>>]

Steal(n) == ~On("steal") /\\ role[n] = "leader" /\\ UNCHANGED vars

Next == \\E n \\in Node : Lead(n) \\/ Write(n) \\/ Resign(n) \\/ Steal(n)
Spec == Init /\\ [][Next]_vars
Fair == Spec /\\ WF_vars(Next)

Leader(n) == role[n] = "leader"

\\* At most one node leads,
\\* so that two logs never grow apart.
OneLeader == \\A m, n \\in Node : Leader(m) /\\ Leader(n) => m = n

Short == \\A n \\in Node : Len(log[n]) <= Max
Fills == <>(\\E n \\in Node : Len(log[n]) = Max)
=============================================================================
"""

MC_LAMP = """------------------------------ MODULE MCLamp ------------------------------
EXTENDS Lamp

Reach ==
    IF (\\E n \\in Node : Len(log[n]) = 1) /\\ ~TLCGet(101)
    THEN TLCSet(101, TRUE) /\\ PrintT(<<"WITNESS", "Written">>) ELSE TRUE
=============================================================================
"""

HUGE = """------------------------------- MODULE Huge -------------------------------
EXTENDS Naturals
VARIABLES a, b, c
Init == a = 0 /\\ b = 0 /\\ c = 0
A == a' = (a + 1) % 5000 /\\ UNCHANGED <<b, c>>
B == b' = (b + 1) % 5000 /\\ UNCHANGED <<a, c>>
C == c' = (c + 1) % 5000 /\\ UNCHANGED <<a, b>>
Next == A \\/ B \\/ C
Small == a < 6000
=============================================================================
"""

MANIFEST = """
[[model]]
name = "Lamp_n2"
module = "MCLamp"
config = "Lamp_n2.cfg"
expect = "holds"
distinct = 7
depth = 4
witnesses = ["Written"]
idle = { Steal = "a mutant's action" }
properties = ["OneLeader", "Short", "Reach"]
summary = "two nodes, two entries"

[[model]]
name = "R1_off"
module = "MCLamp"
config = "R1_off.cfg"
expect = "safety"
property = "OneLeader"
off = ["R1"]
summary = "nobody looks before it leads"

[[model]]
name = "R2_off"
module = "MCLamp"
config = "R2_off.cfg"
expect = "liveness"
property = "Fills"
off = ["R2"]
summary = "a leader resigns when it likes"

[[rule]]
id = "R1"
title = "lead only when nobody leads"
repair = "Look at the others first: a second leader is never made."
model = "R1_off"
repaired = "Lamp_n2"

[[rule]]
id = "R2"
title = "resign only with a full log"
repair = "A leader stays until its log is full."
model = "R2_off"
"""


def _cfg(off: str, specification: str, checks: str) -> str:
    bounds = f"CONSTANTS\n    Node = {{n1, n2}}\n    Max = 2\n    Off = {off}\n"
    return f"{bounds}SPECIFICATION {specification}\n{checks}\n"


FILES = {
    "Lamp.tla": LAMP,
    "models/MCLamp.tla": MC_LAMP,
    "models/manifest.toml": MANIFEST,
    "models/Lamp_n2.cfg": _cfg("{}", "Spec", "INVARIANTS OneLeader Short Reach"),
    "models/R1_off.cfg": _cfg('{"R1"}', "Spec", "INVARIANTS OneLeader Short"),
    "models/R2_off.cfg": _cfg('{"R2"}', "Fair", "PROPERTY Fills"),
    "mutants/Huge.tla": HUGE,
    "mutants/Huge.cfg": "INIT Init\nNEXT Next\nINVARIANT Small\n",
}


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """The folder of a specification that passes the gate: one model holds, two are refuted."""
    folder = tmp_path / "spec"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a command: its own cache, its own temporary folder, no named tools."""
    (tmp_path / "temporary").mkdir()
    return {name: value for name, value in os.environ.items() if name not in NAMED} | {
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "TMPDIR": str(tmp_path / "temporary"),
    }


Redoraft = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def redoraft(tmp_path: Path, environment: dict[str, str]) -> Redoraft:
    """Runs `redoraft` with some words, in a folder of its own; `env` is laid over the environment."""

    def run(*words: str | Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return run_redoraft(*words, cwd=tmp_path, env=environment | dict(env or {}), timeout_s=120)

    return run
