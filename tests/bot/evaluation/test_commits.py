"""Tests what is put to each deploy of a recording: its own commit, and those that went live with it."""

from typing import Any

from bot.evaluation.commits import shipped


def commit(sha: str, minute: int, *paths: str) -> dict[str, Any]:
    at = f"2026-06-18T14:{minute:02d}:00Z"
    return {"sha": sha, "timestamp": at, "message": sha, "files_changed": list(paths), "diff": f"+{sha}"}


def deploy(service: str, sha: str, minute: int) -> dict[str, Any]:
    return {"service": service, "commit_sha": sha, "timestamp": f"2026-06-18T14:{minute:02d}:30Z", "version": sha}


EVENTS = {
    "commits": [
        commit("a", 1, "services/checkout/order.go"),
        commit("b", 2, "services/mail/send.go"),
        commit("c", 3, "pkg/cache/config.go"),
        commit("d", 4, "services/checkout/handler.go"),
        commit("e", 20, "services/checkout/late.go"),
    ],
    "deploys": [deploy("checkoutservice", "d", 5), deploy("checkoutservice", "a", 2), "nonsense"],
    "flags": [{"flag": "x"}],
}


def test_a_deploy_carries_its_own_commit() -> None:
    first, second = shipped(EVENTS)["deploys"]
    assert (first["commit_sha"], first["files_changed"], first["diff"]) == ("a", ["services/checkout/order.go"], "+a")
    assert second["diff"] == "+d"


def test_what_went_live_with_it_is_told_beside() -> None:
    more = shipped(EVENTS)["shipped"]
    assert [(row["commit_sha"], row["service"], row["timestamp"][-6:]) for row in more] == [
        ("c", "checkoutservice", "05:30Z")
    ]


def test_events_without_commits_stay_as_they_are() -> None:
    assert shipped({"flags": [1]}) == {"flags": [1], "deploys": [], "shipped": []}
    assert shipped({"deploys": [deploy("x", "y", 1)]})["deploys"][0]["commit_sha"] == "y"
