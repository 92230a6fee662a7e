"""Where the tree names a requirement: in operators, models, mutants, code and tests.

Python is read, not run: what is judged is not imported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

from attrs import frozen

from redoraft_check.evidence.requirements import mentioned
from redoraft_check.paths import library_dirs
from redoraft_check.tlc.definitions import Definition, definitions
from redoraft_check.tlc.manifest import Manifest, Model, config_of, load_manifest

_SWITCHES: Final = re.compile(r"^\w+Rules ==[^{]*\{")
_PAGES: Final = "docs"
"""The tests of these pages: what they name, they do not test."""
_Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@frozen
class Place:
    """Somewhere in the tree: `name` is how one finds it, `ids` are the requirements it names."""

    name: str
    ids: frozenset[str]
    detail: str = ""


@frozen
class CodeMutant:
    """A rule of the implementation taken out: its name and the rule's id."""

    name: str
    rule: str
    summary: str


@frozen(slots=False)
class Tree:
    """The repository around a specification, and what is found in it."""

    root: Path
    spec: Path

    @cached_property
    def models(self) -> Manifest:
        """The models of the specification."""
        return load_manifest(self.spec / "models")

    @cached_property
    def mutants(self) -> Manifest:
        """The mutants of the specification."""
        return load_manifest(self.spec / "mutants")

    @cached_property
    def operators(self) -> tuple[Place, ...]:
        """The operators whose text or comment names a requirement, and the headers that do."""
        return tuple(place for path in sorted(self.spec.glob("*.tla")) for place in _operators(path))

    @cached_property
    def operator_names(self) -> frozenset[str]:
        """Every operator of the specification, as "Module!Operator"."""
        return frozenset(
            f"{one.module}!{one.name}"
            for path in self.spec.glob("*.tla")
            for one in definitions(path, ()).values()
        )

    @cached_property
    def spec_mutants(self) -> tuple[Place, ...]:
        """Each mutant of the specification with the requirements of what it replaces, or is said to break."""
        return tuple(
            Place(model.name, self._broken_by(model), model.summary) for model in self.mutants.models
        )

    def _broken_by(self, model: Model) -> frozenset[str]:
        library = library_dirs(self.spec)
        found = definitions(self.mutants.folder / f"{model.module}.tla", library)
        ids = mentioned(model.summary)
        for replaced, by in config_of(self.mutants, model).substitutions.items():
            definition = found.get(by)
            if definition is None or not definition.module.startswith("Mutant"):
                continue
            stock = found.get(replaced.rpartition("!")[2])
            ids |= _ids_of(definition) | (_ids_of(stock) if stock else frozenset())
        return ids

    @cached_property
    def code(self) -> tuple[Place, ...]:
        """The modules, classes and functions of the implementation whose docstring names a requirement."""
        package = self.root / "refimpl" / "redoraft"
        return tuple(
            place
            for path in sorted(package.rglob("*.py"))
            for place in _documented(path, package, ast_of(path))
        )

    @cached_property
    def code_mutants(self) -> tuple[CodeMutant, ...]:
        """The rows of the tables `Mutant("name", "rule", ...)`."""
        found = [
            mutant
            for path in sorted((self.root / "refimpl" / "redoraft").rglob("*mutants.py"))
            for mutant in _mutants(ast_of(path))
        ]
        return tuple(sorted(found, key=lambda mutant: mutant.name))

    @cached_property
    def tests(self) -> tuple[Place, ...]:
        """The files under tests/ that name a requirement, a rule, or a mutant of it, with how many tests do;
        the scenarios; the measurements."""
        words = {mutant.name: mutant.rule for mutant in self.code_mutants}
        folder = self.root / "tests"
        python = (
            place
            for path in sorted(folder.rglob("test_*.py"))
            if path.parent.name != _PAGES
            for place in _tests(path, self.root, words)
        )
        found = folder / "scenarios"
        files = [*sorted(found.glob("*.toml")), *sorted(found.glob("machines/*.toml"))]
        scenarios = (Place(path.relative_to(self.root).as_posix(), mentioned(path.stem)) for path in files)
        measured = (
            Place(path.relative_to(self.root).as_posix(), mentioned(path.read_text(encoding="utf-8")))
            for path in sorted((self.root / "benchmarks").glob("*.py"))
        )
        return (*python, *scenarios, *(place for place in measured if place.ids))


def ast_of(path: Path) -> ast.Module:
    """A Python file, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=path.name)


def _operators(path: Path) -> Iterator[Place]:
    own = [one for one in definitions(path, ()).values() if one.module == path.stem]
    named = [Place(f"{one.module}!{one.name}", _ids_of(one)) for one in own if not _SWITCHES.match(one.text)]
    inside = frozenset(one for place in named for one in place.ids)
    header = path.read_text(encoding="utf-8").partition("\nEXTENDS ")[0]
    yield from (place for place in named if place.ids)
    # Where an operator speaks of it, the header adds nothing.
    if left := mentioned(header) - inside:
        yield Place(f"{path.stem} (header)", left)


def _ids_of(definition: Definition) -> frozenset[str]:
    return mentioned(definition.text) | mentioned(definition.comment)


def _documented(path: Path, package: Path, module: ast.Module) -> Iterator[Place]:
    dotted = ".".join(path.relative_to(package).with_suffix("").parts)

    def walk(node: _Documented, name: str) -> Iterator[Place]:
        ids = mentioned(ast.get_docstring(node) or "")
        if ids:
            yield Place(name, ids)
        for inner in node.body:
            if isinstance(inner, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield from walk(inner, f"{name}.{inner.name}")

    yield from walk(module, dotted.removesuffix(".__init__"))


def _mutants(module: ast.Module) -> Iterator[CodeMutant]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Mutant":
            words = [one.value for one in node.args if isinstance(one, ast.Constant)]
            name, rule, summary = (str(word) for word in words[:3])
            yield CodeMutant(name, rule, summary)


def _tests(path: Path, root: Path, words: Mapping[str, str]) -> Iterator[Place]:
    """One place for each requirement that the file names, with how many of its tests do."""
    # ast.get_source_segment splits the whole file for each node.
    lines = path.read_text(encoding="utf-8").split("\n")
    module = ast_of(path)
    counts: dict[str, int] = {}
    for node in module.body:
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
        source = "\n".join(lines[first - 1 : node.end_lineno])
        known = " ".join(rule for name, rule in words.items() if f'"{name}"' in source)
        is_test = isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        for one in mentioned(f"{source} {known}"):
            counts[one] = counts.get(one, 0) + is_test
    name = path.relative_to(root).as_posix()
    for one, times in sorted(counts.items()):
        yield Place(name, frozenset({one}), str(times) if times else "")
