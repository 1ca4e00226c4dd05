"""Counts what the process does, and says it in Prometheus text format."""

from collections import Counter
from collections.abc import Awaitable, Callable

Reading = Callable[[], Awaitable[float]]
Problem = Callable[[], Awaitable[str]]

COUNTERS = {
    "alerts_accepted": "Alerts read and stored, duplicates included.",
    "changes_accepted": "Changes read and stored, duplicates included.",
    "intake_unauthorised": "Alert and change receiver calls without the right token.",
    "store_errors": "Requests that could not be stored.",
}


class Gauges:
    """Counters the process raises, gauges that are read when somebody looks, and what keeps it from being ready."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._readings: dict[str, tuple[str, Reading]] = {}
        self._problems: list[Problem] = []
        self._flaws: list[Problem] = []

    def count(self, name: str, by: int = 1) -> None:
        """Raise a counter named in COUNTERS."""
        self._counts[name] += by

    def read(self, name: str, help_text: str, reading: Reading) -> None:
        """Register a gauge."""
        self._readings[name] = (help_text, reading)

    def watch(self, problem: Problem) -> None:
        """Register a check that returns why alerts cannot be taken in, "" for nothing."""
        self._problems.append(problem)

    def mention(self, flaw: Problem) -> None:
        """Register a check that returns what does not work while alerts are taken in all the same, "" for nothing."""
        self._flaws.append(flaw)

    async def problems(self) -> list[str]:
        """Why alerts cannot be taken in now."""
        return [text for problem in self._problems if (text := await problem())]

    async def flaws(self) -> list[str]:
        """What else is wrong now."""
        return [text for flaw in self._flaws if (text := await flaw())]

    async def text(self) -> str:
        """All of it, in Prometheus text format 0.0.4."""
        lines = []
        for name, help_text in COUNTERS.items():
            full = f"tocsin_{name}_total"
            lines += [f"# HELP {full} {help_text}", f"# TYPE {full} counter", f"{full} {self._counts[name]}"]
        for name, (help_text, reading) in self._readings.items():
            full = f"tocsin_{name}"
            lines += [f"# HELP {full} {help_text}", f"# TYPE {full} gauge", f"{full} {await reading():g}"]
        return "\n".join(lines) + "\n"
