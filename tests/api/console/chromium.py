"""Chromium without a screen, on pages of the console: what it loads and what it complains of is noted."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from tests.client import Student

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}
MUST_RUN = "BILLING_TESTS_NEED_CHROMIUM"
"""Where it is set, these tests fail rather than be skipped."""

WATCH_POLICY = """document.addEventListener('securitypolicyviolation', event =>
    console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`))"""


def find_chromium() -> str:
    """Skips the test where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        if os.environ.get(MUST_RUN):
            pytest.fail("chromium is not installed, and CI installs it")
        pytest.skip("chromium is not installed: on Debian, apt install chromium")
    return found


@dataclass
class Tab:
    """`complaints` are errors that the browser has written down, `hosts` all that it asked for anything."""

    page: Page
    base_url: str
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    async def go(self, path: str) -> int:
        """The status of the answer."""
        answer = await self.page.goto(self.base_url + path)
        assert answer is not None
        return answer.status

    async def type_in(self, text: str) -> None:
        await self.page.keyboard.type(text)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def tab_to(self, what: str) -> None:
        """By the keyboard alone, to the element whose name or text this is."""
        for _ in range(100):
            await self.press("Tab")
            focused: str = await self.page.evaluate(
                "(document.activeElement.name || document.activeElement.textContent || '').trim()"
            )
            if focused == what:
                return
        raise AssertionError(f"{what} cannot be reached by the keyboard")

    async def log_in(self, person: Student) -> None:
        """By the keyboard, which is in the first field already."""
        await self.go("/console/login")
        await self.page.locator("#email:focus").wait_for()
        await self.type_in(person.email)
        await self.press("Tab")
        await self.type_in(person.password)
        await self.press("Enter")
        await self.page.wait_for_url(f"{self.base_url}/console")

    async def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        width: int = await self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        return width


@asynccontextmanager
async def open_chromium() -> AsyncIterator[Browser]:
    """With a profile of its own, that is gone afterwards."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield browser
        await browser.close()


@asynccontextmanager
async def open_tab(browser: Browser, base_url: str, viewport: ViewportSize) -> AsyncIterator[Tab]:
    """Without anything that other tabs have kept."""
    context = await browser.new_context(viewport=viewport)
    await context.add_init_script(WATCH_POLICY)
    tab = Tab(await context.new_page(), base_url)
    tab.page.on("request", lambda request: tab.hosts.add(urlsplit(request.url).netloc))
    tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
    tab.page.on(
        "console", lambda message: tab.complaints.append(message.text) if message.type == "error" else None
    )
    yield tab
    await context.close()
