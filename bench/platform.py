"""Is a chat platform that only takes cards and notes when they came, and a Prometheus that knows one calm series.

`python -m bench.platform PORT`. Times are CLOCK_MONOTONIC seconds, the same for every process of the machine.
"""

import asyncio
import sys
import time

from aiohttp import web

from bench.measuring import HOST

SERIES_POINTS = 60


class Arrivals:
    """When each card came."""

    def __init__(self) -> None:
        self.posts: list[float] = []
        self.newest = time.monotonic()
        self.changed = asyncio.Event()

    def note(self, *, post: bool) -> int:
        """A card came, posted or edited; returns how many were posted so far."""
        self.newest = time.monotonic()
        if post:
            self.posts.append(self.newest)
        self.changed.set()
        return len(self.posts)

    async def stay_away(self, seconds: float) -> bool:
        """Wait until nothing came for so long; whether that is so."""
        await asyncio.sleep(max(0.0, self.newest + seconds - time.monotonic()))
        return time.monotonic() - self.newest >= seconds


ARRIVALS = web.AppKey("arrivals", Arrivals)


async def post(request: web.Request) -> web.Response:
    """`POST /cards` → {"message"}."""
    await request.json()
    return web.json_response({"message": str(request.app[ARRIVALS].note(post=True))})


async def edit(request: web.Request) -> web.Response:
    """`POST /cards/{message}`: the card instead of the one that stands."""
    await request.json()
    request.app[ARRIVALS].note(post=False)
    return web.json_response({})


async def count(request: web.Request) -> web.Response:
    """`GET /quiet?seconds=` → {"posts"} once nothing came for so long."""
    arrivals, seconds = request.app[ARRIVALS], float(request.query["seconds"])
    while not await arrivals.stay_away(seconds):
        pass
    return web.json_response({"posts": len(arrivals.posts)})


async def first(request: web.Request) -> web.Response:
    """`GET /first?after=` → {"at"}: when the first post came after so many."""
    arrivals, after = request.app[ARRIVALS], int(request.query["after"])
    while len(arrivals.posts) <= after:
        arrivals.changed.clear()
        await arrivals.changed.wait()
    return web.json_response({"at": arrivals.posts[after]})


async def query(request: web.Request) -> web.Response:
    """`/api/v1/query_range` and the rest of the API a source reads: one calm series, whatever is asked."""
    asked = {**request.query, **await request.post()}
    end = float(str(asked.get("end") or asked.get("time") or time.time()))
    step = 15
    values = [[end - step * (SERIES_POINTS - n), f"{1 + n % 3 / 10}"] for n in range(SERIES_POINTS)]
    data = {"resultType": "matrix", "result": [{"metric": {"service": "bench"}, "values": values}]}
    return web.json_response({"status": "success", "data": data})


def make_app() -> web.Application:
    """Both in one application."""
    app = web.Application(client_max_size=4 * 1024 * 1024)
    app[ARRIVALS] = Arrivals()
    app.add_routes([web.post("/cards", post), web.post("/cards/{message}", edit)])
    app.add_routes([web.get("/quiet", count), web.get("/first", first)])
    app.add_routes([web.route("*", "/api/v1/{what:.*}", query)])
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host=HOST, port=int(sys.argv[1]), print=None, access_log=None)
