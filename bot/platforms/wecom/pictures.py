"""Sends the charts of a card as pictures: WeCom's cards show none."""

import asyncio
import base64
import hashlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from cards.model import Chart
from engine.errors import PlatformError

log = logging.getLogger("tocsin.wecom")

CHUNK = 512 * 1024
"""Bytes of one part, before base64 (official Node client); at most 100 parts."""
MOST_CHUNKS = 100

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


async def drawn(chart: Chart, language: str) -> bytes | None:
    """The chart as PNG; None where this machine cannot draw it: the text says what it shows."""
    try:
        # Drawing needs a library that is only there where chat is configured.
        from cards.render.png import png  # noqa: PLC0415
    except ImportError as error:
        log.warning("charts are not sent as pictures: %s", error)
        return None
    return await asyncio.to_thread(png, chart, language)
