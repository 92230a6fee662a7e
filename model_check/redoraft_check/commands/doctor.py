"""`redoraft doctor`: what is there, what is missing and how to get it; TLC is proved by running it."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import typer
from attrs import asdict, frozen

from redoraft_check.commands import options as opt
from redoraft_check.exits import CliError, Exit, worst
from redoraft_check.paths import spec_dir
from redoraft_check.tlc.process import scratch_folder
from redoraft_check.tlc.result import Outcome
from redoraft_check.tlc.runner import TlcJob, default_workers, run_tlc
from redoraft_check.tlc.tools import Tools, all_candidates, find_tools

_PACKAGES = ("attrs", "msgspec", "typer", "rich", "crc32c", "zstandard")
_TIMEOUT_S = 60.0

_PROBE = """---- MODULE Probe ----
VARIABLE light
Init == light = "off"
Next == light = "off" /\\ light' = "on"
IsLight == light \\in {"off", "on"}
====
"""
_PROBE_CONFIG = "INIT Init\nNEXT Next\nINVARIANT IsLight\n"


@frozen
class Finding:
    """One line of the doctor's: `ok`, what was looked at, what was found, and what to do if it is not ok."""

    subject: str
    found: str
    exit_code: Exit = Exit.HELD
    remedy: str = ""

    @property
    def ok(self) -> bool:
        """Whether there is nothing to do."""
        return self.exit_code is Exit.HELD


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("doctor")(doctor)


def doctor(
    *,
    format_: opt.FormatOption = opt.Format.TEXT,
    spec: opt.SpecOption = None,
    tla2tools: opt.JarOption = None,
    java: opt.JavaOption = None,
    verbose: opt.VerboseOption = False,  # noqa: ARG001  (read by main, for tracebacks)
) -> None:
    """Look at Python, Java, TLC, Z3 and the packages, and run a model of two states through TLC."""
    if format_ is opt.Format.JUNIT:
        raise CliError(Exit.USAGE, "--format junit: there is nothing to report as tests; use text or json")
    findings: list[Finding] = []
    for finding in _examine(spec, tla2tools, java):
        findings.append(finding)
        if format_ is opt.Format.TEXT:
            typer.echo(_line(finding))
    if format_ is opt.Format.JSON:
        typer.echo(json.dumps([asdict(f) | {"ok": f.ok} for f in findings], indent=2, ensure_ascii=False))
    raise typer.Exit(worst(finding.exit_code for finding in findings))


def _examine(spec: Path | None, tla2tools: Path | None, java: Path | None) -> Iterator[Finding]:
    yield _python()
    yield from _packages()
    yield _z3()
    yield _guarded("specification", lambda: _specification(spec))
    for title, candidates in zip(("tla2tools.jar", "Java"), all_candidates(tla2tools, java), strict=True):
        used = [candidate for candidate in candidates if candidate.used]
        for candidate in used:
            found = f"{candidate.version} from {candidate.source} [{candidate.path}]"
            yield Finding(title, f"{found}; {candidate.warning}" if candidate.warning else found)
        if not used:
            looked = "; ".join(f"{candidate.source}: {candidate.why}" for candidate in candidates)
            yield Finding(title, f"none usable ({looked})", Exit.UNKNOWN)
    yield _guarded("TLC runs", lambda: _probe(find_tools(tla2tools, java)))


def _guarded(subject: str, examine: Callable[[], Finding]) -> Finding:
    """A finding, or the error that stands for it."""
    try:
        return examine()
    except CliError as error:
        return Finding(subject, "no", error.exit_code, error.message)


def _python() -> Finding:
    return Finding("Python", f"{platform.python_version()} on {platform.system()}, {default_workers()} cores")


def _packages() -> Iterator[Finding]:
    for name in ("redoraft", *_PACKAGES):
        try:
            yield Finding(f"package {name}", version(name))
        except PackageNotFoundError:
            yield Finding(f"package {name}", "not installed", Exit.UNKNOWN, f"pip install {name}")


def _z3() -> Finding:
    try:
        import z3  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415  (slow, and may be missing)
    except Exception as error:
        return Finding("Z3", f"cannot be imported: {error}", Exit.UNKNOWN, "pip install z3-solver")
    return Finding("Z3", str(z3.get_version_string()))


def _specification(spec: Path | None) -> Finding:
    folder = spec_dir(spec)
    modules = len(list(folder.glob("*.tla")))
    return Finding("specification", f"{modules} modules [{folder}]")


def _probe(tools: Tools) -> Finding:
    """Run a model of two states; nothing less shows that TLC works here."""
    with scratch_folder() as folder:
        module = folder / "Probe.tla"
        config = folder / "Probe.cfg"
        module.write_text(_PROBE, encoding="utf-8")
        config.write_text(_PROBE_CONFIG, encoding="utf-8")
        result = run_tlc(TlcJob(module, config, workers=1, timeout_s=_TIMEOUT_S), tools)
    if result.outcome is Outcome.HOLDS and result.counts.distinct == 2:
        return Finding("TLC runs", f"a model of 2 states in {result.seconds:.1f} s, TLC {result.version}")
    said = result.note or f"{result.outcome.value}, {result.counts.distinct} distinct states instead of 2"
    remedy = "try another Java with --java or another jar with --tla2tools"
    return Finding("TLC runs", f"no: {said}", Exit.UNKNOWN, remedy)


def _line(finding: Finding) -> str:
    remedy = f" -> {finding.remedy}" if finding.remedy else ""
    return f"{'ok     ' if finding.ok else 'MISSING'}  {finding.subject}: {finding.found}{remedy}"
