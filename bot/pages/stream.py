"""Streams what changes in a room: HTML fragments as server-sent events for the page, lines of JSON for a terminal."""

import asyncio
import json

from aiohttp import web

from bot.pages import message
from bot.pages.call import SESSION, Call, account_of
from bot.pages.entrance import HEADERS
from bot.platforms.console import newest
from engine.errors import TocsinError
from store.rooms import Message

HEARTBEAT = 15.0
RETRY_MS = 2_000


async def stream(call: Call) -> web.StreamResponse:
    """`GET /rooms/{room}/stream?after=REVISION&thread=ID`: thread 0 streams first messages alone. Ends when the session
    ends or the process stops; a browser then comes back by itself. 503 when too many listen."""
    room = call.room(call.request.match_info["room"]).id
    query = call.request.query
    thread = _number(query.get("thread", "0"))
    if thread:
        await call.thread(call.room(room), str(thread))
    after = max(_number(query.get("after", "0")), _number(call.request.headers.get("Last-Event-ID", "0")))
    with call.pages.console.listening(room) as bell:
        response = await _begin(call)
        try:
            await _follow(call, response, bell, room, thread, after)
        except (ConnectionError, TocsinError):
            return response
    return response


async def _begin(call: Call) -> web.StreamResponse:
    kind = "application/x-ndjson" if call.wants_json else "text/event-stream"
    headers = HEADERS | {
        "Content-Type": f"{kind}; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
    }
    response = web.StreamResponse(headers=headers)
    await response.prepare(call.request)
    await response.write(b"\n" if call.wants_json else f"retry: {RETRY_MS}\n\n".encode())
    return response


async def _follow(
    call: Call, response: web.StreamResponse, bell: asyncio.Event, room: str, thread: int, after: int
) -> None:
    console = call.pages.console
    while not console.closing and await _still_in(call):
        bell.clear()
        changed = await console.log.read(room, thread, after)
        for item in sorted(changed, key=lambda found: found.revision):
            await response.write(await _event(call, item, thread))
        after = newest(changed, after)
        try:
            async with asyncio.timeout(HEARTBEAT):
                await bell.wait()
        except TimeoutError:
            await response.write(b"\n" if call.wants_json else b": still here\n\n")


async def _event(call: Call, item: Message, thread: int) -> bytes:
    if call.wants_json:
        return json.dumps(await message.plain(call, item), ensure_ascii=False).encode() + b"\n"
    told = {"id": item.id, "html": str(await message.draw(call, item, in_list=thread == 0))}
    if thread and item.id == thread and message.is_card(item):
        told["status"] = str(message.status_bar(await call.pages.console.card(item, call.language)))
    return f"id: {item.revision}\ndata: {json.dumps(told)}\n\n".encode()


async def _still_in(call: Call) -> bool:
    """Whether this visitor may still look: the session stands, and so does the membership."""
    if call.account is None:
        return call.pages.personas
    found = await account_of(call.pages.sessions, call.request.cookies.get(SESSION, ""))
    return found is not None and bool(call.teams)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
