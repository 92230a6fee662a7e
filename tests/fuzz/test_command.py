"""`redoraft fuzz`, as it is typed."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from distributed import LocalCluster

from redoraft_check.cli import main
from redoraft_check.commands.fuzz_report import record_lines
from redoraft_check.exits import CliError
from redoraft_check.fuzz.record import read_record
from redoraft_check.paths import spec_dir
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status

DOCS = Path(__file__).parents[2] / "docs"
SHORT = ("--jobs", "1", "--steps", "150", "-q")


def fuzz(*words: str | Path) -> int:
    return main(["fuzz", *map(str, words)])


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a campaign that has found something, with what it printed."""
    folder = tmp_path_factory.mktemp("fuzz")
    printed = StringIO()
    with redirect_stdout(printed):
        words = ("--examples", "40", "--mutant", "LOG-6", "--stop-at-first", "--out", folder)
        assert fuzz(*SHORT, *words) == 21
    (folder / "printed.txt").write_text(printed.getvalue())
    return folder


def test_a_finding_is_saved_small_and_replays(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = (saved / "printed.txt").read_text()
    assert out.startswith("found: ")
    [again] = re.findall(r"replay with: redoraft (.*)", out)
    assert main([*shlex.split(again), "--out", str(tmp_path)]) == 21
    assert "finding-1.json: the same: event " in capsys.readouterr().out
    traces = saved / "finding-1.ndjson", saved / "finding-1.min.ndjson"
    verdicts = OracleEngine(spec_dir()).validate(traces)
    assert [one.status for one in verdicts] == [Status.REFUSED] * 2
    assert verdicts[1].events < verdicts[0].events


def test_a_finding_that_is_repaired_is_not_found_any_more(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "finding.json"
    path.write_text(json.dumps(json.loads((saved / "finding-1.json").read_text()) | {"mutant": None}))
    assert fuzz("--replay", path, "--out", tmp_path) == 0
    assert "not found any more" in capsys.readouterr().out


def test_a_clean_campaign_and_the_comparison(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz(*SHORT, "--examples", "6", "--compare", "--out", tmp_path) == 0
    out = capsys.readouterr().out
    assert re.match(r"clean: 6 examples, [\d,]+ steps, [\d,]+ events judged, \d+ crash(es)?, \d", out)
    assert re.search(r"guided: [\d,]+ states.*\n  random: [\d,]+ states.*\n", out)
    assert re.search(r"after equal time: guided [\d,]+ states .*: [+-][\d.]+%\n", out)
    assert re.search(r"after equally many events: guided [\d,]+ states .*: [+-][\d.]+%\n", out)
    assert not list(tmp_path.iterdir())


def test_a_record_says_what_a_campaign_came_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--examples", "6", "--compare", "--out", tmp_path, "--record", tmp_path / "sub" / "r.json")
    assert fuzz(*SHORT, *words) == 0
    out = capsys.readouterr().out
    record = read_record(tmp_path / "sub" / "r.json")
    assert all(line in out for line in record_lines(record))
    assert (record.verdict, record.jobs, record.reached.examples) == ("clean", 1, 6)
    assert str(tmp_path) not in (tmp_path / "sub" / "r.json").read_text()
    two = record.comparison
    assert two is not None
    # Without guidance in the first 32 examples, both are the same campaign.
    assert (two.only_guided, two.only_random) == ((0, 0), (0, 0))
    assert two.after_events.guided.events == two.after_events.random.events == record.reached.events
    assert two.after_seconds.guided.seconds <= record.reached.seconds + 0.1


def test_a_file_that_is_no_record_of_a_campaign(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    with pytest.raises(CliError, match="cannot be read: No such file"):
        read_record(path)
    path.write_text("{}")
    with pytest.raises(CliError, match="not the record of a campaign"):
        read_record(path)


def test_the_docs_show_the_record() -> None:
    record = read_record(DOCS / "records" / "fuzz-compare.json")
    told = (DOCS / "fuzz.md").read_text(encoding="utf-8")
    assert record.verdict == "clean"
    for line in (f"$ {record.command}", *record_lines(record)):
        assert f"    {line}\n" in told
    link = "[records/fuzz-compare.json](records/fuzz-compare.json)"
    said = f"{link}, of implementation `{record.implementation}`"
    assert said in told.replace("\n", " ")


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz(*SHORT, "--examples", "2", "--format", "json", "--out", tmp_path) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["examples"], report["exit_code"], report["findings"]) == (2, 0, [])
    assert report["states"] > 0


def test_nothing_run_is_no_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz(*SHORT, "--time", "0", "--out", tmp_path) == 22
    assert capsys.readouterr().out.startswith("nothing run: ")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--faults", "rain"), 2, "no fault is called 'rain'"),
        (("--mutant", "H99"), 2, "no mutant is called 'H99'"),
        (("--format", "junit"), 2, "no junit report"),
        (("--examples", "0"), 2, "--examples 0: there is nothing to run"),
        (("--replay", "none.json"), 65, "none.json: cannot be read: No such file"),
    ],
)
def test_wrong_words(
    words: tuple[str, ...], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fuzz(*words) == code
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"redoraft_finding": 9}, "version 9 of findings"),
        ({"mutant": "H99"}, "no mutant is called 'H99'"),
        ({"plan": None}, "not a finding"),
    ],
)
def test_a_file_that_is_no_finding(
    change: dict[str, object], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = {"seed": 1, "nodes": 3, "log_nodes": 1, "faults": "all", "clients": 1, "steps": 9, "turns": []}
    whole = {
        "redoraft_finding": 1,
        "plan": plan,
        "mutant": None,
        "trouble": {"cause": ["refused"], "text": "", "step": 1},
        "command": "",
        "example": 1,
    }
    path = tmp_path / "f.json"
    path.write_text(json.dumps(whole | change))
    assert fuzz("--replay", path) == 65
    assert said in capsys.readouterr().err


@pytest.fixture
def campaign(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A campaign of two processes that ends only when it is interrupted."""
    words = ("--time", "500", "--jobs", "2", "--steps", "150", "--mutant", "LIM-4", "--out", str(tmp_path))
    process = subprocess.Popen(
        [sys.executable, "-m", "redoraft_check.cli", "fuzz", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    yield process
    process.kill()
    process.communicate()


def test_ctrl_c_keeps_what_was_found(campaign: subprocess.Popen[str], tmp_path: Path) -> None:
    assert campaign.stderr is not None and campaign.stdout is not None
    line = next(line for line in campaign.stderr if "saved in" in line)
    assert str(tmp_path / "finding-1.json") in line
    # As a terminal does it: to all processes of the group.
    os.killpg(campaign.pid, signal.SIGINT)
    assert campaign.wait() == 21
    assert "replay with: redoraft fuzz --replay" in campaign.stdout.read()
    assert "Traceback" not in campaign.stderr.read()
    assert fuzz("--replay", tmp_path / "finding-1.json", "--out", tmp_path) == 21


# --- Dask ---


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """A scheduler and two workers, as processes of their own."""
    env = os.environ | {"PYTHONWARNINGS": "ignore", "DASK_DISTRIBUTED__WORKER__DAEMON": "false"}
    address_file = tmp_path / "scheduler.json"
    shared = ("--scheduler-file", str(address_file), "--no-dashboard")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path, "env": env}
    commands = [
        ("distributed.cli.dask_scheduler", *shared, "--host", "127.0.0.1", "--port", "0"),
        *[
            ("distributed.cli.dask_worker", *shared, "--nthreads", "1", "--no-nanny", "--name", name)
            for name in ("one", "two")
        ],
    ]
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for words in commands:
            processes.append(subprocess.Popen([sys.executable, "-m", *words], **quiet))  # type: ignore[call-overload]
        yield _address(address_file, processes[0])
    finally:
        # Not asked to leave: a worker that has lost its scheduler may take minutes over it.
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def _address(file: Path, process: subprocess.Popen[bytes]) -> str:
    for _ in range(1200):
        if process.poll() is not None:
            break
        try:
            return str(json.loads(file.read_text())["address"])
        except (OSError, ValueError):
            time.sleep(0.1)
    raise AssertionError(f"the scheduler has no address; its exit code: {process.returncode}")


def test_a_campaign_on_a_dask_cluster_is_the_same_campaign(scheduler: str, tmp_path: Path) -> None:
    words = ("--examples", "40", "--steps", "120", "--format", "json", "--out", str(tmp_path))
    command = [sys.executable, "-m", "redoraft_check.cli", "fuzz", *words]
    reports = []
    for where in (("--scheduler", scheduler), ("--jobs", "1")):
        ran = subprocess.run([*command, *where], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        reports.append(json.loads(ran.stdout) | {"seconds": None})
    assert reports[0] == reports[1]


def test_without_distributed_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert fuzz("--scheduler", "tcp://127.0.0.1:1", "--examples", "1") == 20
    assert "redoraft[dask]" in capsys.readouterr().err


def test_a_scheduler_that_does_not_answer_and_one_without_workers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("redoraft_check.fuzz.pools.ANSWER_S", 1)
    assert fuzz("--scheduler", "tcp://127.0.0.1:1", "--examples", "1") == 2
    assert "no scheduler answers" in capsys.readouterr().err
    with LocalCluster(n_workers=0, dashboard_address=None) as idle:
        assert fuzz("--scheduler", idle.scheduler_address, "--examples", "1") == 20
    assert "it has no workers" in capsys.readouterr().err


def test_a_scheduler_without_an_address_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz("--examples", "1", "--scheduler", "bogus", *SHORT) == 2
    assert capsys.readouterr().err == "redoraft: --scheduler bogus: give its address, tcp://HOST:PORT\n"
