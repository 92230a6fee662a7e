"""`redoraft prove`: the promises without bounds, shown by Z3 one obligation at a time."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated
from xml.etree import ElementTree as ET

import typer

from redoraft_check.commands import options as opt
from redoraft_check.commands.refuting import Judge, Refuting, refute_rules
from redoraft_check.commands.screen import Screen
from redoraft_check.commands.tables import plain_table
from redoraft_check.evidence.both import write_both
from redoraft_check.exits import CliError, Exit, worst
from redoraft_check.json_file import write_json
from redoraft_check.paths import spec_dir
from redoraft_check.report.record import RECORD_VERSION, command_line
from redoraft_check.smt import second
from redoraft_check.smt.answers import Answer
from redoraft_check.smt.hints import hints_of, keep
from redoraft_check.smt.models import MODELS, model
from redoraft_check.smt.obligations import kept
from redoraft_check.smt.second import Verdict
from redoraft_check.smt.session import Plan, Proof, Solver, run

_EXITS = {
    Answer.PROVED: Exit.HELD,
    Answer.REFUTED: Exit.SAFETY,
    Answer.CONTRADICTED: Exit.CONTRADICTED,
    Answer.UNKNOWN: Exit.UNKNOWN,
}
_JUNIT = {Answer.REFUTED: "failure", Answer.CONTRADICTED: "error", Answer.UNKNOWN: "error"}


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("prove")(prove)


def prove(
    models: Annotated[
        list[str] | None, typer.Argument(help="Model names or globs; all models by default.")
    ] = None,
    *,
    list_: Annotated[bool, typer.Option("--list", help="List the models and stop.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Prove what was proved before again.")] = False,
    dump: Annotated[
        Path | None, typer.Option("--dump", help="Write each obligation as SMT-LIB2 into this folder.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="Processes; 0 is one per core.")] = 0,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, help="Seconds for each obligation; then it is unknown.")
    ] = 60.0,
    solver: Annotated[
        Solver, typer.Option("--solver", help="Who proves; with both, each must say the same.")
    ] = Solver.Z3,
    learn: Annotated[
        bool, typer.Option("--learn", help="Find anew which hypotheses suffice; keep that with the sources.")
    ] = False,
    refute: Annotated[
        list[str] | None,
        typer.Option("--refute", help="RULE, or all: show by an execution what goes wrong without it."),
    ] = None,
    judge: Annotated[
        Judge, typer.Option("--judge", help="Who judges the traces of --refute.")
    ] = Judge.ORACLE,
    record_: Annotated[
        bool,
        typer.Option("--record", help="Keep in docs/records what TLC (--refute) or both solvers have said."),
    ] = False,
    format_: opt.FormatOption = opt.Format.TEXT,
    out: opt.OutOption = Path("out/prove"),
    quiet: opt.QuietOption = False,
    verbose: opt.VerboseOption = False,
) -> None:
    """Prove with Z3, for any number of nodes, terms and entries, that the rules keep their promises."""
    names = _chosen(models or [])
    if list_:
        typer.echo(plain_table(("model", "shows"), [(name, model(name).summary) for name in names]))
        return
    screen = Screen(quiet=quiet)
    if refute:
        if models:
            raise CliError(Exit.USAGE, "--refute takes rules, and no models")
        refute_rules(Refuting(refute, judge, record_), out, format_, screen)
        return
    for wrong, said in (
        (
            record_ and (solver is not Solver.BOTH or bool(models) or not no_cache),
            "--record keeps a whole run of both solvers: redoraft prove --no-cache --solver both --record",
        ),
        (
            learn and solver is not Solver.Z3,
            "--learn asks Z3 which hypotheses suffice: leave --solver out",
        ),
    ):
        if wrong:
            raise CliError(Exit.USAGE, said)
    if solver is not Solver.Z3:
        screen.say(f"cvc5 {second.version()}")
    again = [f"--timeout={timeout:g}"] if timeout != 60.0 else []
    again += ["--learn"] if learn else []
    again += [f"--solver={solver.value}"] if solver is not Solver.Z3 else []
    command = command_line("prove", *(models or []), *(["--no-cache"] if no_cache else []), *again)
    plan = Plan(timeout, jobs, not no_cache, dump, solver, learn)
    proofs: list[Proof] = []
    start = time.monotonic()
    finished = False
    try:
        for proof in run(names, plan, screen.say):
            proofs.append(proof)
        finished = True
    finally:
        code = worst(_EXITS[proof.result.answer] for proof in proofs)
        record = _record(proofs, code if finished else Exit.INTERRUPTED, command, time.monotonic() - start)
        write_json(out / "run.json", record)
    if record_:
        screen.say(f"{write_both(spec_dir(None), proofs, record)}: {len(proofs)} obligations")
    if learn:
        _keep_hints(names, proofs, screen)
    if format_ is opt.Format.TEXT:
        _print_text(names, proofs, record, verbose=verbose)
    else:
        _print_machine(proofs, record, format_)
    raise typer.Exit(code)


def _print_machine(proofs: Sequence[Proof], record: dict[str, object], format_: opt.Format) -> None:
    if format_ is opt.Format.JSON:
        typer.echo(json.dumps(record, indent=2, ensure_ascii=False))
    else:
        sys.stdout.write(_junit(proofs))


def _keep_hints(names: Sequence[str], proofs: Sequence[Proof], screen: Screen) -> None:
    """Where none was found, a busy machine may be why, and the old one stays."""
    for name in names:
        old = hints_of(name)
        learned = [(one.claim, one.hint) for one in proofs if one.model == name]
        new = {claim: old.get(claim, ()) if hint is None else hint for claim, hint in learned}
        found = {claim: hint for claim, hint in new.items() if hint}
        try:
            kept = keep(name, found)
        except OSError as error:
            raise CliError(Exit.USAGE, f"the hints of {name} cannot be written: {error}") from None
        screen.say(f"{kept}: {len(found)} hints")


def _chosen(patterns: Sequence[str]) -> list[str]:
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in MODELS):
            raise CliError(Exit.USAGE, f"no model {pattern}; there are: {', '.join(MODELS)}")
    return [name for name in MODELS if any(fnmatchcase(name, one) for one in patterns or ("*",))]


def _record(proofs: Sequence[Proof], code: Exit, command: str, seconds: float) -> dict[str, object]:
    return {
        "redoraft_record": RECORD_VERSION,
        "kind": "prove",
        "command": command,
        "exit_code": int(code),
        "verdict": code.name.lower(),
        "seconds": round(seconds, 3),
        "obligations": [
            {
                "name": proof.name,
                "why": proof.why,
                "answer": proof.result.answer.value.lower(),
                "seconds": round(proof.result.seconds, 3),
                "hypotheses": proof.result.portion,
                "cached": proof.result.cached,
                "reason": proof.result.reason,
                "counterexample": proof.result.picture,
                **_second(proof),
            }
            for proof in proofs
        ],
    }


def _second(proof: Proof) -> dict[str, object]:
    opinion = proof.second
    if opinion is None:
        return {}
    seconds = round(opinion.seconds, 3)
    said = {"verdict": opinion.verdict.value, "seconds": seconds, "hypotheses": opinion.portion}
    return {"cvc5": said | {"cached": opinion.cached}}


def _opinions(names: Sequence[str], proofs: Sequence[Proof]) -> str:
    """By model, what cvc5 has said beside Z3."""
    rows = []
    for name in names:
        own = [proof for proof in proofs if proof.model == name]
        asked = [(proof, proof.second) for proof in own if proof.second is not None]
        told = sum(opinion.verdict is not Verdict.UNKNOWN for _, opinion in asked)
        against = sum(proof.result.answer is Answer.CONTRADICTED for proof, _ in asked)
        seconds = [opinion.seconds for _, opinion in asked]
        cells = (told, told - against, against, len(asked) - told)
        times = (f"{sum(seconds):.1f}", f"{max(seconds, default=0.0):.1f}")
        rows.append((name, str(len(asked)), *map(str, cells), *times))
    return plain_table(
        ("model", "asked", "cvc5 tells", "as Z3", "against Z3", "not told", "seconds", "slowest"), rows
    )


def _print_text(
    names: Sequence[str], proofs: Sequence[Proof], record: dict[str, object], *, verbose: bool
) -> None:
    rows = []
    for name in names:
        own = [proof for proof in proofs if proof.model == name]
        shown = sum(proof.result.answer is Answer.PROVED for proof in own)
        slowest = max((proof.result.seconds for proof in own), default=0.0)
        seconds = sum(proof.result.seconds for proof in own)
        cells = (f"{shown} of {len(own)}", str(kept(model(name))), f"{seconds:.1f}", f"{slowest:.1f}")
        rows.append((name, *cells, model(name).summary))
    typer.echo(plain_table(("model", "proved", "untouched", "seconds", "slowest", "shows"), rows))
    if any(proof.second is not None for proof in proofs):
        typer.echo("\n" + _opinions(names, proofs))
    if verbose:
        table = [
            (proof.name, proof.result.answer.value, f"{proof.result.seconds:.2f}", proof.result.portion)
            for proof in sorted(proofs, key=lambda one: one.name)
        ]
        typer.echo("\n" + plain_table(("obligation", "answer", "seconds", "hypotheses"), table))
    for proof in proofs:
        if proof.result.answer is not Answer.PROVED:
            typer.echo(f"\n{proof.result.answer.value}: {proof.name}\n  {proof.why}")
            typer.echo("\n".join(text for text in (proof.result.reason, proof.result.picture) if text))
    held = sum(proof.result.answer is Answer.PROVED for proof in proofs)
    typer.echo(
        f"\n{held} of {len(proofs)} obligations proved in {record['seconds']} s; "
        f"exit code {record['exit_code']} ({record['verdict']})"
    )
    typer.echo(f"repeat with: {record['command']}")


def _junit(proofs: Sequence[Proof]) -> str:
    kinds = [_JUNIT.get(proof.result.answer) for proof in proofs]
    suite = ET.Element(
        "testsuite",
        name="redoraft prove",
        tests=str(len(proofs)),
        failures=str(kinds.count("failure")),
        errors=str(kinds.count("error")),
        time=f"{sum(proof.result.seconds for proof in proofs):.3f}",
    )
    for proof, kind in zip(proofs, kinds, strict=True):
        case = ET.SubElement(
            suite,
            "testcase",
            classname=f"{proof.model}.{proof.step}",
            name=proof.goal,
            time=f"{proof.result.seconds:.3f}",
        )
        if kind is not None:
            ET.SubElement(case, kind, message=proof.result.reason or proof.why).text = proof.result.picture
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
