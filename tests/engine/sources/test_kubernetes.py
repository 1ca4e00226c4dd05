"""Proves that a cluster is asked politely, read as it stands, and that what may not be seen is said and not missed."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from cards.words import Words
from engine.cluster.facts import Cluster, Revision, Workload
from engine.diagnosis.diagnose import diagnose
from engine.diagnosis.signals import judge
from engine.errors import SourceSilent
from engine.model import Observation, Window
from engine.ports import Question, Source
from engine.sources.kubernetes import KubernetesSource
from engine.sources.kubernetes_api import KINDS, PAGE
from engine.sources.kubernetes_changes import changes
from engine.team import Service
from tests.contracts.source import AMPLE, TOKEN, Condition, SourceContract, check, check_safe, patience_in, question
from tests.engine.cluster import test_jobs as jobs
from tests.engine.sources.backends import Handler, broken, capture, serve, session
from tests.fakes.kubernetes_server import KubernetesServer

NOW = datetime(2026, 11, 20, 10, 13, tzinfo=UTC)
WINDOW = Window(start=NOW - timedelta(minutes=40), split=NOW - timedelta(minutes=10), end=NOW)
SHOP = Service(name="payment", namespace="shop", dependencies=("coupon",))


def asked(service: Service = SHOP, **labels: str) -> Question:
    about = question(service.name, (), labels=labels)
    return about.model_copy(update={"service": service, "window": WINDOW})


def items(name: str) -> list[dict[str, Any]]:
    body = capture(f"kubernetes/{name}")["body"]
    found: list[dict[str, Any]] = body.get("items", [body])
    return found


def crashing(**more: Any) -> KubernetesServer:
    """The captured shop whose second release crashes."""
    server = KubernetesServer(TOKEN, **more)
    server.keep("pods", *items("pods_crashloop")).keep("replicasets", *items("replicasets"))
    server.keep("deployments", *items("deployment_progress_deadline_exceeded"))
    return server.keep("events", *items("events")).keep("nodes", *items("nodes"))


@asynccontextmanager
async def over(server: KubernetesServer, **options: Any) -> AsyncIterator[KubernetesSource]:
    async with server.serving() as url, session() as opened:
        yield KubernetesSource(url, **{"session": opened, "token": TOKEN, "patience": AMPLE, **options})


async def seen_of(server: KubernetesServer, about: Question | None = None, **options: Any) -> list[Observation]:
    async with over(server, **options) as source:
        wanted = about or asked()
        found = list(await source.ask(wanted))
        for each in found:
            check(each, wanted, source)
        return found


def state(found: list[Observation]) -> Cluster:
    return next(Cluster.model_validate(each.state["cluster"]) for each in found if "cluster" in each.state)


class TestKubernetesSource(SourceContract):
    @asynccontextmanager
    async def source_on(self, condition: Condition) -> AsyncIterator[Source]:
        async with session() as opened:
            if condition in ("working", "empty"):
                server = crashing() if condition == "working" else KubernetesServer(TOKEN)
                async with server.serving() as url:
                    yield self._over(url, opened)
            elif condition == "unreachable":
                yield self._over("http://127.0.0.1:9", opened)
            else:
                async with serve(broken(condition)) as url:
                    yield self._over(url, opened, patience_in(condition))

    def _over(self, url: str, opened: ClientSession, patience: float = AMPLE) -> KubernetesSource:
        return KubernetesSource(url, session=opened, token=TOKEN, namespaces=("shop",), patience=patience)


@pytest.mark.parametrize(
    "name, path, forbidden",
    [
        ("err_403_rbac", "/apis/apps/v1/namespaces/shop/deployments/payment", frozenset({"deployments"})),
        ("err_404", "/apis/apps/v1/namespaces/shop/deployments/nope", frozenset()),
        ("err_401", "/apis/apps/v1/namespaces/shop/deployments/payment", frozenset()),
    ],
)
async def test_the_fake_refuses_as_the_real_one_does(name: str, path: str, forbidden: frozenset[str]) -> None:
    kept = capture(f"kubernetes/{name}")
    async with crashing(forbidden=forbidden).serving() as url, session() as opened:
        token = "wrong" if name == "err_401" else TOKEN
        async with opened.get(url + path, headers={"Authorization": f"Bearer {token}"}) as answer:
            body = await answer.json()
    assert (answer.status, body) == (kept["status"], kept["body"])


async def test_the_fake_pages_as_the_real_one_does() -> None:
    kept = capture("kubernetes/events_k8s_io_v1")["body"]["metadata"]
    async with crashing().serving() as url, session() as opened:
        known = {"Authorization": f"Bearer {TOKEN}"}
        async with opened.get(f"{url}/api/v1/namespaces/shop/events?limit=3", headers=known) as answer:
            body = await answer.json()
        async with opened.get(f"{url}/api/v1/pods?limit=1&continue=abc", headers=known) as answer:
            refused = await answer.json()
    assert body["metadata"].keys() == kept.keys()
    real = capture("kubernetes/err_400_bad_continue")["body"]
    assert (answer.status, refused["reason"], refused["code"]) == (400, real["reason"], real["code"])
    assert refused["message"].split(":")[:2] == real["message"].split(":")[:2]


async def test_only_get_is_asked_and_never_for_secrets() -> None:
    server = crashing()
    await seen_of(server)
    assert server.asked
    assert all(each.startswith("GET ") for each in server.asked)
    assert not [each for each in server.asked if "secrets" in each]
    assert all("limit=" in each for each in server.asked)


async def test_a_crash_looping_release_is_seen_with_its_change() -> None:
    found = await seen_of(crashing())
    read = state(found)
    assert [each.name for each in read.workloads] == ["payment"]
    (rollouts,) = [each for each in found if each.kind == "change"]
    newest = rollouts.changes[-1]
    assert (newest.kind, newest.version, newest.previous_version) == ("deploy", "1.9.0-crash", "1.8.0")
    assert (newest.note, newest.service) == ("release 1.9.0", "payment")
    evidence = judge(found, WINDOW)
    assert {"crash_loop"} <= {each.signal for each in evidence if each.abnormal}
    verdict = diagnose(evidence, (), {"payment": SHOP}, "payment", WINDOW)
    assert verdict.hypotheses


async def test_no_rollout_is_an_answer_too() -> None:
    server = KubernetesServer(TOKEN).keep("deployments", *items("deployment_available"))
    (quiet,) = [each for each in await seen_of(server) if each.kind == "change"]
    assert (quiet.service, quiet.count, quiet.changes) == ("payment", 0, ())


async def test_what_may_not_be_listed_is_said_and_the_rest_goes_on() -> None:
    found = await seen_of(crashing(forbidden=frozenset({"nodes", "resourcequotas"})))
    (note,) = [each for each in found if each.role == "not_allowed"]
    assert note.state["kinds"] == "resourcequotas, nodes"
    assert state(found).nodes == ()
    assert "nodes" not in state(found).read
    (said,) = [each for each in judge(found, WINDOW) if each.signal == "not_allowed"]
    for language in ("en", "zh_CN"):
        assert "nodes" in Words(language).say(said.summary)
    assert not said.abnormal


async def test_what_may_not_be_seen_of_history_is_not_called_unchanged() -> None:
    found = await seen_of(crashing(forbidden=frozenset({"replicasets"})))
    assert not [each for each in found if each.kind == "change"]


async def test_an_api_the_server_does_not_have_is_no_refusal() -> None:
    found = await seen_of(crashing(unknown=frozenset({"endpointslices"})))
    assert not [each for each in found if each.role == "not_allowed"]


@pytest.mark.parametrize("forbidden", [frozenset(each.plural for each in KINDS)])
async def test_nothing_that_may_be_listed_is_silence(forbidden: frozenset[str]) -> None:
    with pytest.raises(SourceSilent) as silent:
        await seen_of(crashing(forbidden=forbidden))
    assert silent.value.phrase.word == "evidence.silent.refused"
    check_safe(silent.value.phrase)


async def test_a_wrong_token_is_silence() -> None:
    with pytest.raises(SourceSilent) as silent:
        await seen_of(crashing(), token="another")
    assert silent.value.phrase.word == "evidence.silent.refused"


def pods(count: int) -> list[dict[str, Any]]:
    (first, *_) = items("pods_crashloop")
    return [{**first, "metadata": {**first["metadata"], "name": f"payment-{place:04d}"}} for place in range(count)]


async def test_long_lists_are_read_page_by_page() -> None:
    server = KubernetesServer(TOKEN).keep("pods", *pods(PAGE + 20)).keep("deployments", *items("deployment_available"))
    await seen_of(server)
    listed = [each for each in server.asked if "/shop/pods" in each]
    assert len(listed) == 2
    assert "continue=" in listed[1]


async def test_a_list_that_expired_goes_on_from_where_it_was_and_is_not_called_whole() -> None:
    server = KubernetesServer(TOKEN).keep("pods", *pods(PAGE + 20)).keep("deployments", *items("deployment_available"))
    server.expire_after_page = True
    found = await seen_of(server, asked(Service(name="payment", namespace="shop")))
    seen = next(each for each in found if each.kind == "state")
    assert seen.truncated
    assert "pods" not in state(found).read
    assert state(found).pods


async def test_a_namespace_without_end_is_cut() -> None:
    server = KubernetesServer(TOKEN).keep("pods", *pods(1_500)).keep("deployments", *items("deployment_available"))
    found = await seen_of(server)
    assert next(each for each in found if each.kind == "state").truncated
    assert len(json.dumps(found[0].state)) < 2_000_000


async def test_where_to_look() -> None:
    elsewhere = Service(name="coupon", namespace="pricing")
    about = asked(SHOP).model_copy(update={"neighbours": (elsewhere,)})
    server = crashing()
    await seen_of(server, about)
    assert {each.split("/namespaces/")[1].split("/")[0] for each in server.asked if "/namespaces/" in each} == {
        "shop",
        "pricing",
        "default",  # where events about nodes are kept
    }


@pytest.mark.parametrize(
    "service, labels, allowed, looked",
    [
        (Service(name="payment"), {"namespace": "shop"}, (), "shop"),
        (Service(name="payment"), {"namespace": "evil/../x"}, (), "default"),
        (Service(name="payment"), {}, ("shop",), "shop"),
        (Service(name="payment", namespace="vault"), {}, ("shop",), "shop"),
    ],
)
async def test_only_where_one_may_look(
    service: Service, labels: dict[str, str], allowed: tuple[str, ...], looked: str
) -> None:
    server = crashing()
    await seen_of(server, asked(service, **labels), namespaces=allowed)
    assert {each.split("/namespaces/")[1].split("/")[0] for each in server.asked if "/pods" in each} == {looked}


async def test_a_workload_under_another_name_is_found_by_the_catalogue() -> None:
    found = await seen_of(crashing(), asked(Service(name="pay", namespace="shop", workload="deployment/payment")))
    assert [each.service for each in state(found).workloads] == ["pay"]
    assert {each.service for each in found if each.kind == "change"} == {"pay"}


async def test_a_name_that_is_nearly_right_is_asked_about() -> None:
    found = await seen_of(crashing(), asked(Service(name="payment-service", namespace="shop")))
    (note,) = [each for each in found if each.role == "workload_unknown"]
    assert note.state["value"] == "payment"


async def test_a_token_in_a_file_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old\n", encoding="utf-8")
    server = crashing()
    async with over(server, token="", token_file=str(file)) as source:
        with pytest.raises(SourceSilent):
            await source.ask(asked())
        file.write_text(f"{TOKEN}\n", encoding="utf-8")
        assert await source.ask(asked())


@pytest.mark.parametrize("option", ["token_file", "ca_file"])
async def test_a_file_that_is_not_there_is_silence(option: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {option: str(tmp_path / "missing")}
    with pytest.raises(SourceSilent) as silent:
        await seen_of(crashing(), **options)
    check_safe(silent.value.phrase)


async def test_a_doctor_hears_what_is_missing() -> None:
    async with over(crashing(forbidden=frozenset({"nodes"})), namespaces=("shop",)) as source:
        remarks = await source.examine([SHOP, Service(name="ledger")])
    said = [(each.ok, Words("en").say(each.phrase)) for each in remarks]
    assert "v1.36.2" in said[0][1]
    assert [text for ok, text in said if not ok and "nodes" in text]
    assert any("of the teams' 2 services it knows 1" in text for _, text in said)


async def test_a_backend_that_is_no_cluster_is_silence() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response({"hello": "world"})

    handler: Handler = answer
    async with serve(handler) as url, session() as opened:
        source = KubernetesSource(url, session=opened, token=TOKEN, patience=AMPLE)
        with pytest.raises(SourceSilent) as silent:
            await source.ask(asked())
    check_safe(silent.value.phrase)


def revision(number: int, image: str, minutes: float, **more: Any) -> Revision:
    at = WINDOW.split + timedelta(minutes=minutes)
    return Revision(number=number, name=f"payment-{number}", images=(image,), at=at, **more)


def rolled_out(*revisions: Revision, changed: float = 0.0) -> list[tuple[str, str, str]]:
    workload = Workload(
        kind="Deployment",
        name="payment",
        service="payment",
        revisions=revisions,
        changed_at=WINDOW.split + timedelta(minutes=changed),
        changed_by="kubectl-rollout",
    )
    return [(each.kind, each.version, each.previous_version) for each in changes(workload, WINDOW)]


def test_what_a_rollout_was() -> None:
    old, new = revision(1, "r.example.com/pay:1.8.0", -5), revision(2, "r.example.com/pay:1.9.0", 1)
    assert rolled_out(old, new) == [("deploy", "1.8.0", ""), ("deploy", "1.9.0", "1.8.0")]
    assert rolled_out(new, revision(3, "r.example.com/pay:1.8.0", -5), changed=3)[-1] == ("rollback", "1.8.0", "1.9.0")
    same = revision(3, "r.example.com/pay:1.9.0", 4, restarted="2026-11-20T10:04:00Z")
    assert rolled_out(old, new, same)[-1] == ("restart", "1.9.0", "1.9.0")
    assert rolled_out(old, new, revision(3, "r.example.com/pay:1.9.0", 4))[-1] == ("config", "1.9.0", "1.9.0")
    assert rolled_out(new, revision(3, "mirror.example.com/pay:1.9.0", 4))[-1] == (
        "deploy",
        "mirror.example.com/pay:1.9.0",
        "r.example.com/pay:1.9.0",
    )
    assert rolled_out(revision(1, "r.example.com/pay@sha256:0123456789abcdef", 1)) == [
        ("deploy", "sha256:0123456789ab", "")
    ]


def test_a_rollout_before_the_window_is_none_of_it() -> None:
    assert rolled_out(revision(1, "pay:1", -300)) == []


async def test_jobs_and_schedules_are_listed_and_a_service_that_only_runs_by_one_is_known() -> None:
    server = crashing().keep("cronjobs", jobs.cron_job(suspend=True)).keep("jobs", jobs.job())
    server.keep("events")
    billing = Service(name="nightly", namespace="shop")
    found = await seen_of(server, asked(billing))
    (state,) = [each for each in found if "cluster" in each.state]
    read = Cluster.model_validate(state.state["cluster"])
    assert [each.suspended for each in read.cron_jobs] == [True]
    assert [each.failed for each in read.jobs] == [3]
    assert not [each for each in found if each.state.get("note") == "workload_unknown"]
    said = {each.details["finding"] for each in judge(found, WINDOW) if each.details.get("finding")}
    assert {"cron_job_suspended", "job_backoff_exceeded"} <= said
