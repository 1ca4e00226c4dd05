"""Checks which of several changes is blamed: the one that fits what is seen, none where two fit as well, none that
alters nothing."""

from typing import Any

from engine.model import Change
from tests.engine.diagnosis.scenes import Scene


def broken() -> Scene:
    """A service whose own code fails."""
    scene = Scene().healthy(but=("error_ratio",)).series("error_ratio", 0.0, 0.4)
    scene.says("cannot price basket {n}\n\tat acme.Pricing.total(Pricing.java:44)", 25, version="")
    return scene.traces(("till", "price", "", "cannot price basket"))


def told(scene: Scene, steps: float, id: str, **more: Any) -> Change:
    return scene.released(steps, version=id).model_copy(update={"id": id, **more})


GUILTY: dict[str, Any] = {"files": ("src/acme/Pricing.java",), "diff": "-  if (x == null) return 0;"}
HARMLESS: dict[str, Any] = {"files": ("docs/pricing.md",)}
OTHER: dict[str, Any] = {"files": ("src/acme/Mail.java",), "diff": "+  mail.sendLater(order);"}


def test_the_change_that_touches_the_failing_file_is_blamed_before_a_later_one() -> None:
    scene = broken()
    found = scene.changes(told(scene, -15, "a", **GUILTY), told(scene, -1, "b", **OTHER)).verdict()
    assert found.cause
    assert (found.cause.category, found.cause.change and found.cause.change.id) == ("bad_release", "a")


def test_a_change_that_alters_nothing_is_never_blamed() -> None:
    scene = broken()
    found = scene.changes(told(scene, -2, "b", **HARMLESS)).verdict()
    assert found.cause is None or found.cause.change is None


def test_two_changes_that_fit_as_well_leave_it_open() -> None:
    far = Scene(step=60.0).healthy(but=("error_ratio",)).series("error_ratio", 0.0, 0.4)
    far.says("cannot price basket {n}", 25, version="")
    far.changes(told(far, -15, "a"), told(far, -7, "b"))
    found = far.verdict()
    assert found.cause is None
    assert "diagnosis.objection.several_changes" in [each.word for each in found.why_inconclusive]


def test_two_platforms_that_tell_of_one_deploy_are_no_two_changes() -> None:
    scene = broken()
    found = scene.changes(told(scene, -4, "sha-1"), told(scene, -3, "image-7")).verdict()
    assert found.cause
    assert found.cause.category == "bad_release"


def test_a_fault_names_the_change_only_where_it_fits() -> None:
    def slow(**more: Any) -> Scene:
        scene = Scene().healthy(but=("latency_p95",)).series("latency_p95", 0.04, 2.0)
        scene.series("query_time", 0.01, 1.2).says("slow query: SELECT * FROM orders took {n} ms", 20, version="")
        return scene.changes(told(scene, -5, "a", **more))

    fits = slow(files=("orders.py",), diff="-  query = query.limit(50)\n+  query = session.query(Orders)").verdict()
    other = slow(files=("mail.py",), diff="+  mail.send_later()").verdict()
    unknown = slow().verdict()
    assert [each.cause.category if each.cause else "" for each in (fits, other, unknown)] == ["slow_query"] * 3
    named = [bool(each.cause and each.cause.change) for each in (fits, other, unknown)]
    assert named == [True, False, True]


def test_an_old_change_is_looked_at_where_it_fits() -> None:
    scene = broken()
    found = scene.changes(told(scene, -1000, "old", **GUILTY)).verdict()
    assert found.cause
    assert found.cause.change
    assert found.cause.change.id == "old"
    again = broken()
    assert again.changes(told(again, -1000, "old", **OTHER)).verdict().cause is None


def test_a_neighbour_that_fails_for_others_too_is_blamed_before_a_release() -> None:
    scene = Scene().healthy(but=("error_ratio",)).series("error_ratio", 0.0, 0.4)
    scene.says("upload {n} failed: 503 from files.example.com", 20, version="")
    scene.says("listing {n} failed: 503 from files.example.com", 20, service="shop", version="")
    found = scene.changes(told(scene, -2, "a", **OTHER)).verdict()
    assert found.cause
    assert (found.cause.category, found.cause.peer, found.cause.change) == (
        "dependency_errors",
        "files.example.com",
        None,
    )


def test_who_asks_too_much_of_a_store_is_blamed_for_its_trouble() -> None:
    """The store is slow because the till misses its cache, and that came with a release of the till."""
    scene = Scene()
    scene.series("latency_p95", 0.01, 0.9, service="ledger").series("queries", 150.0, 900.0, service="ledger")
    scene.says("slow query: SELECT * FROM items took {n} ms", 20, service="ledger")
    scene.series("cache_hit_ratio", 0.97, 0.4).series("latency_p95", 0.04, 0.9)
    scene.says("cache miss for {n}; read-through to ledger", 40, level="warn", version="")
    scene.changes(told(scene, -6, "a", files=("cache.yaml",), diff="-  ttl: 15m\n+  ttl: 15s"))
    scene.service = "ledger"
    found = scene.verdict()
    assert found.cause
    assert (found.cause.category, found.cause.service) == ("cache_miss_storm", "till")
    assert found.cause.change
    assert found.cause.change.id == "a"
