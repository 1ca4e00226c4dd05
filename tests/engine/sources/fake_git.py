"""Keeps a repository as Git does, commit by commit, and tells of it as GitHub's REST API does."""

import base64
import copy
import difflib
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.engine.sources.answers import KEPT, answered, example, missing, user

JSON = dict[str, Any]
LARGE = 1024 * 1024
"""From here on GitHub tells of a file everything but its content."""


@dataclass(frozen=True)
class Snapshot:
    """A commit and every file as it was then; `links` are symbolic ones, path by path."""

    sha: str
    files: Mapping[str, str | bytes]
    message: str = "Begin"
    login: str = "alice"
    date: str = "2026-11-20T08:00:00Z"
    links: Mapping[str, str] = field(default_factory=dict)


class FakeGit:
    """A repository: `history` newest first, and what `tags` are called."""

    def __init__(self, *history: Snapshot, tags: Mapping[str, str] | None = None, truncated: bool = False) -> None:
        self.history, self.tags, self.truncated = history, dict(tags or {}), truncated

    def answer(self, path: list[str], query: Mapping[str, str]) -> web.Response:
        """What GitHub says at this path below the repository."""
        match path:
            case ["commits"]:
                return self._list(query)
            case ["commits", ref]:
                place = self._find(ref)
                if place is None:
                    return absent(422, f"No commit found for SHA: {ref}")
                return answered("commit", self._commit(place, whole=True))
            case ["git", "trees", sha]:
                place = self._find(sha)
                return missing() if place is None else self._tree(self.history[place], query)
            case ["contents", *parts]:
                place = self._find(query["ref"])
                return missing() if place is None else self._content(self.history[place], "/".join(parts))
            case _:
                return missing()

    def _find(self, ref: str) -> int | None:
        sha = self.tags.get(ref, ref)
        fits = (place for place, each in enumerate(self.history) if each.sha == sha or each.sha.startswith(sha))
        return next(fits, None) if len(sha) > 3 else None

    def _list(self, query: Mapping[str, str]) -> web.Response:
        if not self.history:
            return absent(409, "Git Repository is empty.")
        start = self._find(query["sha"]) if "sha" in query else 0
        if start is None:
            return missing()
        path = query.get("path")
        places = [place for place in range(start, len(self.history)) if not path or self._changes(place, path)]
        return answered("commit", [self._commit(place) for place in places[: int(query.get("per_page", 30))]])

    def _changes(self, place: int, path: str) -> bool:
        return self._parent(place).get(path) != self.history[place].files.get(path)

    def _parent(self, place: int) -> Mapping[str, str | bytes]:
        return self.history[place + 1].files if place + 1 < len(self.history) else {}

    def _commit(self, place: int, *, whole: bool = False) -> JSON:
        """A commit; only asked for alone it tells what it altered."""
        this, made = self.history[place], example("commit")
        author = {**made["commit"]["author"], "name": this.login, "date": this.date}
        made |= {"sha": this.sha, "author": user(this.login)}
        made["commit"] = {**made["commit"], "message": this.message, "author": author}
        entries = [self._altered(place, path) for path in sorted({*this.files, *self._parent(place)})]
        without = {key: value for key, value in made.items() if key not in ("files", "stats")}
        return {**made, "files": [each for each in entries if each]} if whole else without

    def _altered(self, place: int, path: str) -> JSON:
        old, new = (side.get(path, "") for side in (self._parent(place), self.history[place].files))
        if old == new or isinstance(old, bytes) or isinstance(new, bytes):
            return {}
        return {**copy.deepcopy(KEPT["examples"]["diff-entry"]), "filename": path, "patch": patch(old, new)}

    def _tree(self, this: Snapshot, query: Mapping[str, str]) -> web.Response:
        assert query.get("recursive") == "1"
        one = example("git-tree")["tree"][0]
        entries = [{**one, "path": path, "size": len(_bytes(text))} for path, text in this.files.items()]
        entries += [{**one, "path": path, "mode": "120000", "size": len(to)} for path, to in this.links.items()]
        folders = {path.rpartition("/")[0] for path in this.files if "/" in path}
        bare = {key: value for key, value in one.items() if key != "size"}
        entries += [{**bare, "path": path, "mode": "040000", "type": "tree"} for path in sorted(folders)]
        return answered("git-tree", example("git-tree", tree=entries, truncated=self.truncated))

    def _content(self, this: Snapshot, path: str) -> web.Response:
        name = path.rpartition("/")[2]
        if path in this.links:
            return answered("content-symlink", example("content-symlink", path=path, name=name, target="../out"))
        if path not in this.files:
            return missing()
        content = _bytes(this.files[path])
        packed = textwrap.fill(base64.b64encode(content).decode(), 60) + "\n"
        held = (
            {"encoding": "base64", "content": packed} if len(content) < LARGE else {"encoding": "none", "content": ""}
        )
        return answered("content-file", example("content-file", path=path, name=name, size=len(content), **held))


def patch(old: str, new: str) -> str:
    """What changed in a file, as GitHub shows it: hunks with three lines around them, no names of files."""
    rows = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=3)
    return "\n".join(list(rows)[2:])


def absent(status: int, message: str) -> web.Response:
    """How GitHub refuses what is not there."""
    page = "https://docs.github.com/rest"
    return web.json_response({"message": message, "documentation_url": page, "status": str(status)}, status=status)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
