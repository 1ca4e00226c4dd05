"""Sends the charts of a card as pictures: WeCom's cards show none."""

import asyncio
import base64
import hashlib
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from aiohttp import ClientError, ClientSession

from bot.platforms.wecom.crypto import open_media
from cards.model import Chart
from engine.errors import PlatformError

log = logging.getLogger("tocsin.wecom")

CHUNK = 512 * 1024
"""Bytes of one part, before base64 (official Node client); at most 100 parts."""
MOST_CHUNKS = 100
LARGEST = 10 * 1024 * 1024
"""Bytes of a picture people send that are read."""
FETCH_WITHIN = 10.0

Ask = Callable[[str, object], Awaitable[dict[str, Any]]]


async def upload(ask: Ask, content: bytes, filename: str) -> str:
    """Hand a picture over in parts; its media id, good for three days. PlatformError, PlatformBusy."""
    parts = [content[at : at + CHUNK] for at in range(0, len(content), CHUNK)]
    if not 0 < len(parts) <= MOST_CHUNKS:
        raise PlatformError(f"a picture of {len(content)} bytes")
    # WeCom wants MD5 to see whether all parts arrived; nothing is secured by it.
    about = {"type": "image", "filename": filename, "total_size": len(content), "total_chunks": len(parts)}
    begun = await ask(
        "aibot_upload_media_init", about | {"md5": hashlib.md5(content, usedforsecurity=False).hexdigest()}
    )
    handle = {"upload_id": str(begun.get("upload_id", ""))}
    for number, part in enumerate(parts):
        data = base64.b64encode(part).decode("ascii")
        await ask("aibot_upload_media_chunk", handle | {"chunk_index": number, "base64_data": data})
    return str((await ask("aibot_upload_media_finish", handle)).get("media_id", ""))


async def fetched(session: ClientSession, url: str, aes_key: str) -> bytes | None:
    """A picture somebody sent; None where it is too large, gone (addresses hold for five minutes), or not to be opened.
    Its address is a ticket, so it is never told."""
    if not url.startswith(("https://", "http://")):
        return None
    try:
        async with asyncio.timeout(FETCH_WITHIN), session.get(url, allow_redirects=False) as response:
            content = bytearray()
            async for part in response.content.iter_chunked(CHUNK):
                content += part
                if response.status != HTTPStatus.OK or len(content) > LARGEST:
                    return None
    except (ClientError, OSError, TimeoutError, ValueError) as error:
        log.warning("a picture could not be fetched: %s", type(error).__name__)
        return None
    return open_media(bytes(content), aes_key) if aes_key else bytes(content)


async def drawn(chart: Chart, language: str) -> bytes | None:
    """The chart as PNG; None where this machine cannot draw it: the text says what it shows."""
    try:
        # Drawing needs a library that is only there where chat is configured.
        from cards.render.png import png  # noqa: PLC0415
    except ImportError as error:
        log.warning("charts are not sent as pictures: %s", error)
        return None
    return await asyncio.to_thread(png, chart, language)
