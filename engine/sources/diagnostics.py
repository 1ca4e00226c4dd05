"""Says which commands people may have run on a host: those that only look, with options that only look.

What is not on the list is refused. Words are split as a shell would, and handed over as they are: no shell reads them.
"""

import re
import shlex
from collections.abc import Collection, Sequence
from typing import NamedTuple

from engine.errors import InputError
from engine.model import Phrase

LONGEST = 500
MOST_WORDS = 24
SPECIAL = frozenset(";|&$<>(){}[]`\\*?!#~\"'\n\r\t\0")
"""What a shell would act on; no word of a command may hold any."""

PATH = r"/[\w.@/+-]*"
NAME = r"[\w@][\w@.:-]*"
VALUE = re.compile(r"[\w@.:,%/+= -]+")
ABOUT_PROCESSES = r"(status|limits|stat|statm|io|cgroup|sched|wchan)"
PROC = (
    r"/proc/(meminfo|cpuinfo|loadavg|uptime|stat|vmstat|diskstats|mounts|partitions|interrupts|softirqs|version|swaps"
    r"|net/(dev|snmp|netstat|sockstat|tcp|tcp6|udp|udp6)|pressure/(cpu|memory|io)"
    rf"|sys/fs/file-nr|\d+/{ABOUT_PROCESSES})"
)
"""No environment of processes, no memory, nothing that waits."""


class Allowed(NamedTuple):
    """One command and what may follow it.

    `flags` are letters that may stand behind one dash, `valued` those of them whose value is the next word; `options`
    are long ones, with = where they take a value; `operands` is what any other word must look like. `adds` comes last:
    it makes the command end by itself and ask nobody. `usually` is added unless one of its first words is there.
    """

    words: tuple[str, ...]
    flags: str = ""
    valued: str = ""
    options: tuple[str, ...] = ()
    operands: str = ""
    adds: tuple[str, ...] = ()
    usually: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    files: bool = False


JOURNAL_OPTIONS = (
    "--since=",
    "--until=",
    "--unit=",
    "--lines=",
    "--priority=",
    "--grep=",
    "--output=",
    "--identifier=",
)

COMMANDS: tuple[Allowed, ...] = (
    Allowed(
        ("ps",),
        "aAdefFHjlLTwx",
        "opCUuGgtq",
        ("--sort=", "--forest", "--no-headers"),
        r"(?=.)a?u?x?f?w{0,2}|[0-9][0-9,]*",
    ),
    Allowed(("top",), "bHci1", "npo", adds=("-b", "-n", "1")),
    Allowed(("df",), "ahHiklPT", options=("--total",), operands=PATH),
    Allowed(("du",), "achHkmsx", "d", ("--max-depth=",), PATH),
    Allowed(("free",), "bkmghtlw"),
    Allowed(("cat",), operands=PROC),
    Allowed(("netstat",), "altunpresigW46"),
    Allowed(("ss",), "Haltunpxwsimoer46O", operands=r"[a-z][a-z-]*|=|:?\d+|[\d.]+(:\d+)?"),
    Allowed(("lsof",), "nPtUl", "pu", operands=r"-i[\w:.,@-]*"),
    Allowed(
        ("journalctl",),
        "xebkraq",
        "unpotSUg",
        (*JOURNAL_OPTIONS, "--no-pager", "--utc", "--reverse", "--boot", "--dmesg", "--no-hostname", "--quiet"),
        rf"_?[A-Z][A-Z_]*={NAME}",
        adds=("--no-pager",),
        usually=(("-n", "--lines="), ("--lines=500",)),
    ),
    Allowed(("systemctl", "status"), "laq", "n", ("--no-pager", "--full", "--lines="), NAME, adds=("--no-pager",)),
    Allowed(("systemctl", "is-active"), "q", operands=NAME),
    Allowed(("systemctl", "is-failed"), "q", operands=NAME),
    Allowed(
        ("systemctl", "list-units"),
        "laq",
        "t",
        ("--no-pager", "--failed", "--all", "--full", "--type=", "--state="),
        adds=("--no-pager",),
    ),
    Allowed(("systemctl", "list-timers"), "al", options=("--no-pager", "--all"), adds=("--no-pager",)),
    Allowed(("uptime",), "ps"),
    Allowed(("uname",), "amnrsv"),
    Allowed(("nproc",), options=("--all",)),
    Allowed(("vmstat",), "swdam"),
    Allowed(("date",), "uR"),
    Allowed(("dmesg",), "TxkuH", options=("--level=", "--time-format="), adds=("--nopager",)),
    Allowed(("tail",), "", "nc", ("--lines=", "--bytes="), files=True),
    Allowed(("head",), "", "nc", ("--lines=", "--bytes="), files=True),
    Allowed(
        ("grep",),
        "inEFvwc",
        "ABCm",
        ("--count",),
        r"[^-].*",
        usually=(("-m", "-c", "--count"), ("--max-count=200",)),
        files=True,
    ),
)


def permitted(text: str, files: Collection[str]) -> tuple[str, ...]:
    """What is typed as the words to run. InputError says what is not allowed and what is.

    `files` are the log files that may be read; anything else that reads a file is off the list."""
    words = _split(text)
    command = _command(words)
    rest = words[len(command.words) :]
    found, read = _checked(command, rest, files)
    if command.files and not read:
        raise _no("file", command=command.words[0], files=", ".join(sorted(files)[:10]) or "-")
    told, more = command.usually
    usual = () if any(word.startswith(told) for word in found) else more
    return (*command.words, *usual, *found, *command.adds)


def known() -> str:
    """The commands there are, for people."""
    return ", ".join(dict.fromkeys(" ".join(command.words) for command in COMMANDS))


def _split(text: str) -> list[str]:
    try:
        words = shlex.split(text[: LONGEST + 1])
    except ValueError:
        raise _no("characters") from None
    if not words or len(text) > LONGEST or len(words) > MOST_WORDS:
        raise _no("command", said=text.strip()[:40] or "-", known=known())
    if any(SPECIAL & set(word) or not word.isprintable() for word in words) or SPECIAL & (set(text) - set("\"'")):
        raise _no("characters")
    return words


def _command(words: Sequence[str]) -> Allowed:
    fitting = [each for each in COMMANDS if tuple(words[: len(each.words)]) == each.words]
    if not fitting:
        raise _no("command", said=" ".join(words[:2])[:40], known=known())
    return fitting[0]


def _checked(command: Allowed, words: Sequence[str], files: Collection[str]) -> tuple[list[str], bool]:
    """The words as they may be handed over, and whether a log file is among them."""
    found: list[str] = []
    waiting, read, sought = "", False, 0
    for word in words:
        if waiting:
            if not VALUE.fullmatch(word) or word.startswith("-") or (command.words == ("ps",) and "env" in word):
                raise _no("value", option=waiting, value=word[:40])
            waiting = ""
        elif command.files and word in files:
            read = True
        elif word.startswith("-") and _is_option(command, word):
            waiting = word if word[-1] in command.valued and not word.startswith("--") else ""
        elif not (command.operands and re.fullmatch(command.operands, word) and ".." not in word):
            raise _refused(command, word, files)
        elif command.files:
            # The first word is what is looked for; whatever else is no log file would be taken for the name of one.
            sought += 1
            if sought > 1 or word.startswith("/"):
                raise _refused(command, word, files)
        found.append(word)
    if waiting:
        raise _no("value", option=waiting, value="-")
    return found, read


def _is_option(command: Allowed, word: str) -> bool:
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return f"{name}{equals}" in command.options and (not equals or bool(VALUE.fullmatch(value)))
    allowed, valued = set(command.flags) | set(command.valued), set(command.valued)
    body = word[1:]
    letters = body.rstrip("0123456789")
    if body and set(body) <= allowed and not set(body[:-1]) & valued:
        return True
    if not letters:
        # `tail -50`
        return bool(body) and command.files
    # `-n50`: a value that is a number may follow its letter at once.
    return letters != body and letters[-1] in valued and set(letters) <= allowed and not set(letters[:-1]) & valued


def _refused(command: Allowed, word: str, files: Collection[str]) -> InputError:
    if command.files and not word.startswith("-"):
        return _no("file", command=command.words[0], files=", ".join(sorted(files)[:10]) or "-")
    return _no("option", command=" ".join(command.words), option=word[:40])


def _no(why: str, **values: str) -> InputError:
    return InputError(Phrase(word=f"error.diag.{why}", values={**values}))
