"""Proves that the facts of a cluster are read from what a real API server answered, and from nothing worse."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cluster.facts import Cluster
from engine.cluster.objects import WORKLOADS, cluster
from engine.cluster.values import address

CAPTURES = Path(__file__).parents[1] / "sources" / "captures" / "kubernetes"
NOW = datetime(2026, 11, 20, 10, 13, tzinfo=UTC)


def objects(name: str) -> list[dict[str, Any]]:
    body = json.loads((CAPTURES / f"{name}.json").read_text(encoding="utf-8"))["body"]
    return body.get("items", [body])


def captured(**more: Any) -> Cluster:
    kinds = {
        "pods": objects("pods_crashloop"),
        "deployments": objects("deployment_progress_deadline_exceeded"),
        "replicasets": objects("replicasets"),
        "events": objects("events"),
        "nodes": objects("nodes"),
    }
    return cluster(kinds | more, "shop", NOW, {"payment": "payment"})


def test_a_crash_looping_rollout_is_read_as_it_was_captured() -> None:
    read = captured()
    (found,) = read.workloads
    assert (found.name, found.service, found.desired, found.available) == ("payment", "payment", 3, 3)
    assert [each.reason for each in found.conditions if each.type == "Progressing"] == ["ProgressDeadlineExceeded"]
    newest, before = found.revisions
    assert (newest.number, newest.images, newest.cause) == (
        2,
        ("registry.example.com/payment:1.9.0-crash",),
        "release 1.9.0",
    )
    assert (before.number, before.ready) == (1, 3)
    crashing = [each for each in read.pods if not each.ready]
    assert [each.owner for each in crashing] == ["payment"]
    state = crashing[0].containers[0]
    assert (state.state, state.reason, state.last_reason, state.last_exit) == (
        "waiting",
        "CrashLoopBackOff",
        "Error",
        1,
    )
    assert state.restarts == 11
    backing_off = [each for each in read.events if each.reason == "BackOff"]
    assert backing_off
    assert all(each.count >= 1 and each.last is not None for each in backing_off)
    assert read.read == ("deployments", "events", "nodes", "pods", "replicasets")


def test_both_kinds_of_events_are_read_alike() -> None:
    older = {(each.name, each.reason, each.message, each.count) for each in captured().events}
    newer = captured(events=objects("events_k8s_io_v1")).events
    assert newer
    assert {(each.name, each.reason, each.message, each.count) for each in newer} <= older


def test_a_cordoned_node_is_read() -> None:
    (node,) = captured(nodes=objects("node_cordon")).nodes
    assert node.cordoned
    assert not node.control_plane


def test_facts_survive_the_trip_through_json() -> None:
    read = captured()
    assert Cluster.model_validate(json.loads(json.dumps(read.model_dump(mode="json", exclude_defaults=True)))) == read


def test_of_the_environment_only_addresses_are_kept() -> None:
    assert address("REDIS_ADDR", "redis-cart:6379") == "redis-cart:6379"
    assert address("DB_URL", "postgres://app:hunter2@db.shop.svc:5432/app") == "db.shop.svc:5432"
    assert address("PORT", "8080") == "8080"
    assert address("DB_HOST", "mysql") == "mysql"
    for name, value in (
        ("DB_PASSWORD", "hunter2"),
        ("API_TOKEN", "abc:1234"),
        ("GREETING", "hello"),
        ("RETRIES", "3"),
        ("KEY", "AAAAB3Nza=="),
    ):
        assert address(name, value) == ""


def test_a_service_knows_who_is_behind_it() -> None:
    slices = [
        {
            "metadata": {"labels": {"kubernetes.io/service-name": "pay"}},
            "endpoints": [
                {"addresses": ["10.0.0.1"], "conditions": {"ready": True}, "targetRef": {"name": "payment-1"}},
                {"addresses": ["10.0.0.2"], "conditions": {"ready": False}},
            ],
        }
    ]
    service = {"metadata": {"name": "pay"}, "spec": {"selector": {"app": "payment"}, "ports": [{"port": 80}]}}
    (read,) = captured(services=[service], endpointslices=slices).services
    assert (read.name, read.service) == ("pay", "payment")
    assert read.ports[0].target == "80"
    assert [(each.ip, each.ready) for each in read.endpoints or ()] == [("10.0.0.1", True), ("10.0.0.2", False)]


def test_what_nobody_looked_at_is_not_taken_for_none() -> None:
    service = {"metadata": {"name": "pay"}, "spec": {"selector": {"app": "payment"}, "ports": [{"port": 80}]}}
    (read,) = captured(services=[service]).services
    assert read.endpoints is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["metadata", "spec", "status", "name", "containers", "template", "labels", "conditions", "rules", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(st.lists(st.dictionaries(st.sampled_from(["metadata", "spec", "status", "kind"]), JSON), max_size=3))
@settings(max_examples=150, deadline=None)
def test_nonsense_never_makes_it_stumble(rows: list[dict[str, Any]]) -> None:
    kinds = (*WORKLOADS, "pods", "replicasets", "services", "endpointslices", "nodes", "resourcequotas", "limitranges")
    more = ("persistentvolumeclaims", "persistentvolumes", "storageclasses", "networkpolicies", "events", "secrets")
    assert isinstance(cluster(dict.fromkeys((*kinds, *more), rows), "shop", NOW), Cluster)
