"""Asks a Kubernetes API server how the service, its neighbours and what they stand on are, and what was rolled out."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from engine.cluster.facts import Cluster
from engine.cluster.objects import WORKLOADS, cluster
from engine.cluster.surroundings import around, named
from engine.errors import SourceSilent
from engine.model import Observation, Phrase, Window
from engine.ports import Question, Remark, Tells
from engine.sources.families import services_of
from engine.sources.http import Backend, harvest
from engine.sources.kubernetes_api import KINDS, NAMES_ONLY, NEEDED, Api, Kind, Listed, refused
from engine.sources.kubernetes_changes import changes
from engine.sources.names import nearest, remarks
from engine.sources.notes import note
from engine.team import Service

MOST_NAMESPACES = 3
SHARE = 0.6
"""Of the time for a round that one request may take."""
NAMESPACE_LABELS = ("namespace", "kubernetes_namespace", "exported_namespace", "k8s_namespace_name")
NAMED = frozenset({*WORKLOADS, "cronjobs"})
"""Kinds that a service may be."""
HISTORIES = frozenset({"replicasets", "controllerrevisions"})


class KubernetesSource:
    """Evidence from an API server, by get and list alone.

    `namespaces` are those that may be looked into; none: those the catalogue and the alert name, else `default`. A
    token in a file is read anew for each round, because a cluster exchanges it. What one may not list is said, and the
    rest is looked at.
    """

    tells: Tells = "cluster"

    def __init__(
        self,
        base_url: str,
        *,
        session: aiohttp.ClientSession,
        token: str = "",
        token_file: str = "",
        ca_file: str = "",
        namespaces: Sequence[str] = (),
        name: str = "kubernetes",
        patience: float = 8.0,
    ) -> None:
        self._url, self._session, self._patience = base_url, session, patience
        self._token, self._token_file, self._ca_file = token, token_file, ca_file
        self._allowed = tuple(sorted(namespaces))
        self._name = name

    @property
    def name(self) -> str:
        """How people tell this source from others."""
        return self._name

    async def ask(self, question: Question) -> Sequence[Observation]:
        """The state of each namespace concerned, the rollouts of each service in it, and what may not be looked at.
        SourceSilent."""
        backend, api = await self._opened()
        places = self._namespaces(services_of(question), question.alert.labels)
        answers = await harvest([self._looking(api, each) for each in places], self._patience * 0.9)
        seen: list[Observation] = []
        for namespace, answer in zip(places, answers, strict=True):
            if isinstance(answer, list):
                seen += self._told(question, namespace, answer)
        if not seen:
            late = backend.silent("timeout", seconds=self._patience)
            raise next((answer for answer in answers if isinstance(answer, SourceSilent)), late)
        return seen

    async def examine(self, services: Sequence[Service]) -> Sequence[Remark]:
        """The server's version, what may not be listed, and which services have no workload. SourceSilent."""
        backend, api = await self._opened()
        version = Phrase(word="check.source.version", values=self._said(backend, version=await api.version()))
        said, known = [Remark(True, version)], []
        for namespace in self._namespaces(services, {}):
            listed = await self._list_all(api, namespace)
            denied = [each.kind for each in listed if each.refused == "forbidden"]
            if denied:
                gaps = self._said(backend, kinds=", ".join(denied), namespace=namespace)
                said.append(Remark(False, Phrase(word="check.source.not_allowed", values=gaps)))
            known += [("workload", name) for name in _workloads(listed)]
        placed = frozenset(each.name for each in services if _workload(each) in {name for _, name in known})
        return (*said, *remarks(self._name, backend.host, services, known, "workload", placed))

    async def _opened(self) -> tuple[Backend, Api]:
        """A way to the server with the token that is good now."""
        token, tls = await asyncio.to_thread(self._credentials)
        patience = self._patience * SHARE
        backend, names = (
            Backend(self._name, self._url, self._session, token=token, headers=headers, patience=patience).trusting(tls)
            for headers in ({}, {"Accept": NAMES_ONLY})
        )
        return backend, Api(backend, names)

    def _credentials(self) -> tuple[str, ssl.SSLContext | None]:
        nobody = Backend(self._name, self._url, self._session)
        try:
            token = Path(self._token_file).read_text(encoding="utf-8").strip() if self._token_file else self._token
            tls = ssl.create_default_context(cafile=self._ca_file) if self._ca_file else None
        except (OSError, ValueError):
            raise nobody.silent("credentials") from None
        return token, tls

    def _namespaces(self, services: Sequence[Service], labels: Mapping[str, str]) -> list[str]:
        """Where to look: where the catalogue has the services, where the alert says; only where we may."""
        told = [each.namespace for each in services] + [labels.get(label, "") for label in NAMESPACE_LABELS]
        named = [each for each in dict.fromkeys(told) if each and each.replace("-", "").isalnum()]
        if self._allowed:
            named = [each for each in named if each in self._allowed] or list(self._allowed)
        return (named or ["default"])[:MOST_NAMESPACES]

    def _looking(self, api: Api, namespace: str) -> Callable[[], Awaitable[list[Listed]]]:
        return lambda: self._list_all(api, namespace)

    async def _list_all(self, api: Api, namespace: str) -> list[Listed]:
        """Every kind of one namespace. SourceSilent where not even the most needed could be listed."""
        answers = await harvest([_listing(api, kind, namespace) for kind in KINDS], self._patience * 0.85)
        silences = [each for each in answers if isinstance(each, SourceSilent)]
        if away := next((each for each in silences if refused(each)), None):
            raise away
        listed = [
            answer if isinstance(answer, Listed) else Listed(kind.plural, refused="silent")
            for kind, answer in zip(KINDS, answers, strict=True)
        ]
        if all(each.refused for each in listed if each.kind in NEEDED):
            denied = Backend(self._name, self._url, self._session).silent("refused", status=403)
            raise next(iter(silences), denied)
        return listed

    def _told(self, question: Question, namespace: str, listed: Sequence[Listed]) -> Iterator[Observation]:
        services = services_of(question)
        known = {name: each.name for each in services for name in (_workload(each), each.name)}
        objects = {each.kind: each.items for each in listed if not each.refused}
        whole = cluster(objects, namespace, question.window.end, known)
        cut = {each.kind for each in listed if not each.whole}
        whole = whole.model_copy(update={"read": tuple(each for each in whole.read if each not in cut)})
        read = around(whole, [each.name for each in services])
        yield self._state(question, namespace, read, truncated=bool(cut))
        if not HISTORIES & {each.kind for each in listed if each.refused}:
            yield from self._changes(services, namespace, read, question.window)
        denied = [each.kind for each in listed if each.refused in ("forbidden", "silent")]
        if denied:
            values = {"kinds": ", ".join(denied), "namespace": namespace}
            yield self._note("not_allowed", question.service.name, namespace, question.window, values)
        yield from self._strange(question, namespace, whole)

    def _state(self, question: Question, namespace: str, read: Cluster, *, truncated: bool) -> Observation:
        here = [each.name for each in services_of(question) if each.namespace in ("", namespace)]
        count = sum(map(len, (read.pods, read.workloads, read.services, read.jobs, read.cron_jobs)))
        return Observation(
            source=self._name,
            kind="state",
            service=here[0] if here else question.service.name,
            query=_query(namespace),
            window=question.window,
            state={"cluster": read.model_dump(mode="json", exclude_defaults=True)} if count else {},
            count=count,
            truncated=truncated,
        )

    def _changes(
        self, services: Sequence[Service], namespace: str, read: Cluster, window: Window
    ) -> Iterator[Observation]:
        """The rollouts of each service with a workload here; that there were none is an answer too."""
        for service in services:
            own = [each for each in read.workloads if each.service == service.name]
            if own:
                found = tuple(change for each in own for change in changes(each, window))
                yield Observation(
                    source=self._name,
                    kind="change",
                    service=service.name,
                    query=f"rollout history of {', '.join(each.name for each in own)} in {namespace}"[:300],
                    window=window,
                    changes=found,
                    count=len(found),
                )

    def _strange(self, question: Question, namespace: str, read: Cluster) -> Iterator[Observation]:
        """What may be the alerted service's workload, where none bears its name."""
        service = question.service
        elsewhere = service.namespace not in ("", namespace)
        if elsewhere or service.name in named(read):
            return
        near = nearest(service.name, [("workload", each.name) for each in read.workloads])
        if near:
            values = {"found": ", ".join(name for _, name in near), "value": near[0][1], "namespace": namespace}
            yield self._note("workload_unknown", service.name, namespace, question.window, values)

    def _note(self, what: str, service: str, namespace: str, window: Window, values: Mapping[str, str]) -> Observation:
        return note(self._name, what, service, _query(namespace), window, values={**values})

    def _said(self, backend: Backend, **more: str) -> dict[str, Any]:
        return {"source": self._name, "host": backend.host, **more}


def _listing(api: Api, kind: Kind, namespace: str) -> Callable[[], Awaitable[Listed]]:
    if kind.plural == "events":
        return lambda: api.events(namespace, of_nodes=True)
    return lambda: api.list(kind, namespace)


def _query(namespace: str) -> str:
    return f"list pods, workloads, services, events and what they need in namespace {namespace}, and nodes"


def _workload(service: Service) -> str:
    """What a service's workload is called: `payment` of `deployment/payment`."""
    return (service.workload or service.rollback.workload).rpartition("/")[2] or service.name


def _workloads(listed: Sequence[Listed]) -> list[str]:
    found = (item.get("metadata") for each in listed if each.kind in NAMED for item in each.items)
    return [str(meta.get("name", "")) for meta in found if isinstance(meta, dict)]
