"""Turns what GitHub holds of a repository into changes, and into lines a person reads."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from engine.masking import masked
from engine.model import Change, Naming, Window
from engine.sources.github_api import Commit, Deployment, File, Pull, Release
from engine.sources.notes import cut
from engine.team import Service

MOST_FILES = 100
MOST_PATHS, LONGEST_DIFF = 50, 4_000
RELEASE = re.compile(r"v?\d+\.")
"""How a tag of a release begins."""
MOST_NAMED = 4
"""Files that the line of a pull request names."""
SHORT = 10
"""Letters of a commit that tell it from others."""


class Step(NamedTuple):
    """One change with the commit that ran before it ("" where nobody knows) and the one it brought."""

    change: Change
    base: str
    head: str


def there(deployments: Sequence[Deployment], environment: str) -> list[Deployment]:
    """The deployments to the alert's environment (prod is production, too); all where none says so."""
    wanted = environment.lower()
    there = [each for each in deployments if wanted and _alike(wanted, each.environment.lower())]
    return there or list(deployments)


def _alike(one: str, other: str) -> bool:
    return bool(other) and (one.startswith(other) or other.startswith(one))


def version(deployment: Deployment) -> str:
    """A tag or branch that says something, else the commit."""
    named = deployment.ref and deployment.ref != deployment.sha and deployment.ref not in ("main", "master")
    return cut(deployment.ref)[:60] if named else deployment.sha[:SHORT]


def naming(deployment: Deployment, before: Deployment | None) -> Naming:
    """What the versions of a deployment and the one before are: those of releases where both look like it, else what
    only Git knows."""
    named = [version(each) for each in (deployment, before) if each]
    return "version" if all(RELEASE.match(each) for each in named) else "commit"


def released(service: Service, releases: Sequence[Release], window: Window) -> list[Step]:
    """The releases published within the window, each with the one before it."""
    dated = [(each.published_at, each) for each in releases if each.published_at and not each.draft]
    dated.sort(key=lambda pair: pair[0])
    steps = []
    for place, (at, each) in enumerate(dated):
        if window.start <= at <= window.end:
            base = dated[place - 1][1].tag_name if place else ""
            change = Change(
                id=f"release/{each.tag_name}",
                service=service.name,
                kind="release",
                at=at,
                version=cut(each.tag_name)[:60],
                previous_version=cut(base)[:60],
                by=cut(each.author.login if each.author else ""),
                note=cut(each.name or ""),
            )
            steps.append(Step(change, base, each.tag_name))
    return steps


def last_before(releases: Sequence[Release], at: datetime) -> str:
    """The tag of the newest release published before this moment; "" where there is none."""
    dated = [(each.published_at, each.tag_name) for each in releases if each.published_at and not each.draft]
    return max((pair for pair in dated if pair[0] < at), default=(at, ""))[1]


def altered(change: Change, files: Sequence[File]) -> Change:
    """The change with what it alters: paths, and the lines of each as GitHub shows them, within bounds."""
    diff = "\n".join(f"+++ b/{file.filename}\n{file.patch}" for file in files if file.patch)
    paths = tuple(cut(file.filename) for file in files[:MOST_PATHS])
    return change.model_copy(update={"files": paths, "diff": masked(diff, LONGEST_DIFF)})


def merge(service: Service, pull: Pull, at: datetime, files: Sequence[File], base: str) -> Step:
    """A merged pull request of a repository nobody deploys by GitHub; `base` is the release before it."""
    change = Change(
        id=f"pull/{pull.number}",
        service=service.name,
        kind="merge",
        at=at,
        version=cut(f"#{pull.number} {pull.title}")[:60],
        by=cut(pull.user.login if pull.user else ""),
        note=cut(f"{pull.title}{beside(files)}"),
        link=pull.html_url,
        naming="commit",
        aliases=(pull.merge_commit_sha,) if pull.merge_commit_sha else (),
    )
    return Step(altered(change, files), base, pull.merge_commit_sha or "")


def title(pull: Pull) -> str:
    """When, which and by whom a pull request was merged."""
    at = f"{pull.merged_at:%H:%M:%S} " if pull.merged_at else ""
    return f"{at}#{pull.number} {pull.title}" + (f" ({pull.user.login})" if pull.user else "")


def beside(files: Sequence[File]) -> str:
    """What a pull request touches, where that is known, to be written behind its title."""
    return f": {touched(files)}" if files else ""


def touched(files: Sequence[File]) -> str:
    """How much a pull request touches, and where most."""
    added, removed = sum(file.additions for file in files), sum(file.deletions for file in files)
    largest = sorted(files, key=lambda file: -(file.additions + file.deletions))[:MOST_NAMED]
    many = "+" if len(files) >= MOST_FILES else ""
    named = ", ".join(file.filename for file in largest)
    return f"{len(files)}{many} files +{added} −{removed}: {named}"


def commit(each: Commit) -> str:
    """A commit in a line: its first one, and who wrote it."""
    first = each.commit.message.strip().partition("\n")[0]
    author = each.author.login if each.author else each.commit.author.name if each.commit.author else ""
    return f"{each.sha[:SHORT]} {first}" + (f" ({author})" if author else "")
