"""Tells the time and draws ids for the running process; tests put their own in their place."""

import asyncio
import secrets
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class RandomIds:
    """Draws ids from the operating system's randomness."""

    def draw(self, prefix: str) -> str:
        return f"{prefix}_{secrets.token_hex(4)}"
