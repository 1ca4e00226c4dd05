"""Stands in for hosts: answers commands by a function, or as a shell on the other side of ssh would."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.sources.hosts import LOCAL, MOST_BYTES, SECONDS, Hosts, Output, silent

SSHD = '''#!{python}
"""Speaks as ssh does: options, destination, options again, command; the words of the command go to a shell as text."""
import json, subprocess, sys
words = sys.argv[1:]
with open({log!r}, "a", encoding="utf-8") as log:
    log.write(json.dumps(words) + "\\n")
place = 0
while words[place].startswith("-"):
    place += 2 if words[place] == "-o" else 1
target, rest = words[place], words[place + 1:]
if rest[:1] == ["--"]:
    rest = rest[1:]
if target == "gone":
    print("ssh: connect to host gone port 22: Connection refused", file=sys.stderr)
    sys.exit(255)
sys.exit(subprocess.run(["/bin/sh", "-c", " ".join(rest)]).returncode)
'''


def fake_ssh(folder: Path) -> tuple[str, Path]:
    """A program that speaks as ssh does and runs everything on this machine; what it was called with, line by line."""
    program, log = folder / "ssh", folder / "calls.jsonl"
    program.write_text(SSHD.format(python=sys.executable, log=str(log)), encoding="utf-8")
    program.chmod(0o755)
    log.touch()
    return str(program), log


class FakeHosts(Hosts):
    """Hosts that answer by a function of (host, words); `asked` keeps every call, `given` the seconds it had."""

    def __init__(
        self,
        answer: Callable[[str, Sequence[str]], Output] = lambda host, argv: Output("", 0, False),
        names: Sequence[str] = (LOCAL, "web-1"),
        *,
        hangs: bool = False,
    ) -> None:
        super().__init__({name: name for name in names if name != LOCAL}, local=LOCAL in names)
        self._answer, self._hangs = answer, hangs
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.given: list[float] = []

    async def run(self, host: str, argv: Sequence[str], *, seconds: float = SECONDS, most: int = MOST_BYTES) -> Output:
        self.asked.append((host, tuple(argv)))
        self.given.append(seconds)
        if host not in self.names:
            raise silent("host_unknown", host=host)
        if self._hangs:
            await asyncio.Event().wait()
        return self._answer(host, argv)
