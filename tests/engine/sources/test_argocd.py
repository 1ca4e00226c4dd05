"""Proves that Argo CD's history becomes changes of the right service, and its state is told as it stands."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from engine.diagnosis.signals import judge
from engine.errors import SourceSilent
from engine.model import Observation
from engine.ports import Question, Source
from engine.sources.argocd import ArgoCdSource
from engine.sources.http import MOST_BYTES
from engine.team import Rollback, Service
from tests.contracts.source import AMPLE, TOKEN, Condition, SourceContract, check, check_safe, patience_in, question
from tests.engine.sources.backends import Handler, broken, serve, session

SPLIT = question().window.split
OLD, NEW, NEWER = "a" * 40, "b" * 40, "c" * 40


def entry(id: int, minutes: float, revision: str, **more: Any) -> dict[str, Any]:
    """One deploy, so many minutes after the split, as `status.history` keeps it."""
    at = f"{SPLIT + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"
    source = {"path": "apps/payment", "repoURL": "https://git.example/shop.git", "targetRevision": "main"}
    who = {"initiatedBy": {"username": "alice@example.com"}}
    return {"id": id, "deployStartedAt": at, "deployedAt": at, "revision": revision, "source": source, **who, **more}


def application(name: str, history: Sequence[dict[str, Any]] = (), **status: Any) -> dict[str, Any]:
    """An application as the API gives it."""
    about = {"name": name, "namespace": "argocd", "resourceVersion": "7"}
    spec = {"project": "shop", "destination": {"namespace": "shop", "server": "https://kubernetes.default.svc"}}
    standing = {
        "health": {"status": "Healthy"},
        "sync": {"status": "Synced", "revision": NEW},
        "history": list(history),
    }
    return {"metadata": about, "spec": spec, "status": {**standing, **status}}


HISTORY = [entry(7, -600, OLD), entry(8, 2, NEW)]
PAYMENT = application("payment", HISTORY)


class FakeArgoCd:
    """An Argo CD with these applications, which speaks as the real one's gateway does."""

    def __init__(self, applications: Sequence[dict[str, Any]] = (), *, token: str = TOKEN) -> None:
        self.applications, self.token = applications, token
        self.asked: list[str] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return fault(401, 16, "no session information")
        place = request.path.removeprefix("/api/v1/applications").strip("/").split("/")
        if place == [""]:
            fields = request.query.get("fields", "").split(",")
            return web.json_response({"items": [only(each, fields) for each in self.applications] or None})
        found = next((each for each in self.applications if each["metadata"]["name"] == place[0]), None)
        if found is None:
            return fault(404, 5, "not found") if "project" in request.query else fault(403, 7, "permission denied")
        if len(place) == 1:
            return web.json_response(found)
        if place[1] == "revisions" and len(place) == 4:
            message = f"Raise the pool of {place[0]}\n\nSigned-off-by: alice"
            commit = {"author": "Alice <alice@example.com>", "date": "2026-11-20T09:00:00Z", "message": message}
            return web.json_response({**commit, "tags": ["v1.4.2"]} if place[2] == NEW else commit)
        return fault(404, 5, "Not Found")


def fault(status: int, code: int, message: str) -> web.Response:
    return web.json_response({"error": message, "code": code, "message": message}, status=status)


def only(whole: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """The named fields of an application, as `fields` makes the gateway leave out the others."""
    kept: dict[str, Any] = {}
    for field in fields:
        inside: Any = whole
        target = kept
        *parents, last = field.removeprefix("items.").split(".")
        for parent in parents:
            inside, target = inside.get(parent, {}), target.setdefault(parent, {})
        if last in inside:
            target[last] = inside[last]
    return kept


@asynccontextmanager
async def over(handler: Handler, patience: float = AMPLE, **options: Any) -> AsyncIterator[ArgoCdSource]:
    async with serve(handler) as url, session() as opened:
        yield ArgoCdSource(url, session=opened, **{"token": TOKEN, "patience": patience, **options})


async def all_of(handler: Handler, wanted: Question | None = None, **options: Any) -> list[Observation]:
    wanted = wanted or question()
    async with over(handler, **options) as source:
        seen = list(await source.ask(wanted))
        for each in seen:
            check(each, wanted, source)
        return seen


def about(service: Service, **alert: str) -> Question:
    return question(service.name, (), **alert).model_copy(update={"service": service})


class TestArgoCdSource(SourceContract):
    @asynccontextmanager
    async def source_on(self, condition: Condition) -> AsyncIterator[Source]:
        handlers: dict[str, Handler] = {"working": FakeArgoCd([PAYMENT]), "empty": FakeArgoCd()}
        if condition == "unreachable":
            async with session() as opened:
                yield ArgoCdSource("http://127.0.0.1:1", session=opened, token=TOKEN, patience=AMPLE)
            return
        async with over(handlers.get(condition) or broken(condition), patience_in(condition)) as source:
            yield source


async def test_a_deploy_says_what_who_when_and_what_ran_before() -> None:
    changed, standing = await all_of(FakeArgoCd([PAYMENT]))
    (change,) = changed.changes
    assert (change.kind, change.version, change.previous_version) == ("deploy", NEW[:12], OLD[:12])
    assert (change.by, change.at) == ("alice@example.com", SPLIT + timedelta(minutes=2))
    assert change.note == "v1.4.2 Raise the pool of payment (Alice <alice@example.com>)"
    assert standing.state["reasons"] == []


async def test_a_sync_back_is_a_rollback_and_one_of_the_same_is_neither() -> None:
    history = [*HISTORY, entry(9, 3, NEW, initiatedBy={"automated": True}), entry(10, 4, OLD), entry(11, 5, NEWER)]
    changed = (await all_of(FakeArgoCd([application("payment", history)])))[0]
    assert [each.kind for each in changed.changes] == ["deploy", "sync", "rollback", "deploy"]
    assert changed.changes[1].by == "auto-sync"
    assert changed.changes[-1].previous_version == OLD[:12]


async def test_several_sources_are_one_version() -> None:
    history = [entry(1, -50, "", revisions=["1.2.3", OLD]), entry(2, 1, "", revisions=["1.2.4", OLD])]
    (change,) = (await all_of(FakeArgoCd([application("payment", history)])))[0].changes
    assert (change.previous_version, change.version) == (f"1.2.3+{OLD[:12]}", f"1.2.4+{OLD[:12]}")


async def test_no_deploy_of_a_known_service_is_an_answer() -> None:
    changed, _ = await all_of(FakeArgoCd([application("payment", [HISTORY[0]])]))
    assert (changed.kind, changed.count) == ("change", 0)


async def test_trouble_and_what_differs_from_git_are_told() -> None:
    resources = [
        {"kind": "Deployment", "name": "payment", "status": "OutOfSync"},
        {"kind": "Service", "name": "payment", "status": "Synced"},
    ]
    status = {
        "health": {"status": "Degraded", "message": "Deployment exceeded its progress deadline"},
        "sync": {"status": "OutOfSync", "revision": NEW},
        "resources": resources,
        "operationState": {"phase": "Failed", "message": "one or more objects failed to apply"},
        "conditions": [{"type": "SyncError", "message": "token=abcdefgh12345678 refused"}],
    }
    seen = await all_of(FakeArgoCd([application("payment", HISTORY, **status)]))
    _, standing, differing = seen
    assert standing.state["reasons"] == ["Degraded", "SyncFailed"]
    assert differing.role == "out_of_sync"
    assert differing.state["lines"][0] == "Deployment payment"
    assert "abcdefgh" not in differing.model_dump_json()
    judged = {each.signal: each for each in judge(seen, question().window)}
    assert judged["state"].abnormal
    assert not judged["out_of_sync"].abnormal


WORKLOAD = {"resources": [{"kind": "Deployment", "name": "payment", "status": "Synced"}]}


@pytest.mark.parametrize(
    "service, names, found",
    [
        (Service(name="payment"), ["payment", "payment-prod"], "payment"),
        (Service(name="payment", rollback=Rollback(argocd_app="argocd/pay-core")), ["payment", "pay-core"], "pay-core"),
        (Service(name="payment", labels={"argocd_app": "pay-core"}), ["payment", "pay-core"], "pay-core"),
        (Service(name="pay", workload="deployment/payment", namespace="shop"), ["trade-prod"], "trade-prod"),
        (Service(name="payment"), ["trade-prod", "trade-staging"], "trade-prod"),
    ],
)
async def test_which_application_is_a_services(service: Service, names: list[str], found: str) -> None:
    fake = FakeArgoCd([application(name, HISTORY, **WORKLOAD) for name in names])
    changed = (await all_of(fake, about(service, environment="prod")))[0]
    assert changed.query == f"history of {found}"
    assert changed.service == service.name


@pytest.mark.parametrize(
    "service, names",
    [
        (Service(name="payment"), ["payment-prod", "payment-staging"]),
        (Service(name="payment", workload="deployment/payment", namespace="other"), ["payment-prod"]),
    ],
)
async def test_what_is_only_alike_is_named_and_not_taken(service: Service, names: list[str]) -> None:
    (other,) = await all_of(FakeArgoCd([application(name, HISTORY) for name in names]), about(service))
    assert other.role == "label_mismatch"
    assert other.state["found"] == ", ".join(f"argocd_app={name}" for name in names)


async def test_two_that_deploy_it_and_no_environment_to_choose_by_are_none() -> None:
    fake = FakeArgoCd([application(name, HISTORY, **WORKLOAD) for name in ("trade-prod", "trade-staging")])
    (nothing,) = await all_of(fake, about(Service(name="payment")))
    assert (nothing.kind, nothing.count) == ("state", 0)


async def test_an_application_the_catalogue_names_and_nobody_may_see_is_said() -> None:
    wanted = about(Service(name="payment", rollback=Rollback(argocd_app="pay-core")))
    with pytest.raises(SourceSilent) as silent:
        await all_of(FakeArgoCd([PAYMENT]), wanted)
    assert silent.value.phrase.word == "evidence.silent.unknown_application"
    check_safe(silent.value.phrase)


async def test_a_wrong_token_is_said() -> None:
    with pytest.raises(SourceSilent) as silent:
        await all_of(FakeArgoCd([PAYMENT], token="another"))
    assert silent.value.phrase.word == "evidence.silent.refused"


async def test_neighbours_deploys_count_for_them() -> None:
    seen = await all_of(FakeArgoCd([PAYMENT, application("coupon", [entry(1, 1, NEW)])]))
    assert [each.service for each in seen if each.changes] == ["payment", "coupon"]


async def test_a_list_too_large_is_asked_for_in_brief() -> None:
    fake = FakeArgoCd([PAYMENT])

    async def crowded(request: web.Request) -> web.StreamResponse:
        if "resources" in request.query.get("fields", ""):
            return web.Response(body=b" " * (MOST_BYTES + 1))
        return await fake(request)

    assert (await all_of(crowded))[0].count == 1


async def test_what_git_says_is_a_bonus() -> None:
    fake = FakeArgoCd([PAYMENT])

    async def without(request: web.Request) -> web.StreamResponse:
        return fault(500, 2, "repo server gone") if "/revisions/" in request.path else await fake(request)

    (change,) = (await all_of(without))[0].changes
    assert change.note == "https://git.example/shop.git main"


@pytest.mark.parametrize("body", ["", "<html>", "[]", '{"items": 7}', '{"items": [{"metadata": {}}]}'])
async def test_another_shape_is_silence(body: str) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=body)

    with pytest.raises(SourceSilent):
        await all_of(answer)


async def test_examining_says_which_service_has_no_application() -> None:
    services = [Service(name="payment"), Service(name="coupon-service"), Service(name="nobody")]
    async with over(FakeArgoCd([PAYMENT, application("coupon")])) as source:
        first, second = await source.examine(services)
    assert (first.ok, first.phrase.values["known"], second.ok) == (True, 1, False)
    assert second.phrase.values["label"] == "argocd_app"
    check_safe(second.phrase)
