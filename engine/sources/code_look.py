"""Reads the code an error comes from, whoever keeps it: finds the file and cuts out what a person wants to see."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

from engine.code import Missing, Passage, Place, Reading, Touch
from engine.errors import SourceSilent
from engine.sources.http import harvest
from engine.sources.notes import cut
from engine.sources.passages import around, fitting, mentions, names, sure, symbol

T = TypeVar("T")

PLACES, MORE, DETAILS = 0.95, 0.85, 0.75
"""Shares of the patience: until when lines, what is known beside them, and the parts of that are waited for, so that
what came in time is not lost with what did not."""
MOST_COMMITS = 5
YEARS = range(1980, 2200)
"""When a commit may have been written; anybody can have Git say anything."""


class Hurry:
    """The time one look into the code has."""

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self._began = _now()

    async def all(self, jobs: Sequence[Callable[[], Awaitable[T]]], share: float) -> list[T | SourceSilent | None]:
        """What these bring until this share of it is over."""
        return await harvest(jobs, max(self._began + share * self.patience - _now(), 0.0))


class History(NamedTuple):
    """The newest commits of a file, and how many of them were searched for the one that wrote a line."""

    touches: tuple[Touch, ...] = ()
    looked_into: int = 0


class Naming(NamedTuple):
    """Other files in which a function may be named, the likeliest first, and how many lines of the whole repository
    name it; 0 where nobody counted."""

    paths: Sequence[str] = ()
    lines: int = 0


class Checkout(Protocol):
    """A repository as it is at a commit; `version` is what of it runs, "" where nobody says: the default branch."""

    @property
    def repository(self) -> str: ...

    @property
    def commit(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def paths(self) -> Collection[str]:
        """Its files, and links."""
        ...

    async def text(self, path: str) -> str | None:
        """A file; None where it is none that people read: a link, too large, not of letters. SourceSilent."""
        ...

    async def history(self, path: str, line: int) -> History: ...

    async def naming(self, path: str, name: str) -> Naming:
        """Where a function of this file may be named besides. SourceSilent."""
        ...

    def page(self, path: str, line: int) -> str:
        """Where a person sees that line; "" for nowhere."""
        ...


class Shelf(Protocol):
    """Whoever keeps repositories."""

    @property
    def name(self) -> str: ...

    def repository(self, place: Place) -> str:
        """In which of them the code of a place is; the same for the same."""
        ...

    async def checkout(self, place: Place, hurry: Hurry) -> Checkout:
        """That repository at the version that runs, else at the head of its default branch. SourceSilent."""
        ...

    def silent(self, why: str, **more: str | int | float) -> SourceSilent: ...


async def look(shelf: Shelf, places: Sequence[Place], patience: float) -> Reading:
    """The code around these places, within `patience` seconds, or why not."""
    return await Look(shelf, Hurry(patience)).read(places)


class Look:
    """One look into the code; it ends in time for what it has found to count."""

    def __init__(self, shelf: Shelf, hurry: Hurry) -> None:
        self._shelf, self._hurry = shelf, hurry

    async def read(self, places: Sequence[Place]) -> Reading:
        """Every place, or why not: side by side, but places of one repository where the same runs share what it
        holds. Of a repository of several services each may run at a version of its own."""
        together: dict[tuple[str, tuple[str, ...]], list[Place]] = {}
        for place in places:
            together.setdefault((self._shelf.repository(place), place.versions), []).append(place)
        groups = list(together.values())
        answers = await self._hurry.all([partial(self._of, wanted) for wanted in groups], 1.0)
        found: list[Passage | Missing] = []
        for wanted, answer in zip(groups, answers, strict=True):
            if isinstance(answer, list):
                found += answer
            else:
                found += [self._missing(place, answer) for place in wanted]
        return Reading(
            passages=tuple(each for each in found if isinstance(each, Passage)),
            missing=tuple(each for each in found if isinstance(each, Missing)),
        )

    async def _of(self, wanted: Sequence[Place]) -> list[Passage | Missing]:
        checkout = await self._shelf.checkout(wanted[0], self._hurry)
        answers = await self._hurry.all([partial(self._passage, place, checkout) for place in wanted], PLACES)
        return [
            answer if isinstance(answer, Passage) else self._missing(place, answer)
            for place, answer in zip(wanted, answers, strict=True)
        ]

    async def _passage(self, place: Place, checkout: Checkout) -> Passage:
        """The lines of one place with what is known of them. SourceSilent where they cannot be shown."""
        silent, values = self._shelf.silent, {"place": cut(place.name), "repository": cut(checkout.repository)}
        fits = fitting(place.file, checkout.paths)
        if len(fits) != 1:
            raise silent("code_several" if fits else "code_no_file", n=len(fits), **values)
        path, name = fits[0], symbol(place.function)
        text = await checkout.text(path)
        if text is None:
            raise silent("code_unreadable", **values)
        strange = bool(name) and not sure(place.file, path) and name not in text
        if strange or not 0 < place.line <= text.count("\n") + 1:
            raise silent("code_other", **values)
        cutting = around(text, place.line)
        if cutting is None:
            raise silent("code_secret", **values)
        first, lines = cutting
        history, naming, files = await self._more(checkout, path, place.line, name)
        found = mentions(name, [(path, text), *files], path, range(first, first + len(lines)))
        elsewhere = naming.lines - sum(names(name, line) for line in lines)
        return Passage(
            evidence=place.evidence,
            source=self._shelf.name,
            service=place.service,
            repository=checkout.repository,
            path=cut(path),
            line=place.line,
            commit=checkout.commit,
            version=cut(checkout.version),
            function=cut(place.function),
            first=first,
            lines=lines,
            touches=history.touches,
            looked_into=history.looked_into,
            mentions=found,
            mentioned=max(elsewhere, len(found)) if naming.lines else 0,
            link=checkout.page(path, place.line),
        )

    async def _more(
        self, checkout: Checkout, path: str, line: int, name: str
    ) -> tuple[History, Naming, list[tuple[str, str]]]:
        """Who changed the file last, and the files that may name the function; a bonus, never an error."""
        histories: list[History] = []
        namings: list[Naming] = []
        files: list[tuple[str, str]] = []

        async def touched() -> None:
            histories.append(await checkout.history(path, line))

        async def named() -> None:
            naming = await checkout.naming(path, name) if name else Naming()
            namings.append(naming)
            texts = await self._hurry.all([partial(checkout.text, each) for each in naming.paths], DETAILS)
            files.extend((each, text) for each, text in zip(naming.paths, texts, strict=True) if isinstance(text, str))

        await self._hurry.all([touched, named], MORE)
        return histories[0] if histories else History(), namings[0] if namings else Naming(), files

    def _missing(self, place: Place, why: SourceSilent | None) -> Missing:
        late = why or self._shelf.silent("slow", seconds=self._hurry.patience)
        return Missing(evidence=place.evidence, place=cut(place.name), reason=late.phrase)


def touch(sha: str, at: datetime | None, by: str, message: str, *, link: str = "", here: bool = False) -> Touch:
    """A commit as people read it: bounded, without secrets, and from a time of ours."""
    return Touch(
        sha=sha,
        at=at if at and at.year in YEARS else None,
        by=cut(by)[:60],
        title=cut(message.strip().partition("\n")[0])[:120],
        link=link,
        here=here,
    )


def moment(seconds: str) -> datetime | None:
    """A time as Git keeps it; None where it is none."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _now() -> float:
    return asyncio.get_running_loop().time()
