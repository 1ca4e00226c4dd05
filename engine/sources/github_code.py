"""Reads on GitHub the code an error comes from: at the commit that runs, with the commits that changed it last.

GitHub's search for code is not asked: it knows the default branch alone, and ten questions a minute. Where else a
function is named is looked up in its file and in those beside it.
"""

import base64
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from pydantic import TypeAdapter

from engine.code import Place, Touch
from engine.errors import SourceSilent
from engine.sources.code_look import DETAILS, MORE, MOST_COMMITS, History, Hurry, Naming, touch
from engine.sources.github_api import Commit, Content, Tree
from engine.sources.github_client import GitHubClient
from engine.sources.notes import cut
from engine.sources.passages import MOST_BYTES, before, opened, refs, running

MOST_LOOKED_INTO = 3
"""Commits of a file that are searched for the one that wrote the line."""
MOST_BESIDE = 3
"""Files of the same folder that are searched for the function."""
LONGEST_BESIDE = 64 * 1024

TREE, COMMIT, COMMITS = TypeAdapter(Tree), TypeAdapter(Commit), TypeAdapter(list[Commit])
CONTENT: TypeAdapter[Content | list[object]] = TypeAdapter(Content | list[object])


class GitHubShelf:
    """The repositories GitHub keeps."""

    def __init__(self, github: GitHubClient) -> None:
        self._github = github

    @property
    def name(self) -> str:
        """How people tell this source from others."""
        return self._github.backend.name

    def silent(self, why: str, **more: str | int | float) -> SourceSilent:
        """The error to raise; `why` is a key below `evidence.silent`."""
        return self._github.silent(why, **more)

    def repository(self, place: Place) -> str:
        """owner/name; GitHub tells no case apart."""
        return place.repository.lower()

    async def checkout(self, place: Place, hurry: Hurry) -> "GitHubCheckout":
        """The repository at the version that runs, else at the head of its default branch. SourceSilent."""
        repository, asked = place.repository, refs(place.versions)
        jobs = [partial(seek_commit, self._github, repository, each) for each in asked]
        tried = await hurry.all(jobs, MORE)
        shas = [each.sha if isinstance(each, Commit) else "" for each in tried]
        commit, version = running(asked, shas)
        if not commit:
            if silent := next((each for each in tried if isinstance(each, SourceSilent)), None):
                raise silent
            # A repository without any commit is a conflict.
            heads = await self._github.seek(repository, "/commits", COMMITS, [("per_page", "1")], absent=(409,))
            if not heads:
                raise self.silent("code_no_commit", repository=cut(repository))
            commit = heads[0].sha
        path = f"/git/trees/{quote(commit, safe='')}"
        tree = await self._github.read(repository, path, TREE, [("recursive", "1")])
        if tree.truncated:
            raise self.silent("code_too_many", repository=cut(repository))
        sizes = {each.path: each.size for each in tree.tree if each.type == "blob"}
        return GitHubCheckout(self._github, hurry, repository, commit, version, sizes)


async def seek_commit(github: GitHubClient, repository: str, ref: str) -> Commit | None:
    """The commit that a tag, branch or hash names; None where there is none. SourceSilent."""
    return await github.seek(repository, f"/commits/{quote(ref, safe='')}", COMMIT)


@dataclass(frozen=True)
class GitHubCheckout:
    """A repository as it is at a commit; `version` is what of it runs, "" where nobody says: the default branch."""

    github: GitHubClient
    hurry: Hurry
    repository: str
    commit: str
    version: str
    sizes: dict[str, int]

    @property
    def paths(self) -> Collection[str]:
        """Its files, and links."""
        return self.sizes

    async def text(self, path: str) -> str | None:
        """A file as text; None where it is none: a link, another repository, too large, not of letters."""
        if self.sizes.get(path, 0) > MOST_BYTES:
            return None
        where = f"/contents/{quote(path)}"
        found = await self.github.seek(self.repository, where, CONTENT, [("ref", self.commit)])
        if not isinstance(found, Content) or found.type != "file" or found.encoding != "base64":
            return None
        try:
            return opened(base64.b64decode(found.content))
        except ValueError:
            return None

    async def history(self, path: str, line: int) -> History:
        """The newest commits of a file, with the one that wrote the line marked as far as it is found: each is asked
        what it altered, and where the line stood before it."""
        query = [("path", path), ("sha", self.commit), ("per_page", str(MOST_COMMITS))]
        commits = await self.github.seek(self.repository, "/commits", COMMITS, query) or []
        touches = [self._touch(each) for each in commits[:MOST_COMMITS]]
        looked_into = 0
        for place, each in enumerate(commits[:MOST_LOOKED_INTO]):
            (whole,) = await self.hurry.all([partial(seek_commit, self.github, self.repository, each.sha)], DETAILS)
            files = whole.files if isinstance(whole, Commit) else []
            altered = next((file for file in files if file.filename == path and file.patch), None)
            if altered is None:
                break
            looked_into += 1
            was = before(altered.patch, line)
            if was is None:
                touches[place] = touches[place].model_copy(update={"here": True})
                break
            line = was
        return History(tuple(touches), looked_into)

    async def naming(self, path: str, name: str) -> Naming:
        """Files of the same folder and kind, the largest of those not too large first: who calls does much."""
        folder, _, file = path.rpartition("/")
        ending = f".{file.rpartition('.')[2]}"
        near = [
            each
            for each, size in self.sizes.items()
            if each != path and each.rpartition("/")[0] == folder and each.endswith(ending) and size <= LONGEST_BESIDE
        ]
        return Naming(sorted(near, key=lambda each: (-self.sizes[each], each))[:MOST_BESIDE])

    def page(self, path: str, line: int) -> str:
        """Where a person sees that line."""
        return self._page(f"blob/{self.commit}/{path}") + f"#L{line}"

    def _touch(self, commit: Commit) -> Touch:
        author = commit.commit.author
        by = commit.author.login if commit.author else author.name if author else ""
        link = self._page(f"commit/{commit.sha}")
        return touch(commit.sha, author.date if author else None, by, commit.commit.message, link=link)

    def _page(self, path: str) -> str:
        return f"{self.github.pages}/{self.repository}/{quote(path)}"
