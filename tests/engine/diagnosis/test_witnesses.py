"""Proves that what several sources report of one change is one change, and that two changes are never made one."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.diagnosis.signals import judge
from engine.diagnosis.witnesses import united, versions
from engine.model import Change, Observation
from tests.engine.diagnosis.scenes import BEGIN, Scene

CODE, MANIFESTS = "3f2a1b9c" * 5, "9b8c7d6e" * 5
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def told(source: str, *changes: Change, service: str = "till") -> Observation:
    window = Scene(step=60.0).window
    return Observation(
        source=source,
        kind="change",
        service=service,
        query=f"asked {source}",
        window=window,
        link=f"https://{source}.example/till",
        changes=changes,
        count=len(changes),
    )


def change(id: str, after: timedelta, **more: Any) -> Change:
    return Change(**{"id": id, "service": "till", "kind": "deploy", "at": BEGIN + after, **more})


def in_cluster(after: timedelta = 5 * SECOND, version: str = "1.8.0", **more: Any) -> Change:
    more = {"previous_version": "1.7.9", "naming": "image", **more}
    return change(f"deployment/till@{version}", after, version=version, **more)


def by_argocd(after: timedelta = 9 * SECOND, **more: Any) -> Change:
    more = {"previous_version": "a" * 12, "aliases": (MANIFESTS,), **more}
    return change("till/12", after, version=MANIFESTS[:12], naming="manifest", **more)


def by_github(after: timedelta = -20 * SECOND, **more: Any) -> Change:
    more = {"previous_version": "b" * 10, "aliases": (CODE,), **more}
    return change("deployment/77", after, version=CODE[:10], naming="commit", **more)


def by_platform(after: timedelta = 2 * SECOND, **more: Any) -> Change:
    return change("dep-3", after, **{"version": "v1.8.0", "previous_version": "v1.7.9", "naming": "release", **more})


def one(*observations: Observation) -> Change:
    (found,) = [each for observation in united(observations) for each in observation.changes]
    return found


def several(*observations: Observation) -> list[Change]:
    return [each for observation in united(observations) for each in observation.changes]


def test_one_deploy_seen_by_four_sources_is_one_change_that_names_them_all() -> None:
    found = one(
        told("argocd", by_argocd(by="alice")),
        told("kubernetes", in_cluster(by="argocd-controller")),
        told("github", by_github(diff="+++ b/pool.py", files=("pool.py",), note="smaller pool")),
        told("releases", by_platform()),
    )
    assert [(each.source, each.id) for each in found.witnesses] == [
        ("github", "deployment/77"),
        ("releases", "dep-3"),
        ("kubernetes", "deployment/till@1.8.0"),
        ("argocd", "till/12"),
    ]
    assert all(each.link == f"https://{each.source}.example/till" for each in found.witnesses)
    assert (found.version, found.way_back, found.at) == ("v1.8.0", "v1.7.9", BEGIN + 2 * SECOND)
    assert (found.by, found.note, found.files) == ("alice", "smaller pool", ("pool.py",))
    assert {"1.8.0", "v1.8.0", CODE[:10], MANIFESTS[:12]} <= versions(found)


def test_the_card_says_who_saw_it_once() -> None:
    scene = Scene(step=60.0).series("error_ratio", 0.0, 0.3)
    at = timedelta(minutes=scene.before + scene.fault - 1)
    seen = (told("argocd", by_argocd(at)), told("kubernetes", in_cluster(at + SECOND)))
    changes = [each for each in judge([*scene.observations, *seen], scene.window) if each.kind == "change"]
    assert [each.summary.values["sources"] for each in changes] == ["argocd, kubernetes"]


def test_an_answer_that_held_no_change_still_says_so_and_one_told_by_others_says_nothing() -> None:
    nothing = told("changes")
    kept = united([told("argocd", by_argocd()), told("kubernetes", in_cluster()), nothing])
    assert [each.source for each in kept] == ["kubernetes", "changes"]


def test_a_commit_is_recognised_in_a_tag_and_in_what_ci_posted() -> None:
    posted = change("chg_1", MINUTE, version=CODE[:8])
    found = one(told("github", by_github(-6 * MINUTE)), told("kubernetes", in_cluster(version=f"main-{CODE[:7]}")))
    assert len(found.witnesses) == 2
    assert len(one(told("github", by_github()), told("changes", posted)).witnesses) == 2


def test_a_sync_that_took_its_time_is_the_rollout_that_fell_into_it() -> None:
    sync = by_argocd(8 * MINUTE, began=BEGIN)
    assert len(one(told("argocd", sync), told("kubernetes", in_cluster(MINUTE))).witnesses) == 2
    assert len(several(told("argocd", by_argocd(8 * MINUTE)), told("kubernetes", in_cluster(MINUTE)))) == 2


DIFFERENT: tuple[tuple[str, Change, Change], ...] = (
    ("another version", by_platform(), in_cluster(version="1.9.0")),
    ("another commit", by_github(), in_cluster(version=f"main-{MANIFESTS[:7]}")),
    ("another build of digits", in_cluster(version="20261127"), by_platform(version="2026112701")),
    ("too far apart", by_platform(), in_cluster(20 * MINUTE)),
    ("nothing in common, and not near", by_argocd(), in_cluster(5 * MINUTE)),
    ("a restart", by_platform(), in_cluster(kind="restart")),
    ("a flag", change("chg_1", SECOND, kind="flag", version="new-checkout=on"), in_cluster()),
    ("a pull request", change("pull/9", SECOND, kind="merge", naming="commit", aliases=(MANIFESTS,)), in_cluster()),
    ("another service", change("dep-3", SECOND, version="1.8.0", service="shop"), in_cluster()),
    ("a tag that floats", change("chg_1", 5 * MINUTE, version="latest"), in_cluster(version="latest")),
)


@pytest.mark.parametrize("mine, theirs", [pair[1:] for pair in DIFFERENT], ids=[pair[0] for pair in DIFFERENT])
def test_what_differs_stays_apart(mine: Change, theirs: Change) -> None:
    assert len(several(told("one", mine), told("other", theirs))) == 2


def test_where_another_may_be_meant_nothing_is_put_together() -> None:
    twice = told("kubernetes", in_cluster(-60 * SECOND, "1.8.0"), in_cluster(60 * SECOND, "1.9.0"))
    assert len(several(told("argocd", by_argocd(SECOND)), twice)) == 3


def test_a_version_that_came_back_is_not_its_first_time() -> None:
    known = told("releases", by_platform(), change("dep-4", 5 * MINUTE, version="v1.7.9"))
    again = told("kubernetes", in_cluster(10 * MINUTE))
    assert len(several(known, again)) == 3


@pytest.mark.parametrize(
    "known, way_back",
    [
        (by_argocd(), ""),
        (by_github(), ""),
        (in_cluster(), "1.7.9"),
        (in_cluster(previous_version="sha256:0a1b2c3d4e5f"), ""),
        (in_cluster(previous_version="1.7.9, 2.0"), ""),
        (change("chg_1", SECOND, previous_version=CODE), ""),
        (change("chg_1", SECOND, previous_version="20261127"), "20261127"),
        (by_platform(previous_version=CODE), CODE),
    ],
)
def test_only_a_version_is_a_way_back(known: Change, way_back: str) -> None:
    assert known.way_back == way_back


# --- any deploys, seen by any sources --------------------------------------------------------------------------------


class Deploy(NamedTuple):
    """A deploy that really was, `minutes` after the begin."""

    number: int
    minutes: int
    late: dict[str, int]

    @property
    def commit(self) -> str:
        return f"{self.number:02x}abcdef" * 5

    def report(self, source: str) -> Change:
        """What a source says of it, a few seconds off; the id tells which deploy it was."""
        at = BEGIN + self.minutes * MINUTE + self.late[source] * SECOND
        id = f"{source}/{self.number}"
        match source:
            case "argocd":
                revision = f"{self.number:02x}fedcba" * 5
                return Change(
                    id=id, service="till", kind="deploy", at=at, version=revision[:12], naming="manifest",
                    began=at - 10 * SECOND, aliases=(revision,),
                )  # fmt: skip
            case "github":
                return Change(
                    id=id, service="till", kind="deploy", at=at, version=self.commit[:10], naming="commit",
                    aliases=(self.commit,),
                )  # fmt: skip
            case "kubernetes":
                return Change(id=id, service="till", kind="deploy", at=at, version=f"1.{self.number}", naming="image")
            case _:
                return Change(id=id, service="till", kind="deploy", at=at, version=f"v1.{self.number}")


SOURCES = ("argocd", "github", "kubernetes", "releases", "changes")
LATE = st.fixed_dictionaries({source: st.integers(-20, 20) for source in SOURCES})


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Deploy], list[str]]:
    """Deploys at least a minute apart, and the sources there are."""
    minutes = sorted(draw(st.sets(st.integers(0, 60), min_size=1, max_size=6)))
    deploys = [Deploy(number, at, draw(LATE)) for number, at in enumerate(minutes, 1)]
    return deploys, draw(st.lists(st.sampled_from(SOURCES), min_size=1, unique=True))


def number(id: str) -> str:
    return id.partition("/")[2]


@settings(deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_two_deploys_are_never_made_one_and_one_that_stands_alone_is_one(
    history: tuple[Sequence[Deploy], list[str]], dice: Any
) -> None:
    deploys, sources = history
    answers = [told(source, *(each.report(source) for each in deploys)) for source in sources]
    found = several(*answers)
    reports = [[each.id for each in (one.witnesses or (one,))] for one in found]
    assert all(len({number(id) for id in ids}) == 1 for ids in reports)
    assert sorted(id for ids in reports for id in ids) == sorted(e.report(s).id for e in deploys for s in sources)
    for each in deploys:
        if all(abs(each.minutes - other.minutes) > 5 for other in deploys if other is not each):
            assert sum(number(ids[0]) == str(each.number) for ids in reports) == 1
    dice.shuffle(answers)
    assert sorted(several(*answers), key=lambda each: each.id) == sorted(found, key=lambda each: each.id)


@settings(deadline=None)
@given(histories(), st.data())
def test_named_alike_or_not_at_all_whatever_a_source_missed(
    history: tuple[Sequence[Deploy], list[str]], data: st.DataObject
) -> None:
    """Sources that name versions never mix up two deploys, whichever each of them did not see."""
    deploys, _ = history
    answers = []
    for source in ("kubernetes", "releases", "changes"):
        kept = [each for each in deploys if data.draw(st.booleans())]
        answers.append(told(source, *(each.report(source) for each in kept)))
    for each in several(*answers):
        assert len({number(witness.id) for witness in each.witnesses}) <= 1
