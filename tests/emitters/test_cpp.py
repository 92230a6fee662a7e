"""The C++ emitter: the trace of a server with threads is accepted, and refused without one of its locks."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from redoraft_check.paths import spec_dir
from redoraft_check.validate.merging import Merged, validate_merged
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status
from redoraft_traces import read_trace

EMITTERS = Path(__file__).parents[2] / "traces" / "emitters"
ATTEMPTS = 5
"""A race may be won by luck, not five times."""

STRANGE = 'n "1"\\\t\x01ü'


@pytest.fixture(scope="module")
def compiler() -> str:
    found = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    if not found:
        pytest.skip("no C++ compiler on this machine: the emitter was NOT checked")
    return found


def compiled(compiler: str, source: Path, program: Path) -> Path:
    flags = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", f"-I{EMITTERS}"]
    subprocess.run([compiler, *flags, "-o", str(program), str(source)], check=True, timeout=200)
    return program


@pytest.fixture(scope="module")
def cluster(compiler: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(
        compiler, EMITTERS / "example" / "cluster.cpp", tmp_path_factory.mktemp("cpp") / "cluster"
    )


@pytest.fixture(scope="module")
def oracle() -> OracleEngine:
    return OracleEngine(spec=spec_dir())


def judged(cluster: Path, oracle: OracleEngine, folder: Path, *left_out: str) -> Merged:
    """The verdict on one run.  The program gives up by itself where no majority comes."""
    folder.mkdir()
    subprocess.run([str(cluster), str(folder), *left_out], check=True)
    return validate_merged(sorted(folder.glob("*.ndjson")), oracle, bound=500)


def test_the_merged_trace_of_a_threaded_server_is_accepted(
    cluster: Path, oracle: OracleEngine, tmp_path: Path
) -> None:
    for attempt in range(3):
        merged = judged(cluster, oracle, tmp_path / str(attempt))
        assert merged.verdict.status is Status.ACCEPTED, merged.verdict.reason
        actions = {event.action for event in merged.events}
        assert {"WriteMtr", "CloseEntry", "Fsync", "Acknowledge", "AdvanceMajority"} <= actions


@pytest.mark.parametrize("lock", ["fsync", "receive", "write"])
def test_without_one_of_its_locks_it_is_refused(
    lock: str, cluster: Path, oracle: OracleEngine, tmp_path: Path
) -> None:
    statuses = []
    for attempt in range(ATTEMPTS):
        statuses.append(judged(cluster, oracle, tmp_path / str(attempt), lock).verdict.status)
        if statuses[-1] is Status.REFUSED:
            return
    pytest.fail(f"without the lock {lock}: {[status.value for status in statuses]}")


def test_any_name_is_written_as_json(compiler: str, tmp_path: Path) -> None:
    source = tmp_path / "names.cpp"
    literal = "".join(f"\\{byte:03o}" for byte in STRANGE.encode())
    source.write_text(
        f"""#include "redoraft_trace.hpp"
int main() {{
    redoraft::Header header;
    header.data_nodes = {{"{literal}"}};
    redoraft::TraceFile trace("names.ndjson", header);
    trace.event("{literal}", "Fsync").arg("lsn", 8237).var("voted_for", "{literal}").sent("{literal}");
    trace.event("{literal}", "Fsync").received("{literal}");
}}
""",
        encoding="utf-8",
    )
    subprocess.run(
        [str(compiled(compiler, source, tmp_path / "names"))], cwd=tmp_path, check=True, timeout=60
    )
    trace = read_trace(tmp_path / "names.ndjson")
    (_, first), (_, second) = trace.events
    assert trace.header.nodes == [STRANGE]
    assert (first.node, first.seq, first.args, first.vars) == (
        *(STRANGE, 1),
        {"lsn": 8237},
        {"voted_for": STRANGE},
    )
    assert (first.sent, second.received, second.seq) == ([STRANGE], STRANGE, 2)
