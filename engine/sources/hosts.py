"""Runs a command on a host to look at it: an argument vector, never a shell of ours, bounded in time and bytes.

The machine this process runs on is asked directly, every other one by ssh, as the settings name them.
"""

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from engine.errors import SourceSilent
from engine.masking import mask
from engine.model import Phrase
from engine.sources.programs import run

LOCAL = "local"
"""How the catalogue calls the machine this process runs on; services without hosts are there."""

SSH = ("-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "-o", "LogLevel=ERROR")
UNREACHED = 255
"""What ssh ends with when it reached no shell."""

SECONDS = 30.0
MOST_BYTES = 256 * 1024
AT_ONCE = 4
LONGEST_DETAIL = 200


class Output(NamedTuple):
    """What a command said, how it ended, and whether it would have said more."""

    text: str
    code: int
    cut: bool
    complaint: str = ""


class Hosts:
    """The hosts the settings name. `targets`: where ssh finds each; `environment` is all that a command inherits."""

    def __init__(
        self,
        targets: Mapping[str, str],
        *,
        local: bool = False,
        environment: Mapping[str, str] | None = None,
        ssh: str = "ssh",
    ) -> None:
        self._targets = dict(targets)
        self._local = local
        self._environment = dict(environment or {})
        self._ssh = ssh
        self._gate = asyncio.Semaphore(AT_ONCE)

    @property
    def names(self) -> tuple[str, ...]:
        """Every host that may be asked."""
        return ((LOCAL,) if self._local else ()) + tuple(self._targets)

    async def run(self, host: str, argv: Sequence[str], *, seconds: float = SECONDS, most: int = MOST_BYTES) -> Output:
        """Run it there. SourceSilent where the host is not known, not reached, or too slow; what the command itself
        complains about is its output."""
        vector = self._vector(host, argv)
        async with self._gate:
            try:
                async with asyncio.timeout(seconds):
                    output = await self._run(vector, most)
            except TimeoutError:
                raise silent("host_late", host=host, command=shlex.join(argv), seconds=seconds) from None
            except (OSError, ValueError) as error:
                detail = getattr(error, "strerror", None) or type(error).__name__
                raise silent("host_program", host=host, program=vector[0], detail=detail) from None
        if host != LOCAL and output.code == UNREACHED:
            said = mask(" ".join(output.complaint.split()))[:LONGEST_DETAIL]
            raise silent("host_unreached", host=host, detail=said or f"ssh {UNREACHED}")
        return output

    def _vector(self, host: str, argv: Sequence[str]) -> list[str]:
        """What is started here. A shell on the other side reads the words ssh hands it, so each is quoted for it."""
        if host == LOCAL and self._local:
            return list(argv)
        target = self._targets.get(host)
        if target is None:
            raise silent("host_unknown", host=host)
        return [self._ssh, *SSH, target, "--", shlex.join(argv)]

    async def _run(self, vector: Sequence[str], most: int) -> Output:
        ran = await run(vector, environment=self._environment, most=most)
        return Output(ran.said.decode("utf-8", "replace"), ran.code, ran.cut, ran.complaint)


def silent(why: str, **more: str | int | float) -> SourceSilent:
    """The error to raise; `why` is a key below `evidence.silent`."""
    return SourceSilent(Phrase(word=f"evidence.silent.{why}", values={"source": "hosts", **more}))
