"""Remembers which alerts were promised an incident and are not placed yet, so that nothing overtakes them."""

from collections.abc import Iterable

from engine.ports import Promise

Name = tuple[str, str, str]
"""(team, fingerprint, group key) of an alert on its way in."""


class Promises:
    """Promises by the receiver call they were made to. A page of a commit writes into one of its own `over` those that
    stand on the disk, which learn of it once the commit stands."""

    def __init__(self, over: "Promises | None" = None) -> None:
        self.made: dict[str, tuple[Promise, ...]] = {}
        self.kept: dict[str, None] = {}
        self.incidents: set[str] = set()
        self._over = over
        self._alerts: dict[tuple[str, str], str] = {}
        self._groups: dict[tuple[str, str], str] = {}

    @property
    def count(self) -> int:
        """How many incidents are promised."""
        return len(self.incidents) + (self._over.count if self._over else 0)

    def make(self, ref: str, promises: Iterable[Promise]) -> None:
        """These incidents were promised to this call."""
        self.made[ref] = tuple(promises)
        for promise in self.made[ref]:
            self.incidents.add(promise.incident)
            self._alerts[promise.team, promise.fingerprint] = ref
            if promise.group_key:
                self._groups[promise.team, promise.group_key] = ref

    def keep(self, ref: str) -> None:
        """This call is being placed."""
        self.kept[ref] = None

    def held(self, name: Name, but: str = "") -> bool:
        """Whether this alert or its group was promised an incident, to another call than `but`."""
        team, fingerprint, group_key = name
        refs = (self._ref_of_alert(team, fingerprint), self._ref_of_group(team, group_key))
        return any(ref not in ("", but) and ref not in self.kept for ref in refs)

    def is_drawn(self, incident: str) -> bool:
        """Whether an incident of this id was promised."""
        return incident in self.incidents or (self._over is not None and incident in self._over.incidents)

    def learn(self, page: "Promises") -> None:
        """The commit of this page stands."""
        for ref, promises in page.made.items():
            self.make(ref, promises)
        for ref in page.kept:
            self._drop(ref)

    def _drop(self, ref: str) -> None:
        for promise in self.made.pop(ref, ()):
            self.incidents.discard(promise.incident)
            self._alerts.pop((promise.team, promise.fingerprint), None)
            self._groups.pop((promise.team, promise.group_key), None)

    def _ref_of_alert(self, team: str, fingerprint: str) -> str:
        own = self._alerts.get((team, fingerprint), "")
        return own or (self._over._ref_of_alert(team, fingerprint) if self._over else "")

    def _ref_of_group(self, team: str, group_key: str) -> str:
        own = self._groups.get((team, group_key), "") if group_key else ""
        return own or (self._over._ref_of_group(team, group_key) if self._over else "")
