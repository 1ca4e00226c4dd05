"""Gives a test a page in real Chromium, as the fixture `page`.

    from tests.browser import page  # noqa: F401

    @pytest.mark.real("chromium")
    async def test_room(page): ...

The browser is the machine's own Chromium; nothing is downloaded. It runs without its background services, so the only
network it touches is what the test serves on loopback. A script error or a failed request on the page fails the test.
"""

import importlib
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",  # a container's shared memory is often too small for a page
)

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


def chromium_path() -> str:
    """Where this machine's Chromium is. FileNotFoundError where there is none."""
    for program in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(program):
            return path
    raise FileNotFoundError("No Chromium on the PATH (Debian: apt-get install chromium).")


@asynccontextmanager
async def browser() -> AsyncIterator[Any]:
    """A Chromium of its own, with an empty profile, ended with the block."""
    # The driver is looked up only here, so that tests which need no browser are collected without it.
    driver = importlib.import_module("playwright.async_api")
    flags = list(FLAGS)
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium refuses its sandbox to root, and CI is root
    async with driver.async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=chromium_path(), args=flags)
        try:
            yield chromium
        finally:
            await chromium.close()


@pytest.fixture
async def page() -> AsyncIterator[Any]:
    """A fresh page (playwright.async_api.Page), 1280 by 900, with 10 seconds for each wait."""
    async with browser() as chromium:
        context = await chromium.new_context(viewport=DESKTOP, locale="zh-CN")
        context.set_default_timeout(10_000)
        fresh = await context.new_page()
        errors: list[str] = []
        fresh.on("pageerror", lambda error: errors.append(f"script error: {error}"))
        fresh.on("requestfailed", lambda request: errors.append(f"failed: {request.url} ({request.failure})"))
        yield fresh
        # A stream that the page itself keeps open ends with the page, and a navigation ends what it leaves behind.
        real = [error for error in errors if "ERR_ABORTED" not in error]
        await context.close()
    assert not real, real
