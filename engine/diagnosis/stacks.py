"""Reads stack traces: which file and line of the service's own code an error comes from."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.model import LogLine

LONGEST_STACK = 8000
MOST_FRAMES = 60
LONGEST_PLACE = 80
MOST_JOINED = 80
"""Lines that may belong to one error; a process that prints frames for ever ends here."""

JAVA = re.compile(r"^\s*at ([\w$.<>/-]+)\.([\w$<>]+)\(([\w$-]+\.(?:java|kt|scala|groovy)):(\d+)\)")
PYTHON = re.compile(r'^\s*File "([^"\n]{1,300})", line (\d+)(?:, in (\S+))?')
DOTNET = re.compile(r"^\s*at (\S.{0,200}?) in (\S.{0,200}?):line (\d+)")
NODE = re.compile(r"^\s*at (?:async )?(?:(\S.{0,100}?) \()?((?:file://)?[^\s()]{1,300}?):(\d+):\d+\)?\s*$")
GO = re.compile(r"^\s+(\S{1,300}\.go):(\d+)(?: \+0x[0-9a-f]+)?\s*$")
PHP = re.compile(r"^\s*#\d+ (\S{1,300}\.php)\((\d+)\): (\S{1,100})")
RUBY = re.compile(r"^\s*(?:from )?(\S{1,300}\.rb):(\d+):in [`'](.{1,100}?)'")
PLAIN = re.compile(
    r"(?:^|[\s(\[])((?:[\w.@~-]+[/\\])*[\w.-]{1,80}\.(?:go|py|js|ts|tsx|java|kt|rb|rs|php|cs|cc|cpp|c|ex|erl|scala)):(\d+)"
    r"(?::\d+)?(?:\s+([A-Za-z_]\w{0,60}[.:(][\w.$<>:*()]{0,100}))?"
)

LIBRARY_CLASS = re.compile(
    r"^(java|javax|jdk|sun|com\.sun|jakarta|kotlin|kotlinx|scala|groovy|akka|reactor|rx|io\.(netty|grpc|vertx|micrometer|"
    r"opentelemetry|lettuce|reactivex|undertow|quarkus|micronaut|r2dbc)|org\.(springframework|hibernate|apache|postgresql|"
    r"mariadb|eclipse|jboss|slf4j|h2|junit|glassfish|redisson|mybatis|jooq|flywaydb|elasticsearch|opensearch|mongodb|bson)|"
    r"com\.(zaxxer|fasterxml|mysql|google|mongodb|oracle|microsoft|amazonaws|netflix|alibaba|rabbitmq|datastax|github|"
    r"squareup|aerospike|codahale|lmax)|software\.amazon|redis\.clients|ch\.qos|net\.(bytebuddy|sf)|okhttp3|retrofit2|feign)\."
)
LIBRARY_PATH = re.compile(
    r"node_modules[/\\]|^node:|^internal[/\\]|site-packages|dist-packages|[/\\]lib[/\\]python\d|^<|[/\\]go[/\\]src[/\\]"
    r"|[/\\]pkg[/\\]mod[/\\]|[/\\]vendor[/\\]|^runtime[/\\]|[/\\]gems[/\\]|[/\\]rustc[/\\]|\.cargo[/\\]|asyncio[/\\]"
)
CONTINUES = re.compile(
    r"^\s+at \S|^\s*\.{3} \d+ (more|common)|^Caused by: |^\s+Suppressed: |^\s+File \""
    r"|^Traceback \(most recent call last\)"
    r"|^goroutine \d+ \[|^\s+\S+\.go:\d+|^\S+\(.*\)$|^\s*#\d+ \S|^\s+from \S+:\d+:in |^During handling of the above"
    r"|^The above exception was|^\s{4,}\S"
)
LAST_OF_PYTHON = re.compile(r"^[A-Za-z_][\w.]*(Error|Exception|Warning|Exit|Interrupt)\b")


class Frame(NamedTuple):
    """One step of a stack: `file` as printed (of a Java class with its packages as folders), and whose code it is."""

    file: str
    line: int
    function: str
    own: bool

    @property
    def place(self) -> str:
        """file:line, short enough for one line of text."""
        return f"{self.file[-LONGEST_PLACE:]}:{self.line}"


def origin(text: str) -> Frame | None:
    """The deepest frame of the service's own code, in the error that began it; None where the text has no such."""
    for block in _blocks(text[:LONGEST_STACK]):
        frames = [frame for line in block.split("\n") if (frame := _frame(line))][:MOST_FRAMES]
        own = [frame for frame in frames if frame.own]
        if own:
            return own[-1] if PYTHON.search(block) or _last_is_deepest(block) else own[0]
    return None


def _last_is_deepest(block: str) -> bool:
    return any(PYTHON.match(line) for line in block.split("\n"))


def _blocks(text: str) -> Iterable[str]:
    """The parts of a chained error, the one that began it first."""
    if "Caused by: " in text:
        return reversed(text.split("Caused by: "))
    return re.split(r"\n(?:During handling of the above|The above exception was)", text)


def _frame(line: str) -> Frame | None:
    line = line[:500]
    if found := JAVA.match(line):
        owner, function, file, number = found.groups()
        folders = owner.rpartition("/")[2].split(".")[:-1]
        own = not LIBRARY_CLASS.match(f"{owner.rpartition('/')[2]}.")
        return Frame("/".join((*folders, file)), int(number), function, own)
    if found := PYTHON.match(line):
        return _at(found[1], found[2], found[3])
    if found := DOTNET.match(line):
        return _at(found[2], found[3], found[1].partition("(")[0].rpartition(".")[2])
    if found := RUBY.match(line):
        return _at(found[1], found[2], found[3])
    if found := PHP.match(line):
        return _at(found[1], found[2], found[3])
    if found := NODE.match(line):
        return _at(found[2].removeprefix("file://"), found[3], found[1])
    if found := GO.match(line):
        return _at(found[1], found[2], "")
    if found := PLAIN.search(line):
        return _at(found[1], found[2], found[3])
    return None


def _at(file: str, line: str, function: str | None) -> Frame:
    return Frame(file, int(line[:9]), (function or "").strip()[:100], not LIBRARY_PATH.search(file))


def joined(lines: Sequence[LogLine]) -> list[LogLine]:
    """Lines in order of time, each with what a log shipper cut off it: the frames that follow, as one message.

    Only lines of one service that come at once after each other belong together.
    """
    whole: list[LogLine] = []
    parts: list[list[str]] = []
    last: dict[str, int] = {}
    for line in sorted(lines, key=lambda line: line.at):
        place = last.get(line.service)
        if place is not None and _belongs(line, whole[place], parts[place]):
            parts[place].append(line.message)
            continue
        last[line.service] = len(whole)
        whole.append(line)
        parts.append([line.message])
    return [
        line if len(said) == 1 else line.model_copy(update={"message": "\n".join(said)})
        for line, said in zip(whole, parts, strict=True)
    ]


def _belongs(line: LogLine, to: LogLine, said: Sequence[str]) -> bool:
    if len(said) >= MOST_JOINED or (line.at - to.at).total_seconds() > 1.0:
        return False
    if CONTINUES.match(line.message):
        return True
    in_traceback = any(part.startswith("Traceback (most recent") for part in said)
    return in_traceback and bool(LAST_OF_PYTHON.match(line.message))
