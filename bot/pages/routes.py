"""Adds the pages of the browser room to the application: one line per address."""

from aiohttp import web

from bot.pages import acting, incident, rooms, signing_in, stream
from bot.pages.call import Pages
from bot.pages.entrance import HEADERS, Needs, Page, entrance
from bot.pages.frame import STATIC, static

ROUTES: tuple[tuple[str, str, Page, Needs], ...] = (
    ("GET", "/", rooms.overview, "look"),
    ("GET", "/rooms/{room}", rooms.room, "look"),
    ("GET", "/rooms/{room}/stream", stream.stream, "look"),
    ("GET", "/rooms/{room}/threads/{thread}", rooms.thread, "look"),
    ("GET", "/incidents/{incident}", incident.incident, "look"),
    ("POST", "/act", acting.act, "sign-in"),
    ("POST", "/send", acting.act, "sign-in"),
    ("POST", "/say", acting.say, "sign-in"),
    ("GET", "/sign-in", signing_in.ask, "nothing"),
    ("POST", "/sign-in", signing_in.enter, "nothing"),
    ("POST", "/sign-out", signing_in.leave, "nothing"),
    ("POST", "/language", signing_in.speak, "nothing"),
)


def add_pages(app: web.Application, pages: Pages) -> None:
    """Serve the browser room from this application; when it stops, everybody who listens is let go."""

    async def let_go(_: web.Application) -> None:
        pages.console.close()

    for method, path, page, needs in ROUTES:
        app.router.add_route(method, path, entrance(pages, page, needs))
    app.router.add_get("/static/{name}", give_static)
    app.on_shutdown.append(let_go)


async def give_static(request: web.Request) -> web.Response:
    """`GET /static/{name}`: style, script and icon, kept by browsers for a year under an address with their digest."""
    name = request.match_info["name"]
    if name not in STATIC:
        raise web.HTTPNotFound
    body, digest = static(name)
    fresh = request.query.get("v") == digest
    lasting = "public, max-age=31536000, immutable" if fresh else "no-cache"
    headers = HEADERS | {"Cache-Control": lasting, "ETag": f'"{digest}"'}
    return web.Response(body=body, content_type=STATIC[name], charset="utf-8", headers=headers)
