"""The oracle's graph beside TLC's: states, depth and labelled edges of the gate's models, with a record.

    python benchmarks/agreement.py [MODEL...] [--deep] [--again]

Every model that holds and has at most 30,000 states (300,000 with `--deep`), small ones first, one worker;
models that differ only in what they check have one graph and are compared once.  A model whose record is of
the present text is left out (without `--again`); the record is written after each.  Exit code 1 when a graph
differs, 20 when one is not known.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from redoraft_check.exits import CliError, Exit
from redoraft_check.json_file import write_json
from redoraft_check.oracle.agree import Agreement, compare, identity
from redoraft_check.paths import library_dirs, spec_dir
from redoraft_check.tlc.manifest import Manifest, Model, load_manifest

RECORD = Path(__file__).resolve().parents[1] / "docs" / "records" / "oracle-agreement.json"

SHORT, DEEP = 30_000, 300_000
"""Distinct states up to which a model is compared."""


def main() -> int:
    """Compare, write the record, print a line for each graph."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("--deep", action="store_true", help="also large models (hours)")
    parser.add_argument("--again", action="store_true", help="also those whose record is up to date")
    parser.add_argument("--record", type=Path, default=RECORD)
    options = parser.parse_args()
    manifest = load_manifest(spec_dir() / "models")
    known = json.loads(options.record.read_text(encoding="utf-8")) if options.record.is_file() else {}
    code = 0
    for key, models in graphs(manifest, options.models, DEEP if options.deep else SHORT).items():
        rows = [known[one.name] for one in models if known.get(one.name, {}).get("sha256") == key]
        if not options.again and len(rows) == len(models):
            continue
        row = rows[0] if rows and not options.again else compared(manifest, models[0]) | {"sha256": key}
        known |= {one.name: row for one in models}
        write_json(options.record, dict(sorted(known.items())))
        sys.stdout.write(f"{' = '.join(one.name for one in models)}: {row}\n")
        sys.stdout.flush()
        code = code or (0 if row["equal"] else Exit.UNKNOWN if row["equal"] is None else 1)
    return int(code)


def graphs(manifest: Manifest, names: list[str], most: int) -> dict[str, list[Model]]:
    """The models to compare, under what decides their graphs."""
    chosen = [manifest.model(name) for name in names] or [
        one for one in manifest.models if one.holds and one.distinct is not None and one.distinct <= most
    ]
    out: dict[str, list[Model]] = {}
    for one in sorted(chosen, key=lambda model: model.distinct or 0):
        key = identity(module_of(manifest, one), manifest.config_path(one), library_dirs(spec_dir()))
        out.setdefault(key, []).append(one)
    return out


def module_of(manifest: Manifest, model: Model) -> Path:
    """The file of a model's module."""
    return manifest.folder / f"{model.module}.tla"


def compared(manifest: Manifest, model: Model) -> dict[str, object]:
    """What came of one comparison; `equal` is None when there is none."""
    started = time.monotonic()
    row: dict[str, object] = {"date": datetime.now(UTC).date().isoformat()}
    try:
        found = compare(module_of(manifest, model), manifest.config_path(model), library_dirs(spec_dir()))
    except CliError as error:
        return row | {"equal": None, "reason": error.message}
    row |= {"equal": found.agrees, "distinct": len(found.oracle.states), "depth": found.oracle.depth}
    seconds = {"tlc_s": round(found.tlc.seconds, 1), "whole_s": round(time.monotonic() - started, 1)}
    return row | {"edges": found.edges, "tlc": found.tlc.version} | seconds | differences(found)


def differences(found: Agreement) -> dict[str, object]:
    """How much only one of them has; nothing when they agree."""
    sizes = {
        "states_only_tlc": len(found.states_only_tlc),
        "states_only_oracle": len(found.states_only_oracle),
        "edges_only_tlc": len(found.edges_only_tlc),
        "edges_only_oracle": len(found.edges_only_oracle),
    }
    return {} if found.agrees else dict(sizes)


if __name__ == "__main__":
    sys.stderr.write(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    sys.exit(main())
