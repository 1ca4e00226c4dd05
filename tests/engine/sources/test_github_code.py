"""Proves that GitHub shows the code an error comes from at the version that runs, and who wrote the line."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from engine.code import CodeReader, Missing, Passage
from engine.sources.github import GitHubSource, GitHubWithCode
from engine.sources.passages import MOST_BYTES
from tests.bot.platforms.wecom.one_process import in_one_process
from tests.contracts.code import PLACE, CodeContract
from tests.contracts.source import AMPLE, PATIENCE, TOKEN, Condition, check_safe
from tests.engine.sources.backends import Handler, broken, serve, session
from tests.engine.sources.fake_git import FakeGit, Snapshot
from tests.engine.sources.fake_github import FakeGitHub

FIRST = """import time

class Pool:
    def acquire(self):
        if not self.free:
            raise Exhausted(self.size)
        return self.free.pop()
"""
LATER = FIRST.replace("import time", "import time\nimport logging").replace("(self.size)", "(self.size, waited)")
NEWEST = LATER.replace("return self.free.pop()", "return self.free.popleft()")
BESIDE = "from pool import Pool\n\ndef charge(order):\n    pool.acquire()\n"
OLD, MIDDLE, NEW, HEAD = "a1" * 20, "b2" * 20, "c3" * 20, "d4" * 20


def at(sha: str, pool: str | bytes, message: str, **more: Any) -> Snapshot:
    files = {"src/pay/pool.py": pool, "src/pay/charge.py": BESIDE, "README.md": "acquire", **more.pop("files", {})}
    return Snapshot(sha, files, message, **more)


HISTORY = (
    at(HEAD, "# nothing left\n", "Throw the pool away"),
    at(NEW, NEWEST, "Take the oldest first", login="bob"),
    at(MIDDLE, LATER, "Say how long was waited\n\npassword=hunter22", date="2026-11-20T09:00:00Z"),
    at(OLD, FIRST, "Begin", login="carol"),
)
DASHES = "-" * 5
TAGS = {"v2.3.1": NEW, "v2.3.0": OLD}


def working(**more: Any) -> FakeGitHub:
    return FakeGitHub(git=FakeGit(*HISTORY, **{"tags": TAGS, **more}))


@asynccontextmanager
async def over(handler: Handler, patience: float = AMPLE) -> AsyncIterator[GitHubWithCode]:
    async with serve(handler) as url, session() as opened:
        yield GitHubWithCode(url, session=opened, token=TOKEN, patience=patience)


async def read(handler: Handler, patience: float = AMPLE, **place: Any) -> Passage | Missing:
    async with over(handler, patience) as source:
        assert isinstance(source, CodeReader)
        found = await source.read_code([PLACE.model_copy(update=place)])
    told: list[Passage | Missing] = [*found.passages, *found.missing]
    (one,) = told
    if isinstance(one, Missing):
        check_safe(one.reason)
    return one


async def passage(handler: Handler, patience: float = AMPLE, **place: Any) -> Passage:
    found = await read(handler, patience, **place)
    assert isinstance(found, Passage), found
    return found


class TestGitHubReader(CodeContract):
    @asynccontextmanager
    async def reader_on(self, condition: Condition) -> AsyncIterator[CodeReader]:
        if condition == "unreachable":
            async with session() as opened:
                yield GitHubWithCode("http://127.0.0.1:1", session=opened, token=TOKEN, patience=PATIENCE)
            return
        handlers: dict[str, Handler] = {"working": working(), "empty": FakeGitHub()}
        patience = PATIENCE if condition == "hanging" else AMPLE
        async with over(handlers.get(condition) or broken(condition), patience) as source:
            yield source


async def test_the_code_is_read_at_the_version_that_runs() -> None:
    fake = working()
    found = await passage(fake, line=7)
    assert (found.commit, found.version, found.path) == (NEW, "v2.3.1", "src/pay/pool.py")
    assert found.lines[found.line - found.first] == "            raise Exhausted(self.size, waited)"
    assert found.link.endswith(f"/shop/payment/blob/{NEW}/src/pay/pool.py#L7")
    assert all(f"ref={NEW}" in path for path in fake.asked if "/contents/" in path)
    older = await passage(working(), versions=("v2.3.0",))
    assert (older.commit, older.lines[older.line - older.first].strip()) == (OLD, "raise Exhausted(self.size)")


async def test_of_one_repository_each_service_is_read_at_the_version_that_runs_of_it() -> None:
    async with over(working()) as source:
        other = PLACE.model_copy(update={"evidence": "ev_log_2", "service": "coupon", "versions": ("v2.3.0",)})
        found = await source.read_code([PLACE, other])
    assert {(each.service, each.version, each.commit) for each in found.passages} == {
        ("payment", "v2.3.1", NEW),
        ("coupon", "v2.3.0", OLD),
    }


async def test_a_number_that_begins_a_commit_by_chance_is_no_version() -> None:
    history = (at("1423" + "d4" * 18, NEWEST, "Later"), at("1423abc" + "e" * 33, FIRST, "Begin"))
    for git, version, known in (
        (FakeGit(*history), "1423abc", history[1]),
        (FakeGit(*history), "1423", None),
        (FakeGit(*history[:1], at(OLD, FIRST, "Begin"), tags={"1423": OLD}), "1423", at(OLD, FIRST, "Begin")),
    ):
        found = await passage(FakeGitHub(git=git), versions=(version,), line=1, function="")
        assert (found.version, found.commit) == ((version, known.sha) if known else ("", history[0].sha))


async def test_who_wrote_the_line_is_found_through_later_commits() -> None:
    found = await passage(working(), line=7)
    assert [(each.sha, each.by, each.here) for each in found.touches] == [
        (NEW, "bob", False),
        (MIDDLE, "alice", True),
        (OLD, "carol", False),
    ]
    assert found.touches[1].title == "Say how long was waited"
    assert found.touches[1].link.endswith(f"/shop/payment/commit/{MIDDLE}")
    assert found.looked_into == 2
    begun = await passage(working(), line=1)
    assert [each.here for each in begun.touches] == [False, False, True], "the first commit wrote the first line"


async def test_where_nobody_says_what_runs_the_default_branch_is_read_and_that_is_said() -> None:
    for versions in ((), ("v9.9.9",), ("latest",)):
        found = await passage(working(), versions=versions, line=1, function="")
        assert (found.commit, found.version) == (HEAD, "")


async def test_where_else_the_function_is_named_stands_beside() -> None:
    fake = working()
    found = await passage(fake)
    assert [(each.path, each.line, each.text) for each in found.mentions] == [
        ("src/pay/charge.py", 4, "pool.acquire()")
    ], "not in another folder, nor of another kind"
    assert not any("README" in path for path in fake.asked)


@pytest.mark.parametrize(
    "place, why",
    [
        ({"file": "/app/src/pay/gone.py"}, "code_no_file"),
        ({"file": "__init__.py"}, "code_several"),
        ({"line": 99}, "code_other"),
        ({"line": 0}, "code_other"),
        ({"file": "pool.py", "function": "nobody_has_it"}, "code_other"),
        ({"file": "/srv/logo.py"}, "code_unreadable"),
        ({"file": "/srv/large.py"}, "code_unreadable"),
        ({"file": "/srv/link.py"}, "code_unreadable"),
        ({"file": "/srv/keys.py"}, "code_secret"),
        ({"repository": "shop/secret"}, "unknown_repository"),
    ],
)
async def test_what_cannot_be_shown_is_said(place: dict[str, Any], why: str) -> None:
    key = f"{DASHES}BEGIN PRIVATE KEY{DASHES}\nMIIEvQIBADANBg\n{DASHES}END PRIVATE KEY{DASHES}\n" + "acquire\n" * 9
    files = {
        "a/__init__.py": "",
        "b/__init__.py": "",
        "logo.py": b"\x89PNG\0\0",
        "large.py": "x\n" * MOST_BYTES,
        "keys.py": key,
    }
    git = FakeGit(at(NEW, NEWEST, "All", files=files, links={"link.py": "../out"}), tags=TAGS)
    found = await read(FakeGitHub(git=git), **place)
    assert isinstance(found, Missing), found
    assert found.reason.word == f"evidence.silent.{why}"
    assert "PRIVATE" not in found.model_dump_json()


@pytest.mark.parametrize(
    "git, why", [(FakeGit(), "code_no_commit"), (FakeGit(*HISTORY, truncated=True), "code_too_many")]
)
async def test_a_repository_that_does_not_tell_what_it_holds_is_left(git: FakeGit, why: str) -> None:
    found = await read(FakeGitHub(git=git))
    assert isinstance(found, Missing)
    assert found.reason.word == f"evidence.silent.{why}"


async def test_places_of_one_repository_share_what_it_holds() -> None:
    fake = working()
    other = PLACE.model_copy(update={"evidence": "ev_log_2", "file": "charge.py", "line": 4, "function": "charge"})
    async with over(fake) as source:
        found = await source.read_code([PLACE, other])
    assert [each.name for each in found.passages] == ["src/pay/pool.py:6", "src/pay/charge.py:4"]
    assert sum("/git/trees/" in path for path in fake.asked) == 1
    assert len(fake.asked) < 25


@pytest.mark.parametrize("slow", ["path=", "charge.py", f"/commits/{MIDDLE}"])
def test_what_is_not_told_in_time_is_left_out(slow: str) -> None:
    fake = working()

    async def hanging(request: web.Request) -> web.StreamResponse:
        if slow in request.path_qs:
            await asyncio.Event().wait()
        return await fake(request)

    async def story() -> None:
        found = await passage(hanging, line=7)
        assert found.lines
        assert bool(found.touches) == (slow != "path=")
        assert not any(each.here for each in found.touches) or slow == "charge.py"

    in_one_process(story())


async def test_a_failing_look_at_commits_costs_no_lines() -> None:
    fake = working()

    async def failing(request: web.Request) -> web.StreamResponse:
        return web.Response(status=500) if "path=" in request.path_qs else await fake(request)

    found = await passage(failing)
    assert found.lines
    assert found.touches == ()


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
async def test_a_commit_from_no_time_of_ours_has_none(date: str) -> None:
    found = await passage(FakeGitHub(git=FakeGit(at(NEW, NEWEST, "x" * 900, date=date, login="e" * 90), tags=TAGS)))
    (touch,) = found.touches
    assert (touch.at, len(touch.by), len(touch.title)) == (None, 60, 120)


@pytest.mark.parametrize("content", ["é", "=", "!" * 9, "QUJD\nREVG"])
async def test_content_that_is_not_packed_as_it_says_is_no_text(content: str) -> None:
    fake = working()

    async def packed(request: web.Request) -> web.StreamResponse:
        held = {"type": "file", "encoding": "base64", "content": content}
        return web.json_response(held) if "/contents/" in request.path else await fake(request)

    found = await read(packed)
    assert isinstance(found, Missing)


async def test_where_people_may_not_see_code_nobody_reads_it() -> None:
    async with session() as opened:
        assert not isinstance(GitHubSource("http://127.0.0.1:1", session=opened), CodeReader)


async def test_hostile_code_and_names_are_shown_plain() -> None:
    files = {"src/pay/evil.py": "x = '<!channel> </code>' # \u202e\x1b[31m\n" * 3}
    git = FakeGit(at(NEW, NEWEST, "<b>*x*</b>\ttoken=abcdef123456", files=files, login="eve"), tags=TAGS)
    found = await passage(FakeGitHub(git=git), file="evil.py", line=2, function="")
    assert found.lines[1] == "x = '<!channel> </code>' # [31m"
    assert "abcdef" not in found.model_dump_json()
