"""TLC's `-tool` output, line by line, as messages and the lines between them.

With `-tool` TLC wraps what it says as `@!@!@STARTMSG code:severity @!@!@` ... `@!@!@ENDMSG code @!@!@`.
The codes are stable over releases, the prose is not, so everything downstream looks at codes.
Messages nest (an assertion inside a failed invariant) and are cut off when the process is killed.
What stands outside them was printed by the specification (`PrintT`), by the parser or by the JVM.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum

from attrs import define, field, frozen

_START = re.compile(r"^(?P<before>.*?)@!@!@STARTMSG (?P<code>\d+):(?P<severity>\d) @!@!@\s*$")
_END = re.compile(r"^@!@!@ENDMSG (?P<code>\d+) @!@!@\s*$")


class Severity(IntEnum):
    """TLC's message classes."""

    NONE = 0
    ERROR = 1
    BUG = 2
    WARNING = 3
    STATE = 4


@frozen
class Message:
    """One message.  `text` includes the text of messages nested in it; `complete` is False when cut off."""

    code: int
    severity: Severity
    text: str
    complete: bool = True


@frozen
class Line:
    """One line outside every message, without its line end."""

    text: str


@define
class _Open:
    code: int
    severity: Severity
    lines: list[str] = field(factory=list)

    def closed(self, *, complete: bool) -> Message:
        return Message(self.code, self.severity, "\n".join(self.lines).strip("\n"), complete)


class MessageStream:
    """Feed it lines; it yields what is finished.  An inner message comes before the one around it."""

    def __init__(self) -> None:
        self._stack: list[_Open] = []

    def feed(self, line: str) -> Iterator[Message | Line]:
        """Take one line (its line end may be there); yield the messages and lines it completes."""
        line = line.rstrip("\r\n")
        if start := _START.match(line):
            if start["before"]:
                yield from self._text(start["before"])
            self._stack.append(_Open(int(start["code"]), _severity(start["severity"])))
        elif (end := _END.match(line)) and self._is_open(int(end["code"])):
            yield from self._close(int(end["code"]))
        else:
            yield from self._text(line)

    def close(self) -> Iterator[Message]:
        """The output has ended: yield what was left open, as incomplete."""
        while self._stack:
            yield self._pop(complete=False)

    def _text(self, line: str) -> Iterator[Line]:
        if self._stack:
            self._stack[-1].lines.append(line)
        else:
            yield Line(line)

    def _is_open(self, code: int) -> bool:
        return any(message.code == code for message in self._stack)

    def _close(self, code: int) -> Iterator[Message]:
        while self._stack[-1].code != code:
            yield self._pop(complete=False)
        yield self._pop(complete=True)

    def _pop(self, *, complete: bool) -> Message:
        message = self._stack.pop().closed(complete=complete)
        if self._stack and message.text:
            self._stack[-1].lines.extend(message.text.split("\n"))
        return message


def _severity(digit: str) -> Severity:
    known = {int(member) for member in Severity}
    return Severity(int(digit)) if int(digit) in known else Severity.NONE
