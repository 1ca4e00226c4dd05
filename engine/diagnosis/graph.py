"""Says who calls whom, directly and through others."""

from collections.abc import Iterable, Mapping

DEEPEST = 4


class Reach:
    """Who can be reached from whom by calls, at most four deep."""

    def __init__(self, calls: Mapping[str, Iterable[str]]) -> None:
        self._next = {name: frozenset(callees) - {name} for name, callees in calls.items()}
        self._below: dict[str, dict[str, int]] = {}

    def below(self, name: str) -> Mapping[str, int]:
        """Everybody a service depends on, with how many calls away."""
        if name not in self._below:
            reached: dict[str, int] = {}
            edge = {name}
            for depth in range(1, DEEPEST + 1):
                edge = {callee for each in edge for callee in self._next.get(each, ())} - reached.keys() - {name}
                reached.update(dict.fromkeys(edge, depth))
            self._below[name] = reached
        return self._below[name]

    def calls(self, caller: str, callee: str) -> bool:
        """Whether one depends on the other, through however many."""
        return callee in self.below(caller) and caller not in self.below(callee)

    def callers(self, name: str) -> frozenset[str]:
        """Who calls a service directly."""
        return frozenset(caller for caller, callees in self._next.items() if name in callees)

    def callees(self, name: str) -> frozenset[str]:
        """Whom a service calls directly."""
        return self._next.get(name, frozenset())
