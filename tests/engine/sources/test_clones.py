"""Proves that a clone shows the code an error comes from, who wrote it and names it, and that nothing of it runs."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.code import CodeReader, Missing, Passage
from engine.errors import SourceSilent
from engine.ports import Examined
from engine.sources.clones import ClonesReader
from engine.sources.passages import MOST_BYTES, MOST_MENTIONS
from engine.team import Service
from tests.contracts.code import PLACE, CodeContract
from tests.contracts.examined import ExaminedContract
from tests.contracts.source import AMPLE, PATIENCE, TOKEN, Condition, check_safe
from tests.engine.sources.real_git import PATH, Repository, program

FIRST = f"""import time

class Pool:
    def acquire(self):
        if not self.free:
            raise Exhausted(self.size)  # token={TOKEN}
        return self.free.pop()
"""
LATER = FIRST.replace("import time", "import time\nimport logging").replace("(self.size)", "(self.size, waited)")
NEWEST = LATER.replace("return self.free.pop()", "return self.free.popleft()")
BESIDE = "from pool import Pool\n\ndef charge(order):\n    pool.acquire()\n"
POOL, CHARGE = "src/pay/pool.py", "src/pay/charge.py"
DASHES = "-" * 5
KEY = f"{DASHES}BEGIN PRIVATE KEY{DASHES}\nMIIEvQIBADANBg\n{DASHES}END PRIVATE KEY{DASHES}\n" + "acquire\n" * 9


def history(root: Path, name: str = "pay") -> tuple[Repository, list[str]]:
    """A repository whose newest commit has thrown away what runs, and its commits, the oldest first."""
    made = Repository(root / name)
    commits = [
        made.commit({POOL: FIRST, CHARGE: BESIDE, "README.md": "acquire\n"}, by="carol", tag="v2.3.0"),
        made.commit({POOL: LATER}, "Say how long was waited\n\npassword=hunter22", date="2026-11-21T09:00:00Z"),
        made.commit({POOL: NEWEST}, "Take the oldest first", by="bob", date="2026-11-22T09:00:00Z", tag="v2.3.1"),
        made.commit({POOL: "# nothing left\n"}, "Throw the pool away", date="2026-11-23T09:00:00Z"),
    ]
    return made, commits


def source(root: Path, git: str = "git", patience: float = AMPLE) -> ClonesReader:
    return ClonesReader(str(root), path=PATH, program=git, patience=patience)


async def read(root: Path, **place: Any) -> Passage | Missing:
    reader: CodeReader = source(root)
    found = await reader.read_code([PLACE.model_copy(update=place)])
    told: list[Passage | Missing] = [*found.passages, *found.missing]
    (one,) = told
    if isinstance(one, Missing):
        check_safe(one.reason)
    return one


async def passage(root: Path, **place: Any) -> Passage:
    found = await read(root, **place)
    assert isinstance(found, Passage), found
    return found


async def missing(root: Path, **place: Any) -> str:
    found = await read(root, **place)
    assert isinstance(found, Missing), found
    assert "PRIVATE" not in found.model_dump_json()
    return found.reason.word.removeprefix("evidence.silent.")


SCRIPTS: dict[Condition, str] = {
    "failing": f"echo 'fatal: token={TOKEN} Traceback' | cut -c 1-40 >&2; exit 128",
    "garbage": "printf '\\377\\376 nothing\\n%s\\n' of the kind",
    "page": "echo '<html><title>Sign in</title></html>'",
    "oversized": "yes git",
    "hanging": "sleep 600",
}


def on(condition: Condition, root: Path) -> ClonesReader:
    """Over a git, or a clone, in this condition."""
    made, _ = history(root)
    if condition == "empty":
        made.git("rm", "--quiet", "-r", "src")
        made.commit({}, "All gone", tag="v2.3.2")
        made.git("tag", "--force", "v2.3.1")
    if condition == "refused":
        closed = root / "closed"
        closed.write_text("no program", encoding="utf-8")
        return source(root, str(closed))
    if condition == "unreachable":
        return source(root, str(root / "none"))
    git = program(root / "fake", SCRIPTS[condition]) if condition in SCRIPTS else "git"
    return source(root, git, PATIENCE if condition == "hanging" else AMPLE)


class TestClones(CodeContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.root = tmp_path

    @asynccontextmanager
    async def reader_on(self, condition: Condition) -> AsyncIterator[CodeReader]:
        yield on(condition, self.root)

    def check_link(self, link: str) -> None:
        assert link == ""


class TestExamined(ExaminedContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.root = tmp_path

    @asynccontextmanager
    async def examined_on(self, condition: Condition) -> AsyncIterator[Examined]:
        yield on(condition, self.root)


async def test_the_code_is_read_at_the_version_that_runs(tmp_path: Path) -> None:
    _, commits = history(tmp_path)
    found = await passage(tmp_path, line=7)
    assert (found.commit, found.version, found.path, found.source) == (commits[2], "v2.3.1", POOL, "clones")
    assert found.lines[found.line - found.first].strip().startswith("raise Exhausted(self.size, waited)")
    older = await passage(tmp_path, versions=("shop/payment:2.3.0@sha256:" + "0" * 64,))
    assert (older.commit, older.version) == (commits[0], "v2.3.0")
    short = await passage(tmp_path, versions=(commits[1][:12],))
    assert short.commit == commits[1]
    described = await passage(tmp_path, versions=(f"v2.3.0-1-g{commits[1][:8]}",))
    assert described.commit == commits[1]


@pytest.mark.parametrize("version", ["", "v9.9.9", "latest", "--help1", "1f--upload-pack=x", "v1..v2", "v1\nHEAD"])
async def test_where_nobody_says_what_runs_the_default_branch_is_read(tmp_path: Path, version: str) -> None:
    _, commits = history(tmp_path)
    found = await passage(tmp_path, versions=(version,), line=1, function="")
    assert (found.commit, found.version) == (commits[-1], "")


async def test_a_number_that_begins_a_commit_by_chance_is_no_version(tmp_path: Path) -> None:
    made, commits = history(tmp_path)
    tries = 0
    while not commits[-1][:4].isdecimal():
        tries += 1
        commits.append(made.commit({"n": str(tries)}, f"Try {tries}"))
    number = commits[-1][:4]
    made.commit({"n": "last"}, "Last")
    assert (await passage(tmp_path, versions=(number,), line=1, function="")).version == ""


async def test_of_a_working_copy_the_branch_of_its_origin_is_read_not_the_one_somebody_works_on(tmp_path: Path) -> None:
    made, commits = history(tmp_path / "elsewhere")
    made.git("clone", "--quiet", str(made.folder), str(tmp_path / "pay"))
    made.git("-C", str(tmp_path / "pay"), "checkout", "--quiet", "v2.3.0")
    found = await passage(tmp_path, versions=(), line=1, function="")
    assert found.commit == commits[-1]


@pytest.mark.parametrize("kind", ["--mirror", "--bare", "--no-checkout"])
async def test_any_kind_of_clone_will_do(tmp_path: Path, kind: str) -> None:
    made, commits = history(tmp_path / "elsewhere")
    made.git("clone", "--quiet", kind, str(made.folder), str(tmp_path / "group" / "pay.git"))
    for path in ("group/pay.git", str(tmp_path / "group" / "pay.git")):
        found = await passage(tmp_path, clone=path)
        assert found.commit == commits[2]
        assert [each.sha for each in found.touches if each.here]


async def test_who_wrote_the_line_is_always_known(tmp_path: Path) -> None:
    made, commits = history(tmp_path)
    found = await passage(tmp_path, line=7)
    assert [(each.sha, each.by, each.here) for each in found.touches] == [
        (commits[2], "bob", False),
        (commits[1], "alice", True),
        (commits[0], "carol", False),
    ]
    assert found.touches[1].title == "Say how long was waited"
    assert f"{found.touches[1].at:%Y-%m-%d}" == "2026-11-21"
    made.git("checkout", "--quiet", "v2.3.1")
    for number in range(9):
        made.commit({POOL: f"{NEWEST}# {number}\n"}, f"Change {number}")
    made.git("tag", "v3")
    last = await passage(tmp_path, line=5, versions=("v3",))
    assert [each.here for each in last.touches] == [False] * 5 + [True], "older than the last five"
    assert (last.touches[-1].sha, last.looked_into) == (commits[0], 5)


async def test_a_shallow_clone_does_not_say_that_its_first_commit_wrote_everything(tmp_path: Path) -> None:
    made, commits = history(tmp_path / "elsewhere")
    origin, clone = f"file://{made.folder}", str(tmp_path / "pay")
    made.git("clone", "--quiet", "--depth=1", "--branch=v2.3.1", origin, clone)
    found = await passage(tmp_path, versions=(commits[2][:10],))
    assert found.lines
    assert (found.touches, found.looked_into) == ((), 0)


async def test_where_else_the_function_is_named_is_looked_up_in_all_of_it(tmp_path: Path) -> None:
    made, _ = history(tmp_path)
    more = {f"far/away/{name}.py": "acquire()\nacquired\n" for name in "abcdefgh"}
    aside = {"tests/test_pool.py": "acquire()\n" * 3, "vendor/x.py": "acquire()\n", "web/pool.js": "acquire()\n"}
    made.commit({POOL: NEWEST, **more, **aside}, tag="v3")
    found = await passage(tmp_path, versions=("v3",), line=7)
    assert [(each.path, each.line, each.text) for each in found.mentions[:2]] == [
        (CHARGE, 4, "pool.acquire()"),
        ("far/away/a.py", 1, "acquire()"),
    ]
    assert len(found.mentions) == MOST_MENTIONS
    assert found.mentioned == 1 + 8 + 3 + 1 + 1 + 1, "every line but the ones shown"


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
        ({"clone": "none"}, "clone_missing"),
        ({"clone": "pay/src"}, "clone_none"),
        ({"clone": "../outside"}, "clone_outside"),
        ({"clone": "/etc"}, "clone_outside"),
        ({"clone": "away"}, "clone_outside"),
        ({"clone": "inside-away"}, "clone_outside"),
        ({"clone": "fresh"}, "code_no_commit"),
    ],
)
async def test_what_cannot_be_shown_is_said(tmp_path: Path, place: dict[str, Any], why: str) -> None:
    root = tmp_path / "clones"
    made, _ = history(root)
    history(tmp_path, "outside")
    Repository(root / "fresh")
    (root / "away").symlink_to(tmp_path / "outside")
    (root / "inside-away").mkdir()
    (root / "inside-away" / ".git").symlink_to(tmp_path / "outside" / ".git")
    files: dict[str, str | bytes] = {
        "a/__init__.py": "",
        "b/__init__.py": "",
        "logo.py": b"\x89PNG\0\0",
        "large.py": "x\n" * MOST_BYTES,
    }
    made.commit({**files, "keys.py": KEY, POOL: NEWEST}, links={"link.py": "/etc/passwd"}, tag="v3")
    assert await missing(root, **{"versions": ("v3",), **place}) == why


@pytest.mark.parametrize("known", ["hooks", "attributes", "pager", "sign", "worktree", "lazy"])
async def test_nothing_a_clone_names_is_run(tmp_path: Path, known: str) -> None:
    made, commits = history(tmp_path)
    made.git("checkout", "--quiet", "v2.3.1")
    marker = tmp_path / "ran"
    evil = program(tmp_path / "evil", f"touch {marker}; cat")
    made.commit({".gitattributes": "* diff=evil filter=evil\n"}, "Attack", tag="v3")
    (made.folder / ".git" / "info" / "attributes").write_text("* diff=evil filter=evil\n", encoding="utf-8")
    config = {
        "hooks": {"core.fsmonitor": evil, "core.hooksPath": str(tmp_path)},
        "attributes": {
            "diff.external": evil,
            "diff.evil.textconv": evil,
            "diff.evil.command": evil,
            "filter.evil.smudge": evil,
            "filter.evil.clean": evil,
        },
        "pager": {
            "core.pager": evil,
            "pager.grep": evil,
            "pager.blame": evil,
            "core.editor": evil,
            "color.ui": "always",
        },
        "sign": {"log.showSignature": "true", "gpg.program": evil},
        "worktree": {"core.worktree": str(tmp_path), "submodule.recurse": "true", "grep.column": "true"},
        "lazy": {
            "extensions.partialClone": "origin",
            "remote.origin.url": f"ext::{evil}",
            "remote.origin.promisor": "true",
            "remote.origin.uploadpack": evil,
            "protocol.ext.allow": "always",
            "core.sshCommand": evil,
        },
    }[known]
    for key, value in config.items():
        made.git("config", key, value)
    if known == "lazy":
        gone = made.git("rev-parse", f"v3:{CHARGE}")
        (made.folder / ".git" / "objects" / gone[:2] / gone[2:]).unlink()
    found = await passage(tmp_path, versions=("v3",), line=7)
    assert not marker.exists()
    assert [each.sha for each in found.touches if each.here] == [commits[1]]
    assert [each.path for each in found.mentions] == (["README.md"] if known == "lazy" else [CHARGE, "README.md"])
    assert bool(found.mentioned) == (known != "lazy"), "not all of it could be searched"


async def test_a_clone_that_wants_all_memory_gets_little_of_it(tmp_path: Path) -> None:
    made, _ = history(tmp_path)
    made.git("config", "blame.ignoreRevsFile", "/dev/zero")
    found = await passage(tmp_path)
    assert found.touches
    assert not any(each.here for each in found.touches)


async def test_a_clone_stays_as_it_is(tmp_path: Path) -> None:
    made, _ = history(tmp_path)
    (made.folder / POOL).write_text("# somebody works here\n", encoding="utf-8")

    def all_of_it() -> dict[str, int]:
        return {str(each): each.stat().st_mtime_ns for each in made.folder.rglob("*")}

    before = all_of_it()
    await passage(tmp_path)
    assert all_of_it() == before


async def test_hostile_names_and_words_are_shown_plain(tmp_path: Path) -> None:
    made, _ = history(tmp_path)
    evil = "x = '<!channel> </code>' # \u202e\x1b[31m\n" * 3
    name = ":(top)-e\tvil\n*.py"
    made.commit(
        {f"src/pay/{name}": evil},
        "<b>*x*</b>\ttoken=abcdef123456",
        by="e\x1fve\x1b" * 40,
        date="1970-01-02T00:00:00Z",
        tag="v3",
    )
    found = await passage(tmp_path, versions=("v3",), file=name, line=2, function="")
    assert found.lines[1] == "x = '<!channel> </code>' # [31m"
    (touch,) = found.touches
    assert (touch.here, touch.at, len(touch.by)) == (True, None, 60)
    assert "abcdef" not in found.model_dump_json()


async def test_a_hanging_git_is_ended_with_all_it_started(tmp_path: Path) -> None:
    history(tmp_path)
    pids = tmp_path / "pids"
    git = program(tmp_path / "fake", f"sleep 600 & echo $$ $! >> {pids}; wait")
    reader = source(tmp_path, git, PATIENCE)
    async with asyncio.timeout(PATIENCE * 10):
        (missed,) = (await reader.read_code([PLACE])).missing
    assert missed.reason.word in ("evidence.silent.clone_late", "evidence.silent.slow")
    for pid in pids.read_text(encoding="utf-8").split():
        assert await _gone(int(pid))


async def _gone(pid: int) -> bool:
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        status = await asyncio.to_thread(Path(f"/proc/{pid}/stat").read_text, "utf-8")
        if ") Z" in status:
            return True
        await asyncio.sleep(0.05)
    return False


def test_it_holds_what_the_catalogue_names_a_clone_of(tmp_path: Path) -> None:
    clones = source(tmp_path)
    assert clones.holds(PLACE)
    assert not clones.holds(PLACE.model_copy(update={"clone": ""}))


async def test_a_check_says_of_each_clone_that_cannot_be_read_why(tmp_path: Path) -> None:
    history(tmp_path)
    (tmp_path / "folder").mkdir()
    services = [Service(name=path, repo_path=path) for path in ("pay", "pay", "none", "folder", "../out", "")]
    first, *wrong = await source(tmp_path).examine(services)
    assert (first.ok, first.phrase.values["named"]) == (True, 4)
    assert [each.phrase.word.rpartition(".")[2] for each in wrong] == ["clone_missing", "clone_none", "clone_outside"]
    for each in wrong:
        check_safe(each.phrase)
    with pytest.raises(SourceSilent, match="clone_root"):
        await source(tmp_path / "none").examine(services)
