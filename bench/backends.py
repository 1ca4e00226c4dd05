"""Is eight backends at once, each of which takes its set time for every answer: `python -m bench.backends PORT`.

What they say is small and always the same; how long they take is what counts.
"""

import asyncio
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from bench.measuring import HOST

DELAYS: Mapping[str, float] = {
    "prometheus": 0.3,
    "loki": 0.25,
    "jaeger": 0.4,
    "tempo": 0.15,
    "releases": 0.5,
    "argocd": 0.25,
    "github": 0.25,
    "alertmanager": 0.4,
}
"""Seconds for one answer, as from servers some way off; a source asks several times."""
BEGAN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
TRACES, SPANS, LINES, SERIES = 30, 8, 200, 4

Answer = Callable[[web.Request], Any]


def prometheus(request: web.Request) -> Any:
    """A few families of one service, with 120 points."""
    if request.path.endswith("/series"):
        names = ("http_requests_total", "http_request_duration_seconds_bucket", "up")
        return {"data": [{"__name__": name, "service": "payment", "code": "200"} for name in names]}
    points = [[BEGAN.timestamp() + 15 * place, str(place % 7)] for place in range(120)]
    return {"data": {"result": [{"metric": {}, "values": points}] * SERIES}}


def loki(request: web.Request) -> Any:
    """One stream of errors."""
    if request.path.endswith("/labels"):
        return {"status": "success", "data": ["service", "level"]}
    if request.path.endswith("/series"):
        return {"status": "success", "data": [{"service": "payment", "level": "error"}]}
    nanoseconds = int(BEGAN.timestamp() * 1e9)
    lines = [[str(nanoseconds + place * 10**9), f"ERROR pool exhausted for request {place}"] for place in range(LINES)]
    stream = {"stream": {"service": "payment"}, "values": lines}
    return {"status": "success", "data": {"result": [stream]}}


def jaeger(request: web.Request) -> Any:
    """Some traces, whole."""
    return {"result": {"resourceSpans": [resource(f"{trace:032x}") for trace in range(1, TRACES + 1)]}}


def tempo(request: web.Request) -> Any:
    """Ids for a search, and a whole trace for an id."""
    if request.path.endswith("/search"):
        return {"traces": [{"traceID": f"{trace:032x}"} for trace in range(1, int(request.query["limit"]) + 1)]}
    return {"trace": {"resourceSpans": [resource(request.path.rpartition("/")[2])]}}


def resource(trace: str) -> Any:
    """The spans of one trace."""
    start = int(BEGAN.timestamp() * 1e9)
    spans = [
        {
            "traceId": trace,
            "spanId": f"{number:016x}",
            "name": "POST /pay",
            "startTimeUnixNano": str(start + number * 10**6),
            "endTimeUnixNano": str(start + number * 10**6 + 10**8),
        }
        for number in range(1, SPANS + 1)
    ]
    about = [{"key": "service.name", "value": {"stringValue": "payment"}}]
    return {"resource": {"attributes": about}, "scopeSpans": [{"spans": spans}]}


def releases(request: web.Request) -> Any:
    """One deploy, and a state."""
    row = {"id": "d1", "service": "payment", "at": moment(25), "version": "v2", "previous_version": "v1"}
    return {"deployments": [row]} if request.path.endswith("/deployments") else {"service": "payment", "ready": 2}


def argocd(request: web.Request) -> Any:
    """One application with two deploys."""
    if request.path.endswith("/metadata"):
        return {"author": "alice", "message": "Raise the pool"}
    history = [{"id": id, "revision": f"{id:040x}", "deployedAt": moment(20 + id)} for id in (1, 2)]
    one = {"metadata": {"name": "payment"}, "status": {"history": history, "health": {"status": "Healthy"}}}
    return {"items": [one]} if request.path.endswith("/applications") else one


def github(request: web.Request) -> Any:
    """A deployment that succeeded after another, with one commit between."""
    match request.path.rpartition("/")[2]:
        case "deployments":
            return [{"id": id, "sha": f"{id:040x}", "created_at": moment(at)} for id, at in ((2, 25), (1, -60))]
        case "statuses":
            return [{"state": "success"}]
        case "pulls" | "releases" | "files":
            return []
        case _:
            return {"commits": [{"sha": "a" * 40, "commit": {"message": "Raise the pool"}}], "files": []}


def alertmanager(request: web.Request) -> Any:
    """Another alert, and no silence."""
    labels = {"alertname": "PoolFull", "service": "payment"}
    return [{"labels": labels, "startsAt": moment(26)}] if request.path.endswith("/alerts") else []


def moment(minutes: float) -> str:
    """So many minutes after the window's start."""
    return (BEGAN + timedelta(minutes=minutes)).isoformat()


ANSWERS: Mapping[str, Answer] = {
    "prometheus": prometheus,
    "loki": loki,
    "jaeger": jaeger,
    "tempo": tempo,
    "releases": releases,
    "argocd": argocd,
    "github": github,
    "alertmanager": alertmanager,
}


async def answer(request: web.Request) -> web.Response:
    """What the backend named first in the path says, after its set time."""
    name = request.match_info["name"]
    await asyncio.sleep(DELAYS[name])
    return web.json_response(ANSWERS[name](request))


async def ready(request: web.Request) -> web.Response:
    """That it listens."""
    return web.Response(text="ready")


def main() -> None:
    """Serve until killed."""
    app = web.Application()
    app.router.add_get("/ready", ready)
    app.router.add_route("*", "/{name}/{rest:.*}", answer)
    web.run_app(app, host=HOST, port=int(sys.argv[1]), print=None, access_log=None)


if __name__ == "__main__":
    main()
