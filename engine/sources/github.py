"""Asks GitHub what was deployed and merged lately in the repositories the catalogue names, and what came with it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple
from urllib.parse import quote

import aiohttp
from pydantic import TypeAdapter

from engine.code import Place, Reading
from engine.errors import SourceSilent
from engine.model import Change, Observation, Phrase, Window
from engine.ports import Question, Remark, Tells
from engine.sources.code_look import look
from engine.sources.families import services_of
from engine.sources.github_api import (
    Comparison,
    Deployment,
    File,
    Limits,
    Pull,
    Release,
    Repository,
    Status,
)
from engine.sources.github_client import PUBLIC, GitHubClient
from engine.sources.github_code import GitHubShelf
from engine.sources.http import harvest
from engine.sources.notes import cut, note
from engine.sources.repositories import (
    MOST_FILES,
    SHORT,
    Step,
    altered,
    beside,
    commit,
    last_before,
    merge,
    naming,
    released,
    there,
    title,
    version,
)
from engine.team import Service

MOST_COMPARED = 300
"""Files GitHub gives of a comparison."""
MOST_CHANGES = 20
SHARE = 0.95
"""Of a round; what was not told by then is left out, and what was told counts."""
MOST_REPOSITORIES = 4
"""Repositories asked for in one round; a token has 5,000 questions an hour for everything."""
MOST_EXAMINED = 30
MOST_DETAILED = 3
"""Merged pull requests, and deployments of each repository, that are looked into."""
MOST_COMMITS = 6
"""Commits a note lists."""
GOOD = frozenset({"success", "inactive"})
"""A deployment that succeeded is inactive once another took its place."""

DEPLOYMENTS, STATUSES = TypeAdapter(list[Deployment]), TypeAdapter(list[Status])
PULLS, FILES, COMPARISON = TypeAdapter(list[Pull]), TypeAdapter(list[File]), TypeAdapter(Comparison)
RELEASES, LIMITS, REPOSITORY = TypeAdapter(list[Release]), TypeAdapter(Limits), TypeAdapter(Repository)


PAGE = [("per_page", "50")]


class Lists(NamedTuple):
    """What a repository holds, newest first."""

    deployments: list[Deployment] = []
    pulls: list[Pull] = []
    releases: list[Release] = []


class GitHubSource:
    """Evidence from GitHub, or a GitHub Enterprise Server; `patience` is the seconds for one round.

    A repository with deployments is judged by them, and merged pull requests are told beside; one without by its
    releases and merged pull requests, since something deploys them that GitHub does not know.
    """

    tells: Tells = "change"

    def __init__(
        self,
        api_url: str = PUBLIC,
        *,
        session: aiohttp.ClientSession,
        token: str = "",
        name: str = "github",
        patience: float = 8.0,
    ) -> None:
        self._github = GitHubClient(name, api_url, session, token=token, patience=patience * 0.5)
        self._backend, self._pages = self._github.backend, self._github.pages
        self._patience = patience

    @property
    def name(self) -> str:
        """How people tell this source from others."""
        return self._backend.name

    def concerns(self, question: Question) -> bool:
        """Whether the catalogue names a repository of any service asked about."""
        return bool(_repositories(question))

    async def ask(self, question: Question) -> Sequence[Observation]:
        """Changes of each service that names a repository, and what came with the alerted one's. SourceSilent."""
        chosen = _repositories(question)
        environment = question.alert.environment or question.service.environment
        deadline = _now() + self._patience * SHARE
        jobs = [self._looking(service, question.window, environment, deadline) for service in chosen]
        answers = await harvest(jobs, self._patience)
        own = [a for each, a in zip(chosen, answers, strict=True) if each.name == question.service.name]
        heard = [answer for answer in answers if isinstance(answer, list)]
        if chosen and (not heard or (own and not isinstance(own[0], list))):
            late = self._backend.silent("timeout", seconds=self._patience)
            raise next((a for a in (*own, *answers) if isinstance(a, SourceSilent)), late)
        return [observation for answer in heard for observation in answer]

    async def examine(self, services: Sequence[Service]) -> Sequence[Remark]:
        """How many questions are left, and which repositories the token may not see. SourceSilent."""
        reply = await self._github.get("/rate_limit")
        # A GitHub Enterprise Server without limits does not have this page.
        rate = self._backend.read(reply, LIMITS).rate if reply.status != 404 else None
        values = {"source": self.name, "host": self._backend.host}
        named = {service.repository: service for service in services if service.repository}
        counted: dict[str, str | int] = {**values, "remaining": rate.remaining if rate else "∞", "named": len(named)}
        said = [Remark(True, Phrase(word="check.source.github", values={**counted}))]
        asked = list(named)[:MOST_EXAMINED]
        answers = await harvest([self._seeing(repository) for repository in asked], self._patience)
        return [*said, *(Remark(False, answer.phrase) for answer in answers if isinstance(answer, SourceSilent))]

    def _seeing(self, repository: str) -> Callable[[], Awaitable[Repository]]:
        return lambda: self._github.read(repository, "", REPOSITORY)

    def _looking(
        self, service: Service, window: Window, environment: str, deadline: float
    ) -> Callable[[], Awaitable[list[Observation]]]:
        return lambda: self._look(service, window, environment, deadline)

    async def _look(self, service: Service, window: Window, environment: str, deadline: float) -> list[Observation]:
        """Changes of one service's repository, and what came with them as far as it is told in time."""
        deployments, pulls, releases = await self._lists(service.repository)
        merged = [pull for pull in pulls if pull.merged_at and window.start <= pull.merged_at <= window.end]
        details = await self._details(service.repository, merged, deadline)
        if deployments:
            steps = await self._deployed(service, there(deployments, environment), window, deadline)
        else:
            steps = released(service, releases, window)
            base = last_before(releases, window.split)
            steps += [
                merge(service, pull, pull.merged_at, details.get(pull.number, []), base)
                for pull in merged
                if pull.merged_at
            ]
        steps = sorted(steps, key=lambda step: (step.change.at, step.change.id))[-MOST_CHANGES:]
        since, files = await self._since(service, window, steps, deadline)
        if len(steps) == 1 and not steps[0].change.files:
            steps = [steps[0]._replace(change=altered(steps[0].change, files))]
        page = "deployments" if deployments else "pulls"
        changes = tuple(step.change for step in steps)
        seen = [
            Observation(
                source=self.name,
                kind="change",
                service=service.name,
                query=f"GET /repos/{service.repository}/{page}",
                window=window,
                link=f"{self._pages}/{service.repository}/{page}",
                changes=changes,
                count=len(changes),
            )
        ]
        if deployments and merged:
            lines = tuple(f"{title(pull)}{beside(details.get(pull.number, []))}" for pull in merged)
            seen.append(self._note("merged", service, window, "pulls", {"count": len(merged)}, lines))
        return [*seen, *since]

    async def _lists(self, repository: str) -> Lists:
        """Deployments, pull requests and releases of a repository, newest first. SourceSilent."""
        closed = [("state", "closed"), ("sort", "updated"), ("direction", "desc")]

        async def deployments() -> Lists:
            return Lists(deployments=await self._github.read(repository, "/deployments", DEPLOYMENTS, PAGE))

        async def pulls() -> Lists:
            return Lists(pulls=await self._github.read(repository, "/pulls", PULLS, [*closed, *PAGE]))

        async def releases() -> Lists:
            return Lists(releases=await self._github.read(repository, "/releases", RELEASES, [("per_page", "10")]))

        found: list[Lists] = []
        for answer in await harvest([deployments, pulls, releases], self._patience * 0.5):
            if not isinstance(answer, Lists):
                raise answer or self._backend.silent("timeout", seconds=self._patience)
            found.append(answer)
        first, second, third = found
        return Lists(first.deployments, second.pulls, third.releases)

    async def _details(self, repository: str, merged: Sequence[Pull], deadline: float) -> dict[int, list[File]]:
        """What the newest merged pull requests touch, by number."""
        chosen = sorted(merged, key=lambda pull: str(pull.merged_at), reverse=True)[:MOST_DETAILED]

        def touching(pull: Pull) -> Callable[[], Awaitable[list[File]]]:
            page = [("per_page", str(MOST_FILES))]
            return lambda: self._github.read(repository, f"/pulls/{pull.number}/files", FILES, page)

        found = await harvest([touching(pull) for pull in chosen], _left(deadline) / 2)
        return {pull.number: files for pull, files in zip(chosen, found, strict=True) if isinstance(files, list)}

    async def _deployed(
        self, service: Service, deployments: Sequence[Deployment], window: Window, deadline: float
    ) -> list[Step]:
        """The deployments within the window, each with the good one before it."""
        ordered = sorted(deployments, key=lambda each: (each.created_at, each.id))
        inside = [each for each in ordered if window.start <= each.created_at <= window.end]
        before = [each for each in ordered if each.created_at < window.start][-MOST_DETAILED:]
        looked = [*before, *inside[-MOST_DETAILED:]]
        found = await harvest([self._standing(service.repository, each) for each in looked], _left(deadline) / 2)
        states = {each.id: state for each, state in zip(looked, found, strict=True) if isinstance(state, str)}
        good = next((each for each in reversed(before) if states.get(each.id) in GOOD), None)
        steps = []
        for each in inside:
            state = states.get(each.id, "")
            said = f"{each.environment} {state} {each.description or ''}"
            change = Change(
                id=f"deployment/{each.id}",
                service=service.name,
                kind="deploy",
                at=each.created_at,
                version=version(each),
                previous_version=version(good) if good else "",
                by=cut(each.creator.login if each.creator else ""),
                note=cut(said),
                naming=naming(each, good),
                aliases=(each.sha,),
            )
            steps.append(Step(change, good.sha if good else "", each.sha))
            good = each if state in GOOD else good
        return steps

    def _standing(self, repository: str, deployment: Deployment) -> Callable[[], Awaitable[str]]:
        async def look() -> str:
            path = f"/deployments/{deployment.id}/statuses"
            statuses = await self._github.read(repository, path, STATUSES, [("per_page", "1")])
            return statuses[0].state if statuses else ""

        return look

    async def _since(
        self, service: Service, window: Window, steps: Sequence[Step], deadline: float
    ) -> tuple[list[Observation], list[File]]:
        """The commits between what ran well before the window and what ran last in it, and the files they touch; a
        bonus, never an error."""
        base = next((step.base for step in steps if step.base), "")
        head = next((step.head for step in reversed(steps) if step.head), "")
        if not base or not head or base == head:
            return [], []
        path = f"/compare/{quote(base, safe='')}...{quote(head, safe='')}"
        (found,) = await harvest([lambda: self._github.read(service.repository, path, COMPARISON)], _left(deadline))
        if not isinstance(found, Comparison) or not found.commits:
            return [], []
        files = found.files
        values: dict[str, str | int | float] = {
            "base": base[:SHORT],
            "head": head[:SHORT],
            "commits": found.total_commits or len(found.commits),
            "files": f"{len(files)}+" if len(files) >= MOST_COMPARED else len(files),
            "added": sum(file.additions for file in files),
            "removed": sum(file.deletions for file in files),
        }
        largest = sorted(files, key=lambda file: -(file.additions + file.deletions))
        lines = [commit(each) for each in reversed(found.commits[-MOST_COMMITS:])]
        lines += [f"{file.filename} +{file.additions} −{file.deletions}" for file in largest]
        return [self._note("commits_since", service, window, path.strip("/"), values, tuple(lines))], files

    def _note(
        self,
        what: str,
        service: Service,
        window: Window,
        page: str,
        values: dict[str, str | int | float],
        lines: tuple[str, ...],
    ) -> Observation:
        link, query = f"{self._pages}/{service.repository}/{page}", f"GET /repos/{service.repository}/{page}"
        return note(self.name, what, service.name, query, window, values=values, lines=lines, link=link)


class GitHubWithCode(GitHubSource):
    """The same for where people may see the code itself."""

    def holds(self, place: Place) -> bool:
        """Whether the catalogue says in which repository the code is."""
        return bool(place.repository)

    async def read_code(self, places: Sequence[Place]) -> Reading:
        """The code around these places at the version that runs, with what changed it last. SourceSilent."""
        return await look(GitHubShelf(self._github), places, self._patience)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _left(deadline: float) -> float:
    return max(deadline - _now(), 0.0)


def _repositories(question: Question) -> list[Service]:
    """The services that name a repository, the alerted one first; a repository of several is the first one's."""
    found: dict[str, Service] = {}
    for service in services_of(question):
        if service.repository:
            found.setdefault(service.repository.lower(), service)
    return list(found.values())[:MOST_REPOSITORIES]
