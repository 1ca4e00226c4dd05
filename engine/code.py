"""Names what is read of the code that an error comes from: the lines around it, who wrote them, who else names it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from engine.model import Evidence, Phrase, Sweep, Value
from engine.team import Service

MOST_PLACES = 2
"""Of one round; errors of one cause come from one or two places."""
MOST_VERSIONS = 6


class Place(Value):
    """Where an error comes from, as a stack trace says; `versions` are names of what ran there, the likeliest first.
    Its code is in `repository` ("owner/name"), in the `clone` at that path, or in both."""

    evidence: str
    service: str
    file: str
    line: int
    repository: str = ""
    clone: str = ""
    function: str = ""
    versions: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """file:line, as printed."""
        return f"{self.file}:{self.line}"


class Touch(Value):
    """A commit that changed the file; `here`: it wrote the very line."""

    sha: str
    at: datetime | None = None
    by: str = ""
    title: str = ""
    link: str = ""
    here: bool = False


class Mention(Value):
    """A line elsewhere that names the function."""

    path: str
    line: int
    text: str


class Passage(Value):
    """The lines around a place (`first` is the number of the first), in the repository at `commit`. `version` is what
    ran there; "" where nobody says, and the default branch was read. `looked_into` counts the newest commits of the
    file that were searched for the one that wrote the line. `mentioned`: how many lines of the whole repository name
    the function elsewhere; 0 where nobody counted. All text is a stranger's, without secrets and bounded."""

    evidence: str
    source: str
    service: str
    repository: str
    path: str
    line: int
    commit: str
    version: str = ""
    function: str = ""
    first: int = 1
    lines: tuple[str, ...] = ()
    touches: tuple[Touch, ...] = ()
    looked_into: int = 0
    mentions: tuple[Mention, ...] = ()
    mentioned: int = 0
    link: str = ""

    @property
    def name(self) -> str:
        """file:line, in the repository."""
        return f"{self.path}:{self.line}"


class Missing(Value):
    """A place whose code was not read, and why."""

    evidence: str
    place: str
    reason: Phrase


class Reading(Value):
    """What one look into the code brought."""

    passages: tuple[Passage, ...] = ()
    missing: tuple[Missing, ...] = ()


@runtime_checkable
class CodeReader(Protocol):
    """A source that holds code. It changes nothing; what it cannot read it says, place by place. SourceSilent."""

    @property
    def name(self) -> str: ...

    def holds(self, place: Place) -> bool:
        """Whether the code of this place may be here."""
        ...

    async def read_code(self, places: Sequence[Place]) -> Reading: ...


def places(sweep: Sweep, services: Mapping[str, Service]) -> tuple[Place, ...]:
    """Where the unusual errors of a sweep come from, the weightiest first; of services whose code somebody has."""
    found: dict[tuple[str, str, str, int], Place] = {}
    for each in sweep.evidence:
        service, origin = services.get(each.service), each.details.get("origin")
        if not each.abnormal or not origin or service is None:
            continue
        if not service.repository and not service.repo_path:
            continue
        place = Place(
            evidence=each.id,
            service=each.service,
            repository=service.repository,
            clone=service.repo_path,
            file=origin["file"],
            line=origin["line"],
            function=origin["function"],
            versions=_versions(each, sweep.evidence),
        )
        found.setdefault((place.repository, place.clone, place.file, place.line), place)
    return tuple(found.values())[:MOST_PLACES]


def _versions(error: Evidence, evidence: Iterable[Evidence]) -> tuple[str, ...]:
    """What ran where the error was written: as its lines say, else as the changes of the service before it say."""
    named = list(error.details.get("versions", {}))
    changes = [each.change for each in evidence if each.change and each.change.service == error.service]
    until = error.onset or error.window.end
    for change in sorted(changes, key=lambda change: change.at, reverse=True):
        if change.at <= until:
            named += [*change.aliases, change.version]
    return tuple(dict.fromkeys(name for name in named if name))[:MOST_VERSIONS]
