"""Reads the code an error comes from in clones on this machine, for code that lies on no GitHub, or on no host at all.

Only a clone can be searched whole at the version that runs, and only it tells of any line who wrote it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from engine.code import Place, Reading, Touch
from engine.errors import SourceSilent
from engine.model import Phrase
from engine.ports import Remark
from engine.sources.code_look import DETAILS, MOST_COMMITS, History, Hurry, Naming, look
from engine.sources.git import Blob, Clone, Git, silent
from engine.sources.http import harvest
from engine.sources.notes import cut
from engine.sources.passages import MOST_MENTIONS, opened, refs, running
from engine.team import Service

HEADS = ("refs/remotes/origin/HEAD", "HEAD")
"""Where the default branch stands. In a working copy HEAD is what somebody last worked on."""
MOST_EXAMINED = 50
ASIDE = frozenset(
    {"test", "tests", "testing", "__tests__", "spec", "specs", "testdata", "fixtures"}
    | {
        "vendor",
        "vendored",
        "third_party",
        "thirdparty",
        "node_modules",
        "external",
        "dist",
        "build",
        "docs",
        "examples",
    }
)
"""Folders of what names a function without being why it is called."""


class ClonesReader:
    """Code from clones below the folder `root`. `path` is where programs are looked for, `patience` for one look."""

    def __init__(self, root: str, *, path: str, program: str = "git", patience: float = 8.0) -> None:
        self._root = Path(root)
        self._git = Git(program, path, patience)
        self._patience = patience

    @property
    def name(self) -> str:
        """How people tell this reader from others."""
        return "clones"

    def holds(self, place: Place) -> bool:
        """Whether the catalogue names a clone."""
        return bool(place.clone)

    async def read_code(self, places: Sequence[Place]) -> Reading:
        """The code around these places at the version that runs, with what changed it last. SourceSilent."""
        return await look(self, places, self._patience)

    async def examine(self, services: Sequence[Service]) -> Sequence[Remark]:
        """Which git there is, and which clones cannot be read. SourceSilent."""
        version = await self._git.version()
        if not await asyncio.to_thread(self._root.is_dir):
            raise silent("clone_root", root=str(self._root))
        named = list(dict.fromkeys(service.repo_path for service in services if service.repo_path))
        values: dict[str, str | int] = {"version": cut(version), "root": str(self._root), "named": len(named)}
        answers = await harvest([partial(self._head, each) for each in named[:MOST_EXAMINED]], self._patience)
        wrong = [Remark(False, answer.phrase) for answer in answers if isinstance(answer, SourceSilent)]
        return [Remark(True, Phrase(word="check.clones", values={**values})), *wrong]

    # --- as a shelf of repositories ---

    def silent(self, why: str, **more: str | int | float) -> SourceSilent:
        """The error to raise; `why` is a key below `evidence.silent`."""
        return silent(why, **more)

    def repository(self, place: Place) -> str:
        """The path of the clone, as the catalogue writes it."""
        return place.clone

    async def checkout(self, place: Place, hurry: Hurry) -> "CloneCheckout":
        """The clone at the version that runs, else at the head of its default branch. SourceSilent."""
        clone, asked = await self._clone(place.clone), refs(place.versions)
        found = await clone.commits([*asked, *HEADS])
        commit, version = running(asked, found[: len(asked)])
        commit = commit or self._newest(place.clone, found[len(asked) :])
        files = await clone.files(commit)
        if files is None:
            raise silent("code_too_many", repository=cut(place.clone))
        return CloneCheckout(clone, hurry, cut(place.clone), commit, version, files)

    async def _head(self, path: str) -> str:
        return self._newest(path, await (await self._clone(path)).commits(HEADS))

    def _newest(self, path: str, heads: Sequence[str]) -> str:
        head = next((each for each in heads if each), "")
        if not head:
            raise silent("code_no_commit", repository=cut(path))
        return head

    async def _clone(self, path: str) -> Clone:
        return Clone(self._git, await asyncio.to_thread(_git_directory, self._root, path), cut(path))


def _git_directory(root: Path, path: str) -> Path:
    """Where git keeps a clone below the root, links followed. SourceSilent where it lies elsewhere, or is none."""
    try:
        known = root.resolve(strict=True)
        folder = (known / path).resolve()
        inner = folder / ".git"
        # A file of that name leads elsewhere, to a place nobody allowed.
        directory = inner.resolve() if inner.is_dir() else folder
        if not folder.is_relative_to(known) or not directory.is_relative_to(known):
            raise silent("clone_outside", path=cut(path), root=str(root))
        if not folder.is_dir():
            raise silent("clone_missing", path=cut(path), root=str(root))
        if not (directory / "HEAD").is_file() or not (directory / "objects").is_dir():
            raise silent("clone_none", path=cut(path))
    except (OSError, RuntimeError) as error:
        # RuntimeError: links that lead round in a circle.
        raise silent("clone_closed", path=cut(path), detail=getattr(error, "strerror", None) or "?") from None
    return directory


@dataclass(frozen=True)
class CloneCheckout:
    """A clone as it is at a commit; `version` is what of it runs, "" where nobody says: the default branch."""

    clone: Clone
    hurry: Hurry
    repository: str
    commit: str
    version: str
    files: dict[str, Blob]

    @property
    def paths(self) -> Collection[str]:
        """Its files, and links."""
        return self.files

    async def text(self, path: str) -> str | None:
        """A file as text; None where it is none: a link, too large, not of letters."""
        blob = self.files[path]
        content = None if blob.link else await self.clone.content(blob)
        return None if content is None else opened(content)

    async def history(self, path: str, line: int) -> History:
        """The newest commits of a file, and the one that wrote the line, wherever it lies."""
        over = await self.clone.shallow()

        async def wrote() -> list[Touch]:
            return [await self.clone.wrote(self.commit, path, line)]

        last = partial(self.clone.last, self.commit, path, MOST_COMMITS)
        jobs: list[Callable[[], Awaitable[list[Touch]]]] = [wrote, last]
        answers = await self.hurry.all(jobs, DETAILS)
        by, newest = ([each for each in answer if each.sha not in over] for answer in map(_found, answers))
        known = {each.sha: each for each in by}
        touches = (*(known.pop(each.sha, each) for each in newest), *known.values())
        return History(touches, len(newest) if by else 0)

    async def naming(self, path: str, name: str) -> Naming:
        """The files that name a function anywhere in the repository, those of the same kind first."""
        counts, whole = await self.clone.counts(self.commit, name)
        others = [each for each in counts if each != path and each in self.files]
        nearest = sorted(others, key=partial(_distance, PurePosixPath(path)))
        return Naming(nearest[:MOST_MENTIONS], sum(counts.values()) if whole else 0)

    def page(self, path: str, line: int) -> str:
        """A folder on a machine has no page."""
        return ""


def _found(answer: list[Touch] | SourceSilent | None) -> list[Touch]:
    return answer if isinstance(answer, list) else []


def _distance(place: PurePosixPath, path: str) -> tuple[bool, bool, int, str]:
    """What is compared to tell which of two files is worth a look first."""
    other = PurePosixPath(path)
    folders = {each.lower() for each in other.parts[:-1]}
    aside = bool(folders & ASIDE) or "test" in other.stem.lower().replace("-", "_").split("_") or ".min." in other.name
    shared = sum(one == two for one, two in zip(place.parts[:-1], other.parts[:-1], strict=False))
    return aside, other.suffix != place.suffix, -shared, path
