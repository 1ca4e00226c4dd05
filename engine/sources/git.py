"""Asks git about a clone on this machine, and has it change nothing, reach no network and run nothing of the clone's.

A clone's configuration and attributes may name programs; whoever can write there would have us run them. So every call
overrides what could, only commands are used that never look at a working tree, and none shows a diff.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from engine.code import Touch
from engine.errors import SourceSilent
from engine.masking import mask
from engine.model import Phrase
from engine.sources.code_look import moment, touch
from engine.sources.passages import MOST_BYTES
from engine.sources.programs import Ran, run

ALONE = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    # No protocol at all: a clone that lacks objects must not have them fetched by whatever it names as its origin.
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "LC_ALL": "C",
}
OVERRIDDEN = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.pager=cat",
    "protocol.allow=never",
    "mailmap.file=",
    "mailmap.blob=",
)
AT_ONCE = 4
MOST_LISTED = 16 * 1024 * 1024
"""Bytes of a list of files: some 150,000 of them."""
MOST_COUNTED = 1024 * 1024
MOST_SAID = 64 * 1024
MEMORY = 1024 * 1024 * 1024
"""What git may fill. A file that anybody committed may unpack to more than a machine has."""
LONGEST_DETAIL = 200
LINK = "120000"
BETWEEN = "\x1f"


class Blob(NamedTuple):
    """A file, or a link, of a commit."""

    id: str
    link: bool


class Git:
    """The program, its way to be found (`path`), and `patience`, the seconds for one call."""

    def __init__(self, program: str, path: str, patience: float) -> None:
        self._program, self._path, self._patience = program, path, patience
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def version(self) -> str:
        """Which git this is. SourceSilent where there is none."""
        ran = await self._run([self._program, "--version"], {}, MOST_SAID)
        said = _text(ran).strip()
        if ran.code or not said.startswith("git version"):
            raise silent("clone_program", program=self._program, detail="--version")
        return said

    async def ask(self, folder: Path, words: Sequence[str], most: int = MOST_SAID, given: str = "") -> Ran:
        """What a command says of the clone whose git directory this is. SourceSilent where git does not get to it."""
        there = str(folder)
        vector = [self._program, "-C", there, "--no-pager", "--literal-pathspecs", "-c", f"safe.directory={there}"]
        for each in OVERRIDDEN:
            vector += ["-c", each]
        # A working tree that a clone names for itself would be looked into; here it is where git stands anyway.
        where = {"GIT_DIR": there, "GIT_WORK_TREE": there}
        return await self._run([*vector, *words], where, most, given.encode())

    async def _run(self, vector: Sequence[str], where: Mapping[str, str], most: int, given: bytes = b"") -> Ran:
        environment = {"PATH": self._path, **ALONE, **where}
        async with self._gate:
            try:
                async with asyncio.timeout(self._patience):
                    return await run(vector, environment=environment, most=most, given=given, memory=MEMORY)
            except TimeoutError:
                raise silent("clone_late", seconds=self._patience) from None
            except (OSError, ValueError) as error:
                detail = getattr(error, "strerror", None) or type(error).__name__
                raise silent("clone_program", program=self._program, detail=detail) from None


class Clone:
    """One clone, by its git directory; `name` is how people know it."""

    def __init__(self, git: Git, folder: Path, name: str) -> None:
        self._git, self._folder, self._name = git, folder, name

    async def commits(self, names: Sequence[str]) -> list[str]:
        """The commits that these name, "" for none. SourceSilent."""
        given = "".join(f"{name}^{{commit}}\n" for name in names)
        said = _text(await self._ask("cat-file", "--batch-check", given=given)).splitlines()
        rows = [line.split(" ") for line in said]
        found = [row[0] if len(row) == 3 and row[1] == "commit" else "" for row in rows]
        if len(found) != len(names) or not all(_is_hash(each) for each in found if each):
            raise self._failed("")
        return found

    async def files(self, commit: str) -> dict[str, Blob] | None:
        """Every file and link of a commit by its path; None where there are too many. SourceSilent."""
        ran = await self._ask("ls-tree", "-r", "-z", "--full-tree", commit, most=MOST_LISTED)
        if ran.cut:
            return None
        found = {}
        for row in _text(ran).split("\0"):
            about, _, path = row.partition("\t")
            if (words := about.split())[1:2] == ["blob"] and _is_hash(words[-1]):
                found[path] = Blob(words[-1], words[0] == LINK)
        return found

    async def content(self, blob: Blob) -> bytes | None:
        """What a file holds; None where that is more than people read. SourceSilent."""
        ran = await self._ask("cat-file", "blob", blob.id, most=MOST_BYTES)
        return None if ran.cut else ran.said

    async def last(self, commit: str, path: str, most: int) -> list[Touch]:
        """The newest commits of a file. SourceSilent."""
        shape = BETWEEN.join(("%H", "%at", "%an", "%s"))
        words = ("rev-list", "--no-commit-header", "--encoding=UTF-8", f"--max-count={most}", f"--format={shape}")
        said = _text(await self._ask(*words, commit, "--", path))
        rows = [line.split(BETWEEN, 3) for line in said.splitlines()]
        return [touch(row[0], moment(row[1]), row[2], row[3]) for row in rows if len(row) == 4]

    async def wrote(self, commit: str, path: str, line: int) -> Touch:
        """The commit that wrote a line. SourceSilent."""
        words = ("blame", "--porcelain", "--root", "--no-textconv", "--encoding=UTF-8", "-L", f"{line},{line}")
        said = _text(await self._ask(*words, commit, "--", path, most=MOST_SAID)).split("\n")
        fields = dict(each.partition(" ")[::2] for each in reversed(said[1:]) if not each.startswith("\t"))
        sha = said[0].partition(" ")[0]
        if not _is_hash(sha):
            raise self._failed("")
        at, by, title = (fields.get(each, "") for each in ("author-time", "author", "summary"))
        return touch(sha, moment(at), by, title, here=True)

    async def counts(self, commit: str, word: str) -> tuple[dict[str, int], bool]:
        """How many lines of each file name a word, and whether these are all. SourceSilent."""
        plain = ("--no-textconv", "--no-color", "--no-column", "--no-recurse-submodules", "--threads=2")
        words = ("grep", "-c", "-z", "-I", "-w", "-F", "--full-name", *plain, "-e", word, commit, "--")
        ran = await self._ask(*words, most=MOST_COUNTED, fine=(0, 1))
        rows = [line.rpartition("\0") for line in _text(ran).removeprefix(f"{commit}:").split(f"\n{commit}:")]
        # Of a file that the clone lacks git complains, and goes on.
        whole = not ran.cut and not ran.complaint
        return {path: int(count) for path, _, count in rows if path and count.strip().isdecimal()}, whole

    async def shallow(self) -> frozenset[str]:
        """Commits at which the history of a shallow clone ends: they seem to have written all there is."""
        try:
            text = await asyncio.to_thread((self._folder / "shallow").read_text, "ascii", "replace")
        except OSError:
            return frozenset()
        return frozenset(text.split())

    async def _ask(self, *words: str, most: int = MOST_SAID, given: str = "", fine: Sequence[int] = (0,)) -> Ran:
        ran = await self._git.ask(self._folder, words, most, given)
        if ran.code not in fine:
            raise self._failed(ran.complaint)
        return ran

    def _failed(self, complaint: str) -> SourceSilent:
        detail = mask(" ".join(complaint.split()))[:LONGEST_DETAIL]
        return silent("clone_failed", path=self._name, detail=detail or "?")


def silent(why: str, **more: str | int | float) -> SourceSilent:
    """The error to raise; `why` is a key below `evidence.silent`."""
    return SourceSilent(Phrase(word=f"evidence.silent.{why}", values={"source": "clones", **more}))


def _text(ran: Ran) -> str:
    return ran.said.decode("utf-8", "replace")


def _is_hash(word: str) -> bool:
    return len(word) in (40, 64) and all(sign in "0123456789abcdef" for sign in word)
