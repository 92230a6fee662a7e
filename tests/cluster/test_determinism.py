"""The same seed and settings give the same bytes, in any process; other ones do not."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

from .kit import lines, run

_SCRIPT = """
import hashlib
from tests.cluster.kit import lines, run
print(hashlib.sha256(lines(run(11, 1500, nodes=(5, 2))[1])).hexdigest())
"""


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert lines(run(7, 2000)[1]) == lines(run(7, 2000)[1])


def test_other_seeds_give_other_bytes() -> None:
    assert len({lines(run(seed)[1]) for seed in range(10)}) == 10


def test_a_longer_run_begins_like_the_shorter_one() -> None:
    short, long = run(7, 300)[1], run(7, 900)[1]
    assert long[: len(short)] == short
    assert len(long) > len(short)


def test_running_in_pieces_changes_nothing() -> None:
    whole, pieces = run(5, 900), run(5, 300)
    for _ in range(6):
        pieces[0].run(100)
    assert lines(whole[1]) == lines(pieces[1])


@pytest.mark.parametrize("hash_seed", ["0", "1", "12345"])
def test_the_hash_seed_of_python_does_not_matter(hash_seed: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _SCRIPT],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    here = hashlib.sha256(lines(run(11, 1500, nodes=(5, 2))[1])).hexdigest()
    assert ran.stdout.strip() == here
