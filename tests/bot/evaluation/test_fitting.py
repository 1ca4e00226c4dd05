"""Tests that weights follow the incidents they are fitted to, stay near the prior, and never turn negative."""

from pathlib import Path

import pytest

from bot.evaluation.case import read
from bot.evaluation.examine import Examined, examine
from bot.evaluation.fitting import applications, fit
from bot.evaluation.healthy import healthy
from engine.diagnosis.parameters import parameters
from tests.bot.evaluation.staging import ALERT, stage


@pytest.fixture(scope="module")
def examined(tmp_path_factory: pytest.TempPathFactory) -> list[Examined]:
    root = tmp_path_factory.mktemp("cases")
    return [
        examine(read(stage(root / f"case-{seed}", truth=("till", "vault")[seed % 2], seed=seed))) for seed in range(4)
    ]


def test_what_speaks_for_the_truth_gains_and_nothing_turns_negative(examined: list[Examined]) -> None:
    start = parameters()._replace(weights=parameters().prior)
    found = fit([examined], start)
    assert found.weights["cpu"] > start.prior["cpu"]
    assert all(weight >= 0 for weight in found.weights.values())
    assert found.weights["gap"] == pytest.approx(start.prior["gap"])


def test_nothing_to_learn_from_leaves_the_prior() -> None:
    start = parameters()
    assert fit([], start).weights == pytest.approx(start.prior)


def test_systems_with_the_same_services_are_one_application(examined: list[Examined], tmp_path: Path) -> None:
    other = examine(
        read(stage(tmp_path / "one", names={"door": "gate", "till": "desk", "vault": "safe"}, truth="safe"))
    )
    found = applications({"shop": examined[:2], "shop-on-kubernetes": examined[2:], "bank": [other]})
    assert sorted(found) == [("bank",), ("shop", "shop-on-kubernetes")]


def test_a_healthy_window_ends_before_the_first_fault(tmp_path: Path) -> None:
    calm = healthy(read(stage(tmp_path / "one", other_injections_in_window=[ALERT - 900])))
    assert calm is not None
    assert calm.inputs.end_time is not None
    assert calm.inputs.end_time < ALERT - 900
    assert all(at < ALERT - 900 for points in calm.inputs.metrics.values() for at, _ in points)
    assert not examine(calm).verdict.conclusive


def test_no_healthy_window_where_faults_are_all_there_is_or_unknown(tmp_path: Path) -> None:
    assert healthy(read(stage(tmp_path / "one", other_injections_in_window=[ALERT - 1790]))) is None
    assert healthy(read(stage(tmp_path / "two", inject_time=None))) is None
