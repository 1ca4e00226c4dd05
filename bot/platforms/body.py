"""Reads the body of a callback: so many bytes at most, within so many seconds, in however many pieces it comes."""

import asyncio

from aiohttp import web


class Rejected(Exception):
    """A delivery that is not believed, with the status and one sentence that names what to look at."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


async def body_of(request: web.Request, most: int, within: float) -> bytes:
    """The whole body; Rejected where it is too large, or does not arrive."""
    too_large = Rejected(413, f"The request is larger than {most // 1024} kB.")
    if (request.content_length or 0) > most:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(within):
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > most:
                    raise too_large
    except TimeoutError:
        raise Rejected(408, f"The body did not arrive within {within:.0f} seconds.") from None
    return bytes(body)
