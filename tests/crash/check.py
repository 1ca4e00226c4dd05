"""Says what must hold after a run, however often it was killed: counted outside, compared with what was written."""

from collections import Counter
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ending:
    """How a run ended: what the process reported, and what target and room counted."""

    report: dict[str, Any]
    target: dict[str, Any]
    room: dict[str, Any]

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        """The bodies of all entries of a kind, in order."""
        return [entry["body"] for entry in self.report["entries"] if entry["kind"] == kind]

    @property
    def outcome(self) -> str:
        """How the incident was closed."""
        (closed,) = self.bodies("incident.closed")
        return str(closed["outcome"])

    @property
    def results(self) -> list[str]:
        """How each attempt at the change ended, as written."""
        return [body["result"] for body in self.bodies("action.executed")]


def check_once(ending: Ending) -> None:
    """It recovered, by exactly one change, under exactly one approval; and everything a run must keep holds."""
    assert ending.outcome == "recovered"
    done = ending.target["done"]
    assert len(done) == 1, done
    assert ending.results.count("done") == 1, ending.results
    (decision,) = ending.bodies("approval.resolved")
    assert (decision["verdict"], decision["by"]) == ("approved", "lin")
    assert done[0]["approval"] == decision["approval"]
    receipt = next(body["receipt"] for body in ending.bodies("action.executed") if body["result"] == "done")
    assert done[0]["receipt"] == receipt["id"]
    check_kept(ending)


def check_at_most_once(ending: Ending) -> None:
    """Nothing was done twice. What nobody can tell is called unknown and was put to people; else it recovered."""
    assert len(ending.target["done"]) <= 1, ending.target["done"]
    assert len(ending.bodies("approval.resolved")) == 1
    if "done" in ending.results:
        assert ending.outcome == "recovered"
        assert len(ending.target["done"]) == 1
    else:
        assert ending.results == ["unknown"]
        assert ending.outcome == "needs_human"
        assert len(ending.bodies("incident.handed_over")) == 1
    check_kept(ending)


def check_kept(ending: Ending) -> None:
    """What holds after every run: one incident, a whole timeline, one message for each part, each as it should be."""
    report = ending.report
    assert report["incidents"] == [report["incident"]]
    assert [entry["seq"] for entry in report["entries"]] == list(range(1, len(report["entries"]) + 1))
    assert report["faults"] == []
    twice = {key: n for key, n in Counter(entry["key"] for entry in report["entries"]).items() if n > 1}
    assert not twice
    assert len(ending.bodies("incident.acknowledged")) == 1
    assert len(ending.bodies("constraint.set")) == len(ending.bodies("constraint.lifted")) == 1
    offered = [lesson["id"] for body in ending.bodies("skill.generated") for lesson in body["lessons"]]
    taught = [body["lesson"]["id"] for kind in ("memory.learned", "skill.published") for body in ending.bodies(kind)]
    assert sorted(taught) == sorted(offered)
    assert set(offered) <= set(report["kept"])
    check_room(ending)


def check_room(ending: Ending) -> None:
    """Each part of the thread is one message in the one thread, and shows the newest state."""
    report, messages = ending.report, ending.room["messages"]
    keys = [message["key"] for message in messages]
    assert sorted(keys) == sorted(f"{report['incident']}/{slot}" for slot in report["cards"])
    posted = {f"{post['incident']}/{post['slot']}": post for post in report["posts"]}
    header = next(message["id"] for message in messages if message["key"].endswith("/header"))
    for message in messages:
        post = posted[message["key"]]
        assert message["id"] == post["message"]
        assert message["thread"] == ("" if message["id"] == header else header)
        assert post["sent"] == post["wanted"]
        assert message["card"] == report["cards"][post["slot"]], f"{message['key']} shows an older state"
