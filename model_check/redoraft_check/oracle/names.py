"""The order in which TLC meets names, by which it orders model values and strings (and so CHOOSE among them).

TLC reads the configuration first, then parses the root module, and only later takes string literals out of
the modules, those of extended modules first.  So: the words of the configuration, then the identifiers of
the root module, then, when the specification is one file, its string literals.  Of other names the order is
not known here, and a CHOOSE that hangs on it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from redoraft_check.oracle.values import Names
from redoraft_check.tlc.config import ModelConfig
from redoraft_check.tlc.definitions import module_files

_TOKEN: Final = re.compile(
    r'\\\*[^\n]*|\(\*|\*\)|"((?:[^"\\]|\\.)*)"|\b([A-Za-z0-9_]*[A-Za-z][A-Za-z0-9_]*)\b'
)

_WORDS: Final = """
A Any Append Apr Assert B B1 B2 BB BagCardinality BagIn BagOfAll BagSet BagToSet BagUnion Bags
Biggest CASE CHOOSE CS Cardinality Combine CopiesIn Corrected D DOMAIN DSum Dec E EE ELSE ENABLED
EXTENDS EmptyBag F FiniteSets Head IF IN INSTANCE Infinity Initial Int Integers IsABag IsFiniteSet
JavaTime LET LOCAL Len Lyle MODULE MaxTime Merz MinTime Modified Nat Naturals NowNext Op Perm
Permutations Print PrintT RSB RTBound RTnow Ramshaw RandomElement RandomSetOfSubsets RandomSubset
Randomization Range Real RealTime Reals RemoveFromDom S STRING SUBSET SelectSeq Seq Sequences
SetToBag SortSeq Stephan SubBag SubSeq Sum T THEN TLC TLCEval TLCGet TLCSet TNext TRUE Tail Test
TestRandomSetOfSubsets Timer ToString Toolbox UNCHANGED UNION VARIABLE WF_now _TEPosition _TETrace
_TETraceLength _now _v a b based by comments cup d div e elt error f for found g geq i in j k leq m
module n notin now o on out p r s seq set sqsubseteq standard subseteq suggestions t v val version w
x y
"""
_STANDARD: Final = frozenset(_WORDS.split())
"""The words of the standard modules: read after the root module, in an order not worked out here."""


def reading_order(config: ModelConfig, module: Path, library: Sequence[Path]) -> Names:
    """The place of each name in that order, as far as it is known."""
    files = list(module_files(module, (module.parent, *library)))
    identifiers, literals = _words(files[0]) if files else ([], [])
    alone = [text for text in literals if text not in _STANDARD] if len(files) == 1 else []
    found = dict.fromkeys([*config.words, *identifiers, *alone])
    return {name: at for at, name in enumerate(found)}


def _words(module: Path) -> tuple[list[str], list[str]]:
    """The identifiers and the string literals of a module, without its comments."""
    identifiers, literals = [], []
    for text, name in _outside_comments(module.read_text(encoding="utf-8", errors="replace")):
        if name:
            identifiers.append(name)
        else:
            literals.append(text)
    return identifiers, literals


def _outside_comments(text: str) -> Iterator[tuple[str, str]]:
    depth = 0
    for found in _TOKEN.finditer(text):
        if found[0] == "(*":
            depth += 1
        elif found[0] == "*)":
            depth = max(0, depth - 1)
        elif depth == 0 and not found[0].startswith("\\*"):
            yield found[1] or "", found[2] or ""
