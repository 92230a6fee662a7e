"""The `redoraft` command: subcommands, and the one place where errors become exit codes."""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from types import FrameType
from typing import Annotated

import typer

from redoraft_check.exits import CliError, Exit

DEBUG_ENV = "REDORAFT_DEBUG"

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

COMMAND_MODULES = (
    "demo",
    "check",
    "why",
    "findings",
    "docs",
    "matrix",
    "prove",
    "replay",
    "convert",
    "simulate",
    "crashes",
    "schedules",
    "validate",
    "fuzz",
    "show",
    "tools",
    "doctor",
)
"""Modules of `redoraft_check.commands`, each named as its command, in the order of `redoraft --help`."""


class Interrupted(BaseException):
    """A signal asked us to stop.  No `Exception`, so that nothing on the way takes it for an error."""


def build_app(names: Sequence[str] = COMMAND_MODULES) -> typer.Typer:
    """The application with these subcommands registered."""
    app = typer.Typer(
        name="redoraft",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for name in names:
        import_module(f"redoraft_check.commands.{name}").register(app)
    return app


def main(arguments: list[str] | None = None) -> int:
    """Run a command line (default: the process's) and give its exit code (see `Exit`)."""
    words = sys.argv[1:] if arguments is None else arguments
    before = {number: signal.signal(number, _interrupt) for number in _STOPPING}
    try:
        # What the other commands need takes longer to import than many a command to run.
        build_app(words[:1] if words and words[0] in COMMAND_MODULES else COMMAND_MODULES)(
            args=words, prog_name="redoraft"
        )
    except SystemExit as leaving:
        return _code_of(leaving)
    except CliError as error:
        _complain(error.message, words)
        return int(error.exit_code)
    except (Interrupted, KeyboardInterrupt):
        typer.echo("redoraft: interrupted; what was finished is saved", err=True)
        return int(Exit.INTERRUPTED)
    except OSError as error:
        return int(_unusable(error, words))
    except Exception as error:
        _complain(f"internal error: {type(error).__name__}: {error}", words, internal=True)
        return int(Exit.INTERNAL)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return int(Exit.HELD)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415  (start-up stays quick)

        typer.echo(f"redoraft {version('redoraft')}")
        raise typer.Exit


def _root(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_print_version),
    ] = False,
) -> None:
    """InnoDB's redo log over Raft: check the specification, and the implementation against it."""


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise Interrupted


def _code_of(leaving: SystemExit) -> int:
    before = leaving.__context__
    if isinstance(before, OSError) and before.errno == errno.EPIPE:
        # Typer says 1 where a pipe is closed, which means something else here.
        return int(Exit.UNREAD)
    return leaving.code if isinstance(leaving.code, int) else int(Exit.HELD)


def _unusable(error: OSError, words: list[str]) -> Exit:
    """A file, a folder or a disk that does not do what was asked of it; others are errors of ours."""
    told = f"{type(error).__name__}: {error}"
    if error.filename is None and error.errno not in {errno.ENOSPC, errno.EDQUOT}:
        _complain(f"internal error: {told}", words, internal=True)
        return Exit.INTERNAL
    where = "" if error.filename is None else f"{error.filename}: "
    _complain(f"{where}{error.strerror}; check the path, its permissions and the free space", words)
    return Exit.BAD_INPUT


def _complain(message: str, words: list[str], *, internal: bool = False) -> None:
    """One line on stderr; the traceback only for who asked for it."""
    typer.echo("redoraft: " + " ".join(message.split()), err=True)
    wanted = os.environ.get(DEBUG_ENV) == "1" or {"-v", "--verbose"} & set(words)
    if wanted and internal:
        traceback.print_exc()
    elif internal:
        typer.echo(f"redoraft: for the traceback, repeat it with -v or {DEBUG_ENV}=1", err=True)


if __name__ == "__main__":
    sys.exit(main())
