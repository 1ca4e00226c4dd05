"""Tests recordings with other combinations of files: cloud metrics, pods, releases under way, no graph."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.evaluation.case import read
from bot.evaluation.examine import examine
from bot.evaluation.names import home_of, named
from bot.evaluation.observing import scene

START = 1_700_000_000
Level = Callable[[str, int], float]


def folder(path: Path, **about: object) -> Path:
    path.mkdir(parents=True)
    base = {"id": path.name, "system": "unseen", "root_cause_service": "vault"}
    (path / "case.json").write_text(json.dumps({**base, **about}))
    return path


def table(path: Path, columns: list[str], times: range, level: Level) -> None:
    draw = random.Random(2)
    rows = [
        ",".join([str(at), *(f"{level(name, at) * draw.uniform(0.96, 1.04):.5f}" for name in columns)]) for at in times
    ]
    path.write_text("\n".join([",".join(["timestamp", *columns]), *rows]) + "\n")


def test_five_minute_cloud_metrics_without_a_graph(tmp_path: Path) -> None:
    alert = START + 24 * 3600
    case = folder(
        tmp_path / "cloud", alert_time=alert, end_time=alert + 900, candidates=["door", "till", "vault", "queue"]
    )
    columns = [
        f"{name}_{metric}" for name in ("door", "till", "vault", "queue") for metric in ("latency-average", "requests")
    ]

    def level(name: str, at: int) -> float:
        late = at >= alert - 300
        return (0.2 if "latency" in name else 900.0) * (6.0 if late and name == "vault_latency-average" else 1.0)

    table(case / "metrics.csv", columns, range(START, alert + 900, 300), level)
    found = examine(read(case))
    assert found.ranking[0][0] == "vault"
    assert {name for name, _ in found.ranking} == {"door", "till", "vault", "queue"}


def test_calls_between_pods_belong_to_their_services(tmp_path: Path) -> None:
    alert = START + 1800
    case = folder(tmp_path / "pods", alert_time=alert, end_time=alert + 240)
    pods = {"door": "door-6f86c56644-h95zb", "till": "till-7bf5b7d9b8-qssfg", "vault": "vault-ddb46fc86-2bsq8"}
    calls = [("door", "till"), ("till", "vault"), ("door", "vault")]
    columns = [f"{pods[caller]}>{pods[callee]}_latency" for caller, callee in calls]

    def level(name: str, at: int) -> float:
        return 0.9 if at >= alert - 90 and f">{pods['vault']}" in name else 0.03

    table(case / "pod_calls.csv", columns, range(START, alert + 240, 15), level)
    inputs = read(case).inputs
    assert named(inputs) == {"door", "till", "vault"}
    assert examine(read(case)).ranking[0][0] == "vault"


def test_releases_that_are_still_under_way_are_changes(tmp_path: Path) -> None:
    alert = START + 1800
    case = folder(tmp_path / "releases", alert_time=alert, end_time=alert + 300)
    release = {
        "service": "vault",
        "version": "v7",
        "started_at": alert - 240,
        "finished_at": None,
        "state": "in_progress",
    }
    (case / "releases.json").write_text(json.dumps([release]))
    table(
        case / "metrics.csv", ["vault_latency-p95", "till_latency-p95"], range(START, alert + 300, 30), lambda *_: 0.1
    )
    observed = scene(read(case).inputs).observations
    assert [(each.service, change.kind, change.version) for each in observed for change in each.changes] == [
        ("vault", "release", "v7")
    ]


def test_nothing_but_a_question_makes_nobody_more_suspicious(tmp_path: Path) -> None:
    case = folder(tmp_path / "bare", candidates=["door", "vault"], query="Something is slow.")
    found = examine(read(case))
    assert dict(found.ranking) == {"door": pytest.approx(0.5), "vault": pytest.approx(0.5)}
    assert not found.verdict.conclusive


def test_a_pod_is_known_by_its_replica_name_and_by_its_number_where_the_service_is_known() -> None:
    assert home_of("cart-579b9bff58-t2dbm", ()) == "cart"
    assert home_of("carts-db-0", ("carts-db",)) == "carts-db"
    assert home_of("route-66", ()) == "route-66"
    assert home_of("ts-travel2-service", ()) == "ts-travel2-service"
    assert home_of("cart-579b9bff58-t2dbm", ("cart-579b9bff58-t2dbm",)) == "cart-579b9bff58-t2dbm"


def test_lines_of_a_clock_that_was_never_set_do_not_stretch_the_time_looked_at(tmp_path: Path) -> None:
    alert = START + 600
    case = folder(tmp_path / "unset", alert_time=alert, end_time=alert + 300)
    times = (-6795364578.87, START, alert)
    rows = [{"ts": at, "service": "vault", "level": "error", "message": "no answer"} for at in times]
    (case / "logs.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    inputs = read(case).inputs
    assert [row["ts"] for row in inputs.logs] == [START, alert]
    assert scene(inputs).window.start.timestamp() == START
