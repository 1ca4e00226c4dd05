"""Proves that only what concerns a service is looked at, and everything where nobody can tell what does."""

from engine.cluster.facts import Cluster, Workload
from engine.cluster.surroundings import around, calls
from tests.engine.diagnosis.cluster.clusters import container, event, front, pod, template, well, workload


def busy() -> tuple[Cluster, Workload]:
    """The small shop, with a stranger beside it that is broken."""
    stranger = workload("batch", template=template("batch", containers=(container(env={}),)), available=0)
    cluster = well()
    return (
        cluster.model_copy(
            update={
                "workloads": (*cluster.workloads, stranger),
                "pods": (*cluster.pods, pod("batch")),
                "services": (*cluster.services, front("batch")),
                "events": (event("BackOff", "again"), event("BackOff", "again", name="batch-1-abc")),
            }
        ),
        stranger,
    )


def test_who_calls_whom_is_read_from_addresses() -> None:
    assert calls(well())["till"] == {"store"}


def test_a_stranger_is_left_out_with_all_that_is_its() -> None:
    cluster, _ = busy()
    cut = around(cluster, ["till"])
    assert [each.name for each in cut.workloads] == ["till", "store"]
    assert {each.owner for each in cut.pods} == {"till", "store"}
    assert {each.name for each in cut.services} == {"till", "store"}
    assert [each.name for each in cut.events] == ["till-1-abc"]
    assert cut.nodes == cluster.nodes


def test_the_called_are_no_callers() -> None:
    cluster, _ = busy()
    assert [each.name for each in around(cluster, ["store"]).workloads] == ["store"]


def test_a_service_nobody_finds_leaves_everything() -> None:
    cluster, _ = busy()
    assert around(cluster, ["ghost"]) == cluster


def test_pods_that_something_unknown_made_stand_behind_the_service_that_selects_them() -> None:
    """A Rollout of Argo is no Deployment, and its pods serve all the same."""
    cluster = well()
    rollout = cluster.model_copy(update={"workloads": cluster.workloads[:1]})
    cut = around(rollout, ["till"])
    assert [each.name for each in cut.services] == ["till", "store"]
    assert {each.owner for each in cut.pods} == {"till", "store"}
