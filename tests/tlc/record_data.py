"""Record what TLC says of `data/Probe.tla` in each of its moods, for the parser's tests.

Run it by hand (`python tests/tlc/record_data.py`) when a new release of TLC is to be read; paths, process
numbers and the machine's description are taken out.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path

from redoraft_check.tlc.tools import find_tools

DATA = Path(__file__).resolve().parent / "data"

# Name: Kind, specification, what the .cfg checks, further arguments.
MOODS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "action": ("", "Spec", "PROPERTY StepsByTwo", ()),
    "assert": ("", "Spec", "INVARIANT Asserted", ()),
    "assume": ("assume", "Spec", "", ()),
    "bad_equality": ("", "Spec", "INVARIANT Mixed", ()),
    "config_error": ("", "Spec", "INVARIANT Missing", ()),
    "deadlock": ("", "Spec", "", ("deadlock",)),
    "evaluation": ("eval", "Spec", "", ()),
    "init_evaluation": ("initerr", "Spec", "", ()),
    "initial_invariant": ("", "Spec", "INVARIANT NotZero", ()),
    "initial_property": ("", "Spec", "PROPERTY StartsAtOne", ()),
    "invariant": ("", "Spec", "INVARIANTS Small Seen", ()),
    "lasso": ("loop", "Fair", "PROPERTY OneLeadsToNine", ()),
    "no_initial_state": ("noinit", "Spec", "INVARIANT NotZero", ()),
    "parse": ("", "Spec", "", ("broken",)),
    "printed": ("", "Spec", "INVARIANTS Long Seen", ()),
    "simulation": ("", "Spec", "INVARIANT Type", ("-simulate", "num=20", "-depth", "10")),
    "simulation_violation": ("", "Spec", "INVARIANT Small", ("-simulate", "num=20", "-depth", "10")),
    "stuttering": ("", "Spec", "PROPERTY ReachesFive", ()),
    "temporal_holds": ("loop", "Fair", "PROPERTY ReachesThree", ()),
    "two_temporal": ("loop", "Fair", "PROPERTIES ReachesFive OneLeadsToNine", ()),
}


def record(name: str) -> int:
    """Run TLC in one mood, write `data/NAME.txt`, and give its exit code."""
    kind, spec, checked, arguments = MOODS[name]
    tools = find_tools()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        text = (DATA / "Probe.tla").read_text(encoding="utf-8")
        if "broken" in arguments:
            text = text.replace("Fair == Spec", "Fair == Speck")
        if name == "simulation":
            text = text.replace("Small ==", "Type == x \\in 0..3\nSmall ==")
        (scratch / "Probe.tla").write_text(text, encoding="utf-8")
        config = f'CONSTANTS Kind = "{kind}"\n Node = {{n1, n2}}\nSPECIFICATION {spec}\n{checked}\n'
        (scratch / "Probe.cfg").write_text(config, encoding="utf-8")
        flags = [word for word in arguments if word not in {"broken", "deadlock"}]
        ran = subprocess.run(
            [
                tools.java_path,
                "-XX:+UseParallelGC",
                f"-Djava.io.tmpdir={scratch}",
                "-cp",
                tools.jar_path.resolve(),
                *("tlc2.TLC", "-tool", "-workers", "1", "-coverage", "1"),
                *([] if "deadlock" in arguments else ["-deadlock"]),
                *("-metadir", str(scratch), *flags, "-config", "Probe.cfg", "Probe.tla"),
            ],
            cwd=scratch,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    output = ran.stdout.replace(str(scratch), "SCRATCH").replace(str(tools.jar_path), "JAR")
    output = re.sub(r" on \d+ cores with .*", " on some machine.", output)
    (DATA / f"{name}.txt").write_text(output, encoding="utf-8")
    return ran.returncode


def main() -> None:
    """Record every mood; the exit codes go to `data/exits.json`."""
    exits = {name: record(name) for name in MOODS}
    (DATA / "exits.json").write_text(json.dumps(exits, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
