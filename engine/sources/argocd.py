"""Asks Argo CD what it deployed lately for the service and its neighbours, and whether what runs is what Git says."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple
from urllib.parse import quote

import aiohttp
from pydantic import TypeAdapter

from engine.errors import SourceSilent
from engine.model import Change, Observation, Window
from engine.ports import Question, Remark, Tells
from engine.sources.argocd_api import SHORT, Application, Applications, Commit, Deployed, Metadata, Running
from engine.sources.conventions import ARGOCD_APP
from engine.sources.families import services_of
from engine.sources.http import Backend, TooLarge, harvest
from engine.sources.names import Named, mismatch, remarks
from engine.sources.notes import cut, note
from engine.team import Service

APPLICATIONS = "/api/v1/applications"
BRIEF = "items.metadata.name,items.metadata.namespace,items.spec.project,items.spec.destination.namespace"
WITH_WORKLOADS = f"{BRIEF},items.status.resources"
WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout", "CronJob", "Job"})
MOST_CHANGES = 30
MOST_TOLD = 3
"""Deploys whose commit is looked up."""
MOST_OWN = 2
"""Applications of one service that are looked at."""
BAD_HEALTH = frozenset({"Degraded", "Missing"})
BAD_PHASES = frozenset({"Failed", "Error"})

LIST, ONE, COMMIT = TypeAdapter(Applications), TypeAdapter(Application), TypeAdapter(Commit)


class Owned(NamedTuple):
    """An application and the service it deploys."""

    service: Service
    metadata: Metadata
    project: str


class ArgoCdSource:
    """Evidence from an Argo CD: `patience` is the seconds for one round.

    An application belongs to a service that names it (`rollback.argocd_app`, or the label `argocd_app`), that is called
    as it is, or whose workload it deploys.
    """

    tells: Tells = "change"

    def __init__(
        self,
        base_url: str,
        *,
        session: aiohttp.ClientSession,
        token: str = "",
        name: str = "argocd",
        patience: float = 8.0,
    ) -> None:
        self._backend = Backend(name, base_url, session, token=token, patience=patience * 0.35)
        self._patience = patience

    @property
    def name(self) -> str:
        """How people tell this source from others."""
        return self._backend.name

    async def ask(self, question: Question) -> Sequence[Observation]:
        """Deploys and state of each service that has an application, and what may be the alerted service's where it
        has none. SourceSilent."""
        known = await self._known()
        services = services_of(question)
        owned = [each for service in services for each in _owned(service, known, question.alert.environment)]
        answers = await harvest([self._looking(each, question.window) for each in owned], self._patience * 0.55)
        own = [a for each, a in zip(owned, answers, strict=True) if each.service.name == question.service.name]
        seen = [observation for answer in answers if isinstance(answer, list) for observation in answer]
        if not own:
            return [*seen, self._strange(question, known)]
        if not any(isinstance(answer, list) for answer in own):
            late = self._backend.silent("timeout", seconds=self._patience)
            raise next((answer for answer in own if isinstance(answer, SourceSilent)), late)
        return seen

    async def examine(self, services: Sequence[Service]) -> Sequence[Remark]:
        """Which applications it may see, and what may belong to services that have none. SourceSilent."""
        known = await self._known()
        placed = frozenset(service.name for service in services if _owned(service, known, service.environment))
        return remarks(self.name, self._backend.host, services, _named(known), ARGOCD_APP, placed)

    async def _known(self) -> list[Application]:
        """All applications the token may see, with their workloads as far as these can be read. SourceSilent."""
        try:
            reply = await self._backend.get(APPLICATIONS, [("fields", WITH_WORKLOADS)])
        except TooLarge:
            reply = await self._backend.get(APPLICATIONS, [("fields", BRIEF)])
        return self._backend.read(reply, LIST).items or []

    def _looking(self, owned: Owned, window: Window) -> Callable[[], Awaitable[list[Observation]]]:
        return lambda: self._look(owned, window)

    async def _look(self, owned: Owned, window: Window) -> list[Observation]:
        """What became of one application: its deploys, how it stands, and where it differs from Git."""
        reply = await self._backend.get(f"{APPLICATIONS}/{quote(owned.metadata.name, safe='')}", _place(owned))
        if reply.status in (403, 404):
            # Argo CD answers 403 for an application that is not there, too.
            raise self._backend.silent("unknown_application", application=cut(owned.metadata.name))
        application = self._backend.read(reply, ONE)
        changes = await self._changes(owned, application.status.history, window)
        seen = [self._deployed(owned, changes, window), self._standing(owned, application, window)]
        return [*seen, *self._differing(owned, application, window)]

    async def _changes(self, owned: Owned, history: Sequence[Deployed], window: Window) -> list[Change]:
        """The deploys within the window, oldest first, the newest with who changed what."""
        entries = sorted(history, key=lambda entry: (entry.deployedAt, entry.id))
        inside = [
            (before, entry, entries[:place])
            for place, (before, entry) in enumerate(zip([None, *entries], entries, strict=False))
            if window.start <= entry.deployedAt <= window.end
        ][-MOST_CHANGES:]
        told = await harvest(
            [self._committing(owned, entry) for _, entry, _ in inside[-MOST_TOLD:]], self._patience * 0.15
        )
        commits = [each if isinstance(each, Commit) else Commit() for each in told]
        commits = [Commit()] * (len(inside) - len(commits)) + commits
        return [
            Change(
                id=f"{owned.metadata.name}/{entry.id}",
                service=owned.service.name,
                kind=_kind(before, entry, earlier),
                at=entry.deployedAt,
                version=entry.version,
                previous_version=before.version if before else "",
                by=cut(entry.initiatedBy.username or ("auto-sync" if entry.initiatedBy.automated else "")),
                note=_said(commit) or cut(f"{entry.source.repoURL} {entry.source.targetRevision}".strip()),
                link=self._link(owned),
                naming="manifest",
                began=entry.deployStartedAt,
                aliases=(*entry.commits, *(cut(tag) for tag in commit.tags or ())),
            )
            for (before, entry, earlier), commit in zip(inside, commits, strict=True)
        ]

    def _committing(self, owned: Owned, entry: Deployed) -> Callable[[], Awaitable[Commit]]:
        return lambda: self._commit(owned, entry)

    async def _commit(self, owned: Owned, entry: Deployed) -> Commit:
        """What Git says of a deployed revision."""
        revision = entry.revision or next(iter(entry.revisions), "")
        path = f"{APPLICATIONS}/{quote(owned.metadata.name, safe='')}/revisions/{quote(revision, safe='')}/metadata"
        more = [("sourceIndex", "0"), ("versionId", str(entry.id))] if entry.revisions else []
        return self._backend.read(await self._backend.get(path, [*_place(owned), *more]), COMMIT)

    def _deployed(self, owned: Owned, changes: Sequence[Change], window: Window) -> Observation:
        return Observation(
            source=self.name,
            kind="change",
            service=owned.service.name,
            query=f"history of {owned.metadata.name}",
            window=window,
            link=self._link(owned),
            changes=tuple(changes),
            count=len(changes),
        )

    def _standing(self, owned: Owned, application: Application, window: Window) -> Observation:
        """How it stands: what Argo CD calls bad is named as a reason."""
        status, policy = application.status, application.spec.syncPolicy
        running = status.operationState or Running()
        reasons = [status.health.status] if status.health.status in BAD_HEALTH else []
        reasons += ["SyncFailed"] if running.phase in BAD_PHASES else []
        automated = policy.automated if policy else None
        return Observation(
            source=self.name,
            kind="state",
            service=owned.service.name,
            query=f"state of {owned.metadata.name}",
            window=window,
            link=self._link(owned),
            state={
                "application": owned.metadata.name,
                "sync": cut(status.sync.status),
                "health": cut(status.health.status),
                "revision": status.sync.revision[:SHORT],
                "auto_sync": automated is not None and automated.enabled is not False,
                "reasons": reasons,
                "said": cut(status.health.message or (running.message if running.phase in BAD_PHASES else "")),
            },
            count=1,
        )

    def _differing(self, owned: Owned, application: Application, window: Window) -> list[Observation]:
        """A note of what differs from Git, or of what Argo CD finds wrong; none where all is as it should be."""
        status = application.status
        lines = [f"{each.kind} {each.name}" for each in status.resources if each.status == "OutOfSync"]
        lines += [f"{each.type}: {each.message}" for each in status.conditions]
        if status.sync.status != "OutOfSync" and not status.conditions:
            return []
        what = "out_of_sync" if status.sync.status == "OutOfSync" else "sync_trouble"
        return [
            note(
                self.name,
                what,
                owned.service.name,
                f"state of {owned.metadata.name}",
                window,
                values={"application": owned.metadata.name, "count": len(lines)},
                lines=tuple(cut(line) for line in lines),
                link=self._link(owned),
            )
        ]

    def _strange(self, question: Question, known: Sequence[Application]) -> Observation:
        """That no application is the service's, and which may be."""
        service, window = question.service, question.window
        query, link = f"GET {APPLICATIONS}", self._backend.link("/applications", [])
        other = mismatch(self.name, service, ARGOCD_APP, _named(known), query, window, link)
        name = service.name or question.alert.service or question.alert.name
        return other or Observation(source=self.name, kind="state", service=name, query=query, window=window, link=link)

    def _link(self, owned: Owned) -> str:
        place = "/".join(quote(each, safe="") for each in (owned.metadata.namespace, owned.metadata.name) if each)
        return self._backend.link(f"/applications/{place}", [])


def _place(owned: Owned) -> list[tuple[str, str]]:
    return [(k, v) for k, v in (("appNamespace", owned.metadata.namespace), ("project", owned.project)) if v]


def _named(known: Sequence[Application]) -> list[Named]:
    return [(ARGOCD_APP, application.metadata.name) for application in known]


def _owned(service: Service, known: Sequence[Application], environment: str) -> list[Owned]:
    """The applications that deploy a service; where several may, those that say its environment, else none."""
    wanted = service.rollback.argocd_app or service.labels.get(ARGOCD_APP, "")
    if wanted:
        namespace, _, name = wanted.rpartition("/")
        found = [each for each in known if each.metadata.name == name and namespace in ("", each.metadata.namespace)]
        return [_own(service, each) for each in found[:MOST_OWN]] or [
            Owned(service, Metadata(name=name, namespace=namespace), "")
        ]
    if not service.name:
        return []
    exact = [each for each in known if each.metadata.name == service.name]
    found = exact or [each for each in known if _deploys(each, service)]
    if len(found) > 1:
        found = [each for each in found if _says(each, environment or service.environment)]
    return [_own(service, each) for each in found[:MOST_OWN]]


def _own(service: Service, application: Application) -> Owned:
    return Owned(service, application.metadata, application.spec.project)


def _deploys(application: Application, service: Service) -> bool:
    """Whether one of its workloads is the service's."""
    workload = service.workload.rpartition("/")[2] or service.name
    inside = service.namespace in ("", application.spec.destination.namespace)
    return inside and any(r.kind in WORKLOADS and r.name == workload for r in application.status.resources)


def _says(application: Application, environment: str) -> bool:
    place = f"{application.metadata.name} {application.spec.destination.namespace} {application.spec.project}"
    return bool(environment) and environment.lower() in re.split(r"[^a-z0-9]+", place.lower())


def _said(commit: Commit) -> str:
    """Tags, first line and author of a commit; "" where Argo CD cannot tell."""
    first = commit.message.strip().partition("\n")[0]
    author = f"({commit.author})" if commit.author else ""
    return cut(" ".join(filter(None, (" ".join(commit.tags or ()), first, author))))


def _kind(before: Deployed | None, entry: Deployed, earlier: Sequence[Deployed]) -> str:
    """A sync of what ran already is none of a new version, and one back to what ran before is a rollback."""
    if before is None or entry.version != before.version:
        return "rollback" if any(entry.version == each.version for each in earlier) else "deploy"
    return "sync"
