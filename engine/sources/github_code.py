"""Reads on GitHub the code an error comes from: at the commit that runs, with the commits that changed it last.

GitHub's search for code is not asked: it knows the default branch alone, and ten questions a minute. Where else a
function is named is looked up in its file and in those beside it.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter

from engine.code import Missing, Passage, Place, Reading, Touch
from engine.errors import SourceSilent
from engine.model import HASH
from engine.sources.github_api import Commit, Content, Tree
from engine.sources.github_client import GitHubClient
from engine.sources.http import harvest
from engine.sources.notes import cut
from engine.sources.passages import (
    MOST_BYTES,
    around,
    before,
    fitting,
    mentions,
    opened,
    refs,
    sure,
    symbol,
)

T = TypeVar("T")

PLACES, MORE, ALTERED = 0.95, 0.85, 0.75
"""Shares of the patience: until when lines, what is known beside them, and what commits altered are waited for, so that
what came in time is not lost with what did not."""
MOST_COMMITS = 5
MOST_LOOKED_INTO = 3
"""Commits of a file that are searched for the one that wrote the line."""
MOST_BESIDE = 3
"""Files of the same folder that are searched for the function."""
LONGEST_BESIDE = 64 * 1024
YEARS = range(1980, 2200)
"""When a commit may have been written; anybody can have Git say anything."""

TREE, COMMIT, COMMITS = TypeAdapter(Tree), TypeAdapter(Commit), TypeAdapter(list[Commit])
CONTENT: TypeAdapter[Content | list[object]] = TypeAdapter(Content | list[object])


class Checkout(NamedTuple):
    """A repository as it is at a commit; `version` is what of it runs, "" where nobody says: the default branch."""

    repository: str
    commit: str
    version: str
    sizes: dict[str, int]


async def read_code(github: GitHubClient, places: Sequence[Place], patience: float) -> Reading:
    """The code around these places, within `patience` seconds."""
    return await Look(github, patience).read(places)


class Look:
    """One look into the code; it ends in time for what it has found to count."""

    def __init__(self, github: GitHubClient, patience: float) -> None:
        self._github = github
        self._patience = patience
        self._began = _now()

    async def read(self, places: Sequence[Place]) -> Reading:
        """Every place, or why not: side by side, but places of one repository where the same runs share what it
        holds. Of a repository of several services each may run at a version of its own."""
        together: dict[tuple[str, tuple[str, ...]], list[Place]] = {}
        for place in places:
            together.setdefault((place.repository.lower(), place.versions), []).append(place)
        groups = list(together.values())
        answers = await self._all([self._of(wanted) for wanted in groups], 1.0)
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

    def _of(self, wanted: Sequence[Place]) -> Callable[[], Awaitable[list[Passage | Missing]]]:
        async def look() -> list[Passage | Missing]:
            checkout = await self._checkout(wanted[0])
            answers = await self._all([self._at(place, checkout) for place in wanted], PLACES)
            return [
                answer if isinstance(answer, Passage) else self._missing(place, answer)
                for place, answer in zip(wanted, answers, strict=True)
            ]

        return look

    async def _checkout(self, place: Place) -> Checkout:
        """The repository at the version that runs, else at the head of its default branch."""
        repository, names = place.repository, refs(place.versions)
        tried = await self._all([self._seeking(repository, name) for name in names], MORE)
        both = zip(tried, names, strict=True)
        known = ((commit, name) for commit, name in both if isinstance(commit, Commit) and _is(commit, name))
        commit, version = next(known, (None, ""))
        if commit is None:
            if silent := next((each for each in tried if isinstance(each, SourceSilent)), None):
                raise silent
            # A repository without any commit is a conflict.
            heads = await self._github.seek(repository, "/commits", COMMITS, [("per_page", "1")], absent=(409,))
            if not heads:
                raise self._github.silent("code_no_commit", repository=cut(repository))
            commit = heads[0]
        path = f"/git/trees/{quote(commit.sha, safe='')}"
        tree = await self._github.read(repository, path, TREE, [("recursive", "1")])
        if tree.truncated:
            raise self._github.silent("code_too_many", repository=cut(repository))
        sizes = {each.path: each.size for each in tree.tree if each.type == "blob"}
        return Checkout(repository, commit.sha, version, sizes)

    def _seeking(self, repository: str, ref: str) -> Callable[[], Awaitable[Commit | None]]:
        return lambda: self._github.seek(repository, f"/commits/{quote(ref, safe='')}", COMMIT)

    def _at(self, place: Place, checkout: Checkout) -> Callable[[], Awaitable[Passage]]:
        return lambda: self._passage(place, checkout)

    async def _passage(self, place: Place, checkout: Checkout) -> Passage:
        """The lines of one place with what is known of them. SourceSilent where they cannot be shown."""
        values = {"place": cut(place.name), "repository": cut(checkout.repository)}
        fits = fitting(place.file, checkout.sizes)
        if len(fits) != 1:
            raise self._github.silent("code_several" if fits else "code_no_file", n=len(fits), **values)
        path, name = fits[0], symbol(place.function)
        text = await self._text(checkout, path)
        if text is None:
            raise self._github.silent("code_unreadable", **values)
        strange = bool(name) and not sure(place.file, path) and name not in text
        if strange or not 0 < place.line <= text.count("\n") + 1:
            raise self._github.silent("code_other", **values)
        cutting = around(text, place.line)
        if cutting is None:
            raise self._github.silent("code_secret", **values)
        first, lines = cutting
        (touches, looked_into), files = await self._more(place, checkout, path, name)
        seen = range(first, first + len(lines))
        return Passage(
            evidence=place.evidence,
            source=self._github.backend.name,
            service=place.service,
            repository=checkout.repository,
            path=cut(path),
            line=place.line,
            commit=checkout.commit,
            version=cut(checkout.version),
            function=cut(place.function),
            first=first,
            lines=lines,
            touches=touches,
            looked_into=looked_into,
            mentions=mentions(name, [(path, text), *files], path, seen),
            link=self._page(checkout, f"blob/{checkout.commit}/{path}") + f"#L{place.line}",
        )

    async def _more(
        self, place: Place, checkout: Checkout, path: str, name: str
    ) -> tuple[tuple[tuple[Touch, ...], int], list[tuple[str, str]]]:
        """Who changed the file last, and the files beside it; a bonus, never an error."""
        history: list[tuple[tuple[Touch, ...], int]] = []
        files: list[tuple[str, str]] = []

        async def touched() -> None:
            history.append(await self._touches(checkout, path, place.line))

        async def beside() -> None:
            near = _beside(path, checkout.sizes) if name else []
            texts = await self._all([self._reading(checkout, each) for each in near], ALTERED)
            files.extend((each, text) for each, text in zip(near, texts, strict=True) if isinstance(text, str))

        await self._all([touched, beside], MORE)
        return history[0] if history else ((), 0), files

    async def _touches(self, checkout: Checkout, path: str, line: int) -> tuple[tuple[Touch, ...], int]:
        """The newest commits of a file, with the one that wrote the line marked as far as it is found: each is asked
        what it altered, and where the line stood before it. With how many were asked."""
        query = [("path", path), ("sha", checkout.commit), ("per_page", str(MOST_COMMITS))]
        commits = await self._github.seek(checkout.repository, "/commits", COMMITS, query) or []
        touches = [self._touch(each, checkout) for each in commits[:MOST_COMMITS]]
        looked_into = 0
        for place, each in enumerate(commits[:MOST_LOOKED_INTO]):
            (whole,) = await self._all([self._seeking(checkout.repository, each.sha)], ALTERED)
            files = whole.files if isinstance(whole, Commit) else []
            altered = next((file for file in files if file.filename == path and file.patch), None)
            if altered is None:
                break
            looked_into += 1
            was = before(altered.patch, line)
            if was is None:
                touches[place] = touches[place].model_copy(update={"here": True})
                break
            line = was
        return tuple(touches), looked_into

    def _touch(self, commit: Commit, checkout: Checkout) -> Touch:
        author = commit.commit.author
        at = author.date if author else None
        return Touch(
            sha=commit.sha,
            at=at if at and at.year in YEARS else None,
            by=cut(commit.author.login if commit.author else author.name if author else "")[:60],
            title=cut(commit.commit.message.strip().partition("\n")[0])[:120],
            link=self._page(checkout, f"commit/{commit.sha}"),
        )

    def _page(self, checkout: Checkout, path: str) -> str:
        return f"{self._github.pages}/{checkout.repository}/{quote(path)}"

    def _reading(self, checkout: Checkout, path: str) -> Callable[[], Awaitable[str | None]]:
        return lambda: self._text(checkout, path)

    async def _text(self, checkout: Checkout, path: str) -> str | None:
        """A file as text; None where it is none: a link, another repository, too large, not of letters."""
        if checkout.sizes.get(path, 0) > MOST_BYTES:
            return None
        where = f"/contents/{quote(path)}"
        found = await self._github.seek(checkout.repository, where, CONTENT, [("ref", checkout.commit)])
        if not isinstance(found, Content) or found.type != "file" or found.encoding != "base64":
            return None
        try:
            return opened(base64.b64decode(found.content))
        except ValueError:
            return None

    async def _all(self, jobs: Sequence[Callable[[], Awaitable[T]]], share: float) -> list[T | SourceSilent | None]:
        """What these bring until this share of the patience is over."""
        return await harvest(jobs, max(self._began + share * self._patience - _now(), 0.0))

    def _missing(self, place: Place, why: SourceSilent | None) -> Missing:
        late = why or self._github.silent("timeout", seconds=self._patience)
        return Missing(evidence=place.evidence, place=cut(place.name), reason=late.phrase)


def _is(commit: Commit, name: str) -> bool:
    """Whether this is the commit that is called so, and not one whose hash begins like the number of a build."""
    return not commit.sha.startswith(name) or bool(HASH.fullmatch(name))


def _beside(path: str, sizes: dict[str, int]) -> list[str]:
    """Files of the same folder and kind, the largest of those not too large first: who calls a function does much."""
    folder, _, name = path.rpartition("/")
    ending = name.rpartition(".")[2]
    near = [
        each
        for each, size in sizes.items()
        if each != path and each.rpartition("/")[0] == folder and each.endswith(f".{ending}") and size <= LONGEST_BESIDE
    ]
    return sorted(near, key=lambda each: (-sizes[each], each))[:MOST_BESIDE]


def _now() -> float:
    return asyncio.get_running_loop().time()
