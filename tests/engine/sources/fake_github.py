"""Serves repositories as GitHub's REST API does; every answer is made of GitHub's own example and fits its schema."""

import copy
from collections.abc import Sequence

from aiohttp import web

from tests.engine.sources.answers import JSON, KEPT, answered, example, missing, user
from tests.engine.sources.fake_git import FakeGit


def pull(number: int, title: str, merged_at: str | None, login: str = "alice") -> JSON:
    """A closed pull request, merged unless `merged_at` is None."""
    teams = [{**each, "type": "organization"} for each in KEPT["examples"]["pull-request-simple"]["requested_teams"]]
    more = {"requested_teams": teams, "user": user(login), "merge_commit_sha": f"{number:040x}"}
    return example("pull-request-simple", number=number, title=title, merged_at=merged_at, state="closed", **more)


def commit(sha: str, message: str, login: str = "alice") -> JSON:
    """A commit of a comparison."""
    one = copy.deepcopy(KEPT["examples"]["commit-comparison"]["commits"][0])
    return {**one, "sha": sha, "commit": {**one["commit"], "message": message}, "author": user(login)}


def file(name: str, added: int, removed: int) -> JSON:
    """What became of one file."""
    return example("diff-entry", filename=name, additions=added, deletions=removed, changes=added + removed)


class FakeGitHub:
    """A GitHub with one repository, shop/payment. `spent` answers everything as one that allows no more questions."""

    def __init__(
        self,
        *,
        deployments: Sequence[JSON] = (),
        states: dict[int, str] | None = None,
        pulls: Sequence[JSON] = (),
        files: Sequence[JSON] = (),
        releases: Sequence[JSON] = (),
        commits: Sequence[JSON] = (),
        git: FakeGit | None = None,
    ) -> None:
        self.deployments, self.states, self.pulls, self.files = deployments, states or {}, pulls, files
        self.releases, self.commits = releases, commits
        self.git = git or FakeGit()
        self.asked: list[str] = []
        self.spent: web.Response | None = None

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        if self.spent is not None:
            return web.Response(status=self.spent.status, body=self.spent.body, headers=self.spent.headers)
        if request.path == "/rate_limit":
            return answered("rate-limit-overview", example("rate-limit-overview"))
        parts = request.path.removeprefix("/repos/").split("/")
        return self._of(parts[2:], request) if parts[:2] == ["shop", "payment"] else missing()

    def _of(self, path: list[str], request: web.Request) -> web.Response:
        lists = {"deployments": "deployment", "pulls": "pull-request-simple", "releases": "release"}
        match path:
            case []:
                return web.json_response({**example("full-repository"), "full_name": "shop/payment"})
            case ["deployments" | "pulls" | "releases" as name]:
                return answered(lists[name], list(getattr(self, name)))
            case ["deployments", id, "statuses"]:
                state = self.states.get(int(id))
                return answered("deployment-status", [example("deployment-status", state=state)] if state else [])
            case ["pulls", _, "files"]:
                return answered("diff-entry", list(self.files))
            case ["compare", _]:
                found = {"commits": list(self.commits), "files": list(self.files), "total_commits": len(self.commits)}
                return answered("commit-comparison", example("commit-comparison", **found))
            case _:
                return self.git.answer(path, request.query)
