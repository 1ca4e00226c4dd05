"""Is what everything is measured against: an aiohttp process that does the least that can be called the same work.

`python -m bench.reference PORT [FILE PLATFORM]`. `GET /` is one page; `POST /echo` parses JSON and answers it;
`POST /minimal` commits what came to a SQLite file with synchronous=FULL, then posts it to the platform.
"""

import json
import sys
from collections.abc import AsyncIterator

import aiosqlite
from aiohttp import ClientSession, web

from bench.measuring import HOST

PAGE = "<!doctype html><title>bench</title><p>One page.</p>"
DB = web.AppKey("db", aiosqlite.Connection)
SESSION = web.AppKey("session", ClientSession)


async def page(request: web.Request) -> web.Response:
    """One page."""
    return web.Response(text=PAGE, content_type="text/html")


async def echo(request: web.Request) -> web.Response:
    """JSON in, the same JSON out."""
    return web.json_response(await request.json())


async def minimal(request: web.Request) -> web.Response:
    """One durable commit, one post."""
    body = await request.json()
    db, session = request.app[DB], request.app[SESSION]
    await db.execute("INSERT INTO alerts (body) VALUES (?)", (json.dumps(body),))
    await db.commit()
    async with session.post(f"{sys.argv[3]}/cards", json={"thread": "", "card": body}) as answer:
        await answer.json()
    return web.json_response({"accepted": 1}, status=202)


async def connected(app: web.Application) -> AsyncIterator[None]:
    """The file and the connection to the platform."""
    async with aiosqlite.connect(sys.argv[2]) as db, ClientSession() as session:
        await db.execute("PRAGMA journal_mode = WAL")
        await db.execute("PRAGMA synchronous = FULL")
        await db.execute("CREATE TABLE alerts (id INTEGER PRIMARY KEY, body TEXT)")
        await db.commit()
        app[DB], app[SESSION] = db, session
        yield


def make_app() -> web.Application:
    """The three routes; the file and the platform only where they are named."""
    app = web.Application(client_max_size=4 * 1024 * 1024)
    app.add_routes([web.get("/", page), web.post("/echo", echo), web.post("/minimal", minimal)])
    if len(sys.argv) > 3:
        app.cleanup_ctx.append(connected)
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host=HOST, port=int(sys.argv[1]), print=None, access_log=None)
