"""Proves that GitHub's deployments, releases and merges become changes with what came with them, within its limits."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from engine.errors import SourceSilent
from engine.model import Observation
from engine.ports import Question, Source
from engine.sources.github import GitHubSource
from engine.team import Service
from tests.bot.platforms.wecom.one_process import in_one_process
from tests.contracts.source import AMPLE, TOKEN, Condition, SourceContract, check, check_safe, patience_in, question
from tests.engine.sources.answers import example, user
from tests.engine.sources.backends import Handler, broken, serve, session
from tests.engine.sources.fake_github import FakeGitHub, commit, file, pull

SPLIT = question().window.split
OLD, BAD, NEW = "a" * 40, "b" * 40, "c" * 40


def at(minutes: float) -> str:
    """A moment so many minutes after the split, as GitHub writes it."""
    return f"{SPLIT + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


def deployment(id: int, minutes: float, sha: str, **more: Any) -> dict[str, Any]:
    when = {"created_at": at(minutes), "updated_at": at(minutes)}
    return example("deployment", id=id, sha=sha, **{"ref": "main", **when, "creator": user("deploy-bot"), **more})


RELEASED = [deployment(3, 2, NEW), deployment(2, -300, BAD), deployment(1, -600, OLD)]
STATES = {3: "success", 2: "failure", 1: "inactive"}
FILES = [file("config/db.yaml", 1, 1), file("src/pool.py", 30, 12)]
COMMITS = [commit("d" * 40, "Tidy up"), commit("e" * 40, "Raise the pool\n\nBody", "bob")]


class Asked(GitHubSource):
    """A source whose questions always name the repository: the suite's own name none."""

    async def ask(self, question: Question) -> Sequence[Observation]:
        service = question.service.model_copy(update={"repository": "shop/payment"})
        return await super().ask(question.model_copy(update={"service": service}))


@asynccontextmanager
async def over(handler: Handler, **options: Any) -> AsyncIterator[GitHubSource]:
    async with serve(handler) as url, session() as opened:
        yield Asked(url, **{"session": opened, "token": TOKEN, "patience": AMPLE, **options})


async def all_of(handler: Handler, wanted: Question | None = None) -> list[Observation]:
    wanted = wanted or question()
    async with over(handler) as source:
        seen = list(await source.ask(wanted))
        for each in seen:
            check(each, wanted, source)
        return seen


class TestGitHubSource(SourceContract):
    @asynccontextmanager
    async def source_on(self, condition: Condition) -> AsyncIterator[Source]:
        working = FakeGitHub(deployments=RELEASED, states=STATES, commits=COMMITS, files=FILES)
        handlers: dict[str, Handler] = {"working": working, "empty": FakeGitHub()}
        if condition == "unreachable":
            async with session() as opened:
                yield Asked("http://127.0.0.1:1", session=opened, token=TOKEN, patience=AMPLE)
            return
        patience = patience_in(condition)
        async with over(handlers.get(condition) or broken(condition), patience=patience) as source:
            yield source


async def test_a_deployment_is_held_against_the_last_good_one_and_says_what_came_with_it() -> None:
    fake = FakeGitHub(deployments=RELEASED, states=STATES, commits=COMMITS, files=FILES)
    changes, since = await all_of(fake)
    (change,) = changes.changes
    assert (change.kind, change.version, change.previous_version) == ("deploy", NEW[:10], OLD[:10])
    assert (change.by, change.at) == ("deploy-bot", SPLIT + timedelta(minutes=2))
    assert any(f"/compare/{OLD}...{NEW}" in path for path in fake.asked)
    assert (since.role, since.state["commits"], since.state["files"]) == ("commits_since", 2, 2)
    assert (since.state["added"], since.state["removed"]) == (31, 13)
    assert since.state["lines"][0] == f"{'e' * 10} Raise the pool (bob)"
    assert since.state["lines"][2] == "src/pool.py +30 −12"


async def test_the_environment_of_the_alert_chooses_its_deployments() -> None:
    rows = [deployment(5, 3, BAD, environment="staging"), deployment(4, 2, NEW, environment="production")]
    (changes,) = await all_of(FakeGitHub(deployments=rows), question(environment="prod"))
    assert [change.id for change in changes.changes] == ["deployment/4"]


async def test_a_tag_is_called_by_its_name() -> None:
    (changes,) = await all_of(FakeGitHub(deployments=[deployment(4, 2, NEW, ref="v1.4.2")]))
    assert changes.changes[0].version == "v1.4.2"


async def test_merged_pull_requests_stand_beside_deployments() -> None:
    pulls = [pull(7, "Raise the pool", at(-1)), pull(6, "Old", at(-900)), pull(5, "Closed", None)]
    seen = await all_of(FakeGitHub(deployments=RELEASED, states=STATES, pulls=pulls, files=FILES))
    (merged,) = [each for each in seen if each.role == "merged"]
    (line,) = merged.state["lines"]
    assert "#7 Raise the pool (alice): 2 files +31 −13: src/pool.py, config/db.yaml" in line
    assert [change.kind for change in seen[0].changes] == ["deploy"]


async def test_without_deployments_releases_and_merges_are_the_changes() -> None:
    releases = [
        example("release", tag_name=tag, published_at=at(minutes), draft=False)
        for tag, minutes in (("v1.1", 3), ("v1.0", -900))
    ]
    pulls = [pull(7, "Raise the pool", at(-1))]
    fake = FakeGitHub(releases=releases, pulls=pulls, files=FILES, commits=COMMITS)
    changes, since = await all_of(fake)
    merge, release = changes.changes
    assert (merge.kind, merge.version, merge.previous_version) == ("merge", "#7 Raise the pool", "")
    assert merge.note == "Raise the pool: 2 files +31 −13: src/pool.py, config/db.yaml"
    assert (release.kind, release.version, release.previous_version) == ("release", "v1.1", "v1.0")
    assert since.state["base"] == "v1.0"


async def test_a_change_carries_what_it_alters() -> None:
    pulls = [pull(7, "Raise the pool", at(-1))]
    patched = [{**FILES[0], "patch": "@@ -1 +1 @@\n-size = 40\n+size = 4\n+password = 'hunter2-and-more'"}, FILES[1]]
    (merge,) = (await all_of(FakeGitHub(pulls=pulls, files=patched)))[0].changes
    assert merge.files == ("config/db.yaml", "src/pool.py")
    assert "+size = 4" in merge.diff
    assert "hunter2" not in merge.diff
    one = FakeGitHub(deployments=RELEASED, states=STATES, files=patched, commits=COMMITS)
    deploy = (await all_of(one))[0].changes[-1]
    assert deploy.files == merge.files


async def test_what_cannot_be_compared_is_left_out() -> None:
    fake = FakeGitHub(deployments=RELEASED, states=STATES)

    async def gone(request: web.Request) -> web.StreamResponse:
        return (
            web.json_response({"message": "Not Found"}, status=404)
            if "compare" in request.path
            else await fake(request)
        )

    (changes,) = await all_of(gone)
    assert changes.count == 1


@pytest.mark.parametrize("slow", ["/statuses", "/compare/", "/files"])
def test_what_is_not_told_in_time_is_left_out(slow: str) -> None:
    pulls = [pull(7, "Raise the pool", at(-1))]
    fake = FakeGitHub(deployments=RELEASED, states=STATES, pulls=pulls, files=FILES, commits=COMMITS)

    async def hanging(request: web.Request) -> web.StreamResponse:
        if slow in request.path:
            await asyncio.Event().wait()
        return await fake(request)

    async def story() -> None:
        seen = await all_of(hanging)
        assert [change.id for change in seen[0].changes] == ["deployment/3"]

    in_one_process(story())


async def test_a_repository_nobody_may_see_is_said() -> None:
    async with serve(FakeGitHub()) as url, session() as opened:
        source = GitHubSource(url, session=opened, token=TOKEN, patience=AMPLE)
        secret = question().model_copy(update={"service": Service(name="payment", repository="shop/secret")})
        with pytest.raises(SourceSilent) as silent:
            await source.ask(secret)
    assert silent.value.phrase.word == "evidence.silent.unknown_repository"
    assert silent.value.phrase.values["repository"] == "shop/secret"
    check_safe(silent.value.phrase)


async def test_nobody_is_asked_where_no_repository_is_named() -> None:
    fake = FakeGitHub()
    async with serve(fake) as url, session() as opened:
        source = GitHubSource(url, session=opened)
        assert not source.concerns(question())
        assert await source.ask(question()) == []
        named = question().model_copy(update={"neighbours": (Service(name="coupon", repository="shop/coupon"),)})
        assert source.concerns(named)
    assert fake.asked == []


NOON = "Fri, 20 Nov 2026 12:00:00 GMT"
RESET = str(int(datetime.fromisoformat("2026-11-20T12:10:00+00:00").timestamp()))


@pytest.mark.parametrize(
    "status, headers, body, until",
    [
        (403, {"Date": NOON, "x-ratelimit-remaining": "0", "x-ratelimit-reset": RESET}, "{}", "12:10:00 UTC"),
        (429, {"Date": NOON, "x-ratelimit-remaining": "0", "x-ratelimit-reset": RESET}, "{}", "12:10:00 UTC"),
        (403, {"Date": NOON, "Retry-After": "90"}, "{}", "12:01:30 UTC"),
        (403, {"Date": NOON}, '{"message": "You have exceeded a secondary rate limit."}', "12:01:00 UTC"),
        (429, {"Date": NOON, "Retry-After": "soon"}, "{}", "—"),
        (429, {"Date": NOON, "x-ratelimit-remaining": "0"}, "{}", "—"),
    ],
)
async def test_a_spent_limit_is_said_and_kept_to(status: int, headers: dict[str, str], body: str, until: str) -> None:
    fake = FakeGitHub()
    fake.spent = web.Response(status=status, text=body, headers=headers)
    async with over(fake) as source:
        with pytest.raises(SourceSilent) as silent:
            await source.ask(question())
        assert silent.value.phrase.word == "evidence.silent.rate_limited"
        assert silent.value.phrase.values["until"] == until
        check_safe(silent.value.phrase)
        fake.asked.clear()
        fake.spent = None
        with pytest.raises(SourceSilent):
            await source.ask(question())
        assert fake.asked == [], "asked again before GitHub wanted to be"


@pytest.mark.parametrize("status", [401, 403])
async def test_a_token_that_may_not_is_no_limit(status: int) -> None:
    fake = FakeGitHub()
    fake.spent = web.Response(status=status, text='{"message": "Resource not accessible by personal access token"}')
    with pytest.raises(SourceSilent) as silent:
        await all_of(fake)
    assert silent.value.phrase.word == "evidence.silent.refused"


@pytest.mark.parametrize("body", ["", "<html>", "{}", "[7]", '[{"id": "x"}]', '[{"id": 1, "sha": "a"}]'])
async def test_another_shape_is_silence(body: str) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=body)

    with pytest.raises(SourceSilent):
        await all_of(answer)


async def test_the_api_of_an_enterprise_server_has_a_path_and_its_pages_have_none() -> None:
    fake = FakeGitHub(deployments=RELEASED, states=STATES)
    paths: list[str] = []

    async def enterprise(request: web.Request) -> web.StreamResponse:
        paths.append(request.path)
        return await fake(request.clone(rel_url=request.rel_url.with_path(request.path.removeprefix("/api/v3"))))

    async with serve(enterprise) as url, session() as opened:
        secretly = url.replace("http://", "http://bot:hunter2@")
        (changes,) = await Asked(f"{secretly}/api/v3", session=opened, token=TOKEN).ask(question())
        assert changes.link == f"{url}/shop/payment/deployments"
    assert all(path.startswith("/api/v3/repos/") for path in paths)


async def test_examining_says_what_is_left_and_what_may_not_be_seen() -> None:
    named = [Service(name="payment", repository="shop/payment"), Service(name="x", repository="shop/secret")]
    async with over(FakeGitHub()) as source:
        first, second = await source.examine(named)
    assert (first.ok, first.phrase.values["named"], second.ok) == (True, 2, False)
    check_safe(first.phrase)
    check_safe(second.phrase)
