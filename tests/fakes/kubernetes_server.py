"""Plays a Kubernetes API server that keeps objects, pages its lists, lets expire what it pages, and knows who may list
what; held to captures of a real one."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Object = dict[str, Any]

LISTS: dict[str, tuple[str, str, str]] = {
    "pods": ("", "v1", "PodList"),
    "services": ("", "v1", "ServiceList"),
    "events": ("", "v1", "EventList"),
    "resourcequotas": ("", "v1", "ResourceQuotaList"),
    "limitranges": ("", "v1", "LimitRangeList"),
    "persistentvolumeclaims": ("", "v1", "PersistentVolumeClaimList"),
    "serviceaccounts": ("", "v1", "ServiceAccountList"),
    "configmaps": ("", "v1", "ConfigMapList"),
    "nodes": ("", "v1", "NodeList"),
    "persistentvolumes": ("", "v1", "PersistentVolumeList"),
    "deployments": ("apps", "v1", "DeploymentList"),
    "replicasets": ("apps", "v1", "ReplicaSetList"),
    "statefulsets": ("apps", "v1", "StatefulSetList"),
    "daemonsets": ("apps", "v1", "DaemonSetList"),
    "controllerrevisions": ("apps", "v1", "ControllerRevisionList"),
    "jobs": ("batch", "v1", "JobList"),
    "cronjobs": ("batch", "v1", "CronJobList"),
    "endpointslices": ("discovery.k8s.io", "v1", "EndpointSliceList"),
    "networkpolicies": ("networking.k8s.io", "v1", "NetworkPolicyList"),
    "storageclasses": ("storage.k8s.io", "v1", "StorageClassList"),
}
METADATA_ONLY = "PartialObjectMetadataList"
VERSION = {"major": "1", "minor": "36", "gitVersion": "v1.36.2", "platform": "linux/amd64"}
USER = "incident-bot"


class KubernetesServer:
    """Objects by kind, each in its namespace; `forbidden` are kinds this user may not list."""

    def __init__(self, token: str, *, forbidden: frozenset[str] = frozenset(), unknown: frozenset[str] = frozenset()):
        self.token, self.forbidden, self.unknown = token, forbidden, unknown
        self.objects: dict[str, list[Object]] = {}
        self.asked: list[str] = []
        self.version = 300
        self.compacted = 0
        """Lists that began before this version can no longer be gone on with."""
        self.expire_after_page = False

    def keep(self, kind: str, *objects: Object) -> "KubernetesServer":
        """Keep these objects."""
        self.objects.setdefault(kind, []).extend(objects)
        return self

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """The address it is reached at, on loopback."""
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self.answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    async def answer(self, request: web.Request) -> web.Response:
        """Every request: who asks, what may they, and what is there."""
        self.asked.append(f"{request.method} {request.path_qs}")
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return status(401, "Unauthorized", "Unauthorized")
        if request.method != "GET":
            return status(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        if request.path == "/version":
            return web.json_response(VERSION)
        return self._list(request)

    def _list(self, request: web.Request) -> web.Response:
        parts = request.path.strip("/").split("/")
        group = "" if parts[0] == "api" else parts[1]
        rest = parts[2:] if parts[0] == "api" else parts[3:]
        namespace = rest[1] if rest[:1] == ["namespaces"] and len(rest) > 2 else ""
        kind, name = (rest[2], "".join(rest[3:4])) if namespace else (rest[0], "".join(rest[1:2]))
        if kind not in LISTS or LISTS[kind][0] != group or kind in self.unknown:
            return status(404, "NotFound", "the server could not find the requested resource", {})
        if kind in self.forbidden:
            return self._denied(kind, group, name, namespace)
        there = [each for each in self.objects.get(kind, []) if _is_in(each, namespace)]
        if name:
            return self._one(kind, group, name, there)
        return self._page(request, kind, [each for each in there if _selected(each, request)])

    def _denied(self, kind: str, group: str, name: str, namespace: str) -> web.Response:
        full = f"{kind}.{group}" if group else kind
        what = f'{full} "{name}"' if name else full
        where = f' in the namespace "{namespace}"' if namespace else " at the cluster scope"
        verb = "get" if name else "list"
        said = f'{what} is forbidden: User "{USER}" cannot {verb} resource "{kind}" in API group "{group}"{where}'
        details = {**({"name": name} if name else {}), **({"group": group} if group else {}), "kind": kind}
        return status(403, "Forbidden", said, details)

    def _one(self, kind: str, group: str, name: str, there: list[Object]) -> web.Response:
        found = next((each for each in there if each["metadata"]["name"] == name), None)
        if found is not None:
            return web.json_response(found)
        full = f"{kind}.{group}" if group else kind
        details = {"name": name, **({"group": group} if group else {}), "kind": kind}
        return status(404, "NotFound", f'{full} "{name}" not found', details)

    def _page(self, request: web.Request, kind: str, chosen: list[Object]) -> web.Response:
        begun, place = self.version, 0
        if token := request.query.get("continue", ""):
            try:
                said = json.loads(base64.b64decode(token, validate=True))
                begun, place = int(said["rv"]), int(said["start"])
            except (ValueError, KeyError, TypeError):
                return status(400, "BadRequest", "invalid continue token: continue key is not valid")
        if begun < self.compacted:
            return expired(self._token(place))
        limit = int(request.query.get("limit", "0")) or len(chosen) or 1
        shown, left = chosen[place : place + limit], len(chosen) - place - limit
        meta: Object = {"resourceVersion": str(begun)}
        if left > 0:
            meta |= {"continue": self._token(place + limit, begun), "remainingItemCount": left}
        if self.expire_after_page:
            self.version += 1
            self.compacted, self.expire_after_page = self.version, False
        _, version, name = LISTS[kind]
        group = LISTS[kind][0]
        if METADATA_ONLY in request.headers.get("Accept", ""):
            shown = [{"metadata": each["metadata"]} for each in shown]
            return web.json_response(
                {"kind": METADATA_ONLY, "apiVersion": "meta.k8s.io/v1", "metadata": meta, "items": shown}
            )
        api = f"{group}/{version}" if group else version
        return web.json_response({"kind": name, "apiVersion": api, "metadata": meta, "items": shown})

    def _token(self, place: int, begun: int | None = None) -> str:
        said = {"rv": self.version if begun is None else begun, "start": place}
        return base64.b64encode(json.dumps(said).encode()).decode()


def status(
    code: int, reason: str, message: str, details: Object | None = None, meta: Object | None = None
) -> web.Response:
    """A refusal as the API server words it."""
    body: Object = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": meta or {},
        "status": "Failure",
        "message": message,
    }
    body |= {"reason": reason, **({} if details is None else {"details": details}), "code": code}
    return web.json_response(body, status=code)


def expired(token: str) -> web.Response:
    """What becomes of a list whose snapshot is gone: the refusal says how to go on from the newest one."""
    said = (
        "The provided continue parameter is too old to display a consistent list result. You can start a new list "
        "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
        "results."
    )
    return status(410, "Expired", said, meta={"continue": token})


def _is_in(each: Object, namespace: str) -> bool:
    return not namespace or each["metadata"].get("namespace", namespace) == namespace


def _selected(each: Object, request: web.Request) -> bool:
    """Whether an object fulfils the field selector of the request, as far as events know any."""
    for condition in filter(None, request.query.get("fieldSelector", "").split(",")):
        path, _, wanted = condition.partition("=")
        value: Any = each
        for part in path.split("."):
            value = value.get(part, "") if isinstance(value, dict) else ""
        if value != wanted:
            return False
    return True
