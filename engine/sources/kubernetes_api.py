"""Lists objects of a Kubernetes API server: by get alone, page by page, bounded in number and size."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, TypeAdapter

from engine.errors import SourceSilent
from engine.sources.http import Backend, Pairs, Reply, TooLarge

NAMES_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
"""Asks for metadata without content: of what may hold anything, the names are enough."""
PAGE = 250
SMALLER = 25
MOST_PAGES = 8
MOST_OBJECTS = 1_000
GONE, FORBIDDEN, UNKNOWN = 410, 403, 404
REASONS = ("Killing", "FailedBinding", "WaitForFirstConsumer", "ScalingReplicaSet")
"""Events that are no warnings and tell all the same."""


class Kind(NamedTuple):
    """A kind of object: its name in addresses, where it is listed, and whether it belongs to a namespace."""

    plural: str
    group: str
    namespaced: bool = True
    names_only: bool = False

    def path(self, namespace: str) -> str:
        """Where the objects of a namespace are listed."""
        within = f"/namespaces/{namespace}" if self.namespaced else ""
        return f"{self.group}{within}/{self.plural}"


CORE, APPS, BATCH = "/api/v1", "/apis/apps/v1", "/apis/batch/v1"
KINDS: tuple[Kind, ...] = (
    Kind("pods", CORE),
    Kind("deployments", APPS),
    Kind("replicasets", APPS),
    Kind("events", CORE),
    Kind("services", CORE),
    Kind("endpointslices", "/apis/discovery.k8s.io/v1"),
    Kind("statefulsets", APPS),
    Kind("daemonsets", APPS),
    Kind("controllerrevisions", APPS),
    Kind("jobs", BATCH),
    Kind("cronjobs", BATCH),
    Kind("resourcequotas", CORE),
    Kind("limitranges", CORE),
    Kind("persistentvolumeclaims", CORE),
    Kind("networkpolicies", "/apis/networking.k8s.io/v1"),
    Kind("serviceaccounts", CORE, names_only=True),
    Kind("configmaps", CORE, names_only=True),
    Kind("nodes", CORE, namespaced=False),
    Kind("persistentvolumes", CORE, namespaced=False),
    Kind("storageclasses", "/apis/storage.k8s.io/v1", namespaced=False),
)
"""What is listed, the most telling first. Secrets are not among it: who may list them may read them."""

NEEDED = ("pods", "deployments", "replicasets", "events")
"""Without these there is little to say."""


class Meta(BaseModel):
    """The metadata of a list, or of a refusal."""

    model_config = {"populate_by_name": True, "extra": "ignore"}

    next: str = ""

    @classmethod
    def of(cls, raw: Any) -> "Meta":
        """Where the list goes on; "" where it ends."""
        said = raw.get("metadata") if isinstance(raw, dict) else None
        after = said.get("continue") if isinstance(said, dict) else None
        return cls(next=after if isinstance(after, str) else "")


BODY = TypeAdapter(dict[str, Any])


class Listed(NamedTuple):
    """What a list held; `whole` says whether that is all. `refused` names why nothing could be listed."""

    kind: str
    items: tuple[dict[str, Any], ...] = ()
    whole: bool = True
    refused: str = ""


class Api:
    """Lists kinds of objects. Every call raises SourceSilent where the server is away, does not let us in at all, or
    answers nonsense; one kind that is forbidden or unknown is an answer."""

    def __init__(self, backend: Backend, names: Backend) -> None:
        self._backend = backend
        self._names = names

    async def list(self, kind: Kind, namespace: str, query: Pairs = (), most: int = MOST_OBJECTS) -> Listed:
        """The objects of one kind in one namespace."""
        backend = self._names if kind.names_only else self._backend
        try:
            return await self._pages(backend, kind, kind.path(namespace), query, most, PAGE)
        except TooLarge:
            return await self._pages(backend, kind, kind.path(namespace), query, most, SMALLER)

    async def events(self, namespace: str, of_nodes: bool) -> Listed:
        """Warnings, and what else is telling. Those about nodes are kept in the namespace `default`."""
        kind = next(each for each in KINDS if each.plural == "events")
        asked = ["type=Warning", *(f"reason={reason}" for reason in REASONS)]
        found = [await self.list(kind, namespace, [("fieldSelector", each)]) for each in asked]
        if of_nodes and namespace != "default":
            found.append(await self.list(kind, "default", [("fieldSelector", "involvedObject.kind=Node,type=Warning")]))
        first, *_ = found
        unique = {json.dumps(_identity(each)): each for one in found for each in one.items}
        return Listed("events", tuple(unique.values()), all(each.whole for each in found), first.refused)

    async def version(self) -> str:
        """The server's version."""
        reply = await self._backend.get("/version")
        return str(self._backend.read(reply, BODY).get("gitVersion", ""))[:40]

    async def _pages(self, backend: Backend, kind: Kind, path: str, query: Pairs, most: int, page: int) -> Listed:
        items: list[dict[str, Any]] = []
        after, whole = "", True
        for _ in range(MOST_PAGES if page == PAGE else MOST_PAGES * PAGE // SMALLER):
            more = [("continue", after)] if after else []
            reply = await backend.get(path, [*query, ("limit", str(page)), *more])
            if reply.status in (FORBIDDEN, UNKNOWN) and not items:
                return Listed(kind.plural, refused="forbidden" if reply.status == FORBIDDEN else "unknown")
            if reply.status == GONE:
                # The snapshot is too old: the refusal itself says how to go on from the newest one.
                after, whole = self._resumed(backend, reply), False
                if not after:
                    return Listed(kind.plural, tuple(items), False)
                continue
            body = backend.read(reply, BODY)
            found = body.get("items")
            if not isinstance(found, list):
                raise backend.silent("unreadable")
            items += [each for each in found if isinstance(each, dict)]
            after = Meta.of(body).next
            if not after:
                return Listed(kind.plural, tuple(items[:most]), whole and len(items) <= most)
            if len(items) >= most:
                break
        return Listed(kind.plural, tuple(items[:most]), False)

    def _resumed(self, backend: Backend, reply: Reply) -> str:
        try:
            return Meta.of(json.loads(reply.body)).next
        except (ValueError, RecursionError):
            raise backend.silent("unreadable") from None


def _identity(event: dict[str, Any]) -> Sequence[Any]:
    meta = event.get("metadata")
    return [meta.get("uid"), meta.get("namespace"), meta.get("name")] if isinstance(meta, dict) else [str(event)[:200]]


def refused(silent: SourceSilent) -> bool:
    """Whether the server would not let us in at all."""
    return silent.phrase.word == "evidence.silent.refused"
