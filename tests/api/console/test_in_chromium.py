"""The console as a browser shows it: usable by keyboard alone, on a phone, and it asks nobody else."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from tests.api.console.chromium import DESKTOP, PHONE, open_chromium, open_tab
from tests.client import Student
from tests.lives import Life

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # playwright's own pipes


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with open_chromium() as browser:
        yield browser


async def test_a_cancellation_by_keyboard_alone(paid: Life, boss: Student, chromium: Browser) -> None:
    base_url = paid.world.stack.api_url
    async with open_tab(chromium, base_url, DESKTOP) as tab:
        await tab.log_in(boss)
        assert await tab.page.title() == "Overview · Italiano Billing"
        await tab.tab_to("Subscriptions")
        async with tab.page.expect_navigation():
            await tab.press("Enter")
        assert tab.page.url == f"{base_url}/console/subscriptions"
        await tab.tab_to("email")
        await tab.type_in(paid.student.email)
        async with tab.page.expect_navigation():
            await tab.press("Enter")
        await tab.tab_to(str(paid.subscription_id))
        async with tab.page.expect_navigation():
            await tab.press("Enter")
        assert await tab.page.title() == f"Subscription {paid.subscription_id} · Italiano Billing"
        await tab.tab_to("Cancel")
        await tab.press("Enter")
        await tab.tab_to("reason")
        await tab.type_in("a customer's <i>own</i> wish")
        await tab.press("Tab")
        async with tab.page.expect_navigation():
            await tab.press("Enter")
        assert await tab.page.locator("[role=status]").inner_text() == "It was canceled, as asked."
        assert "a customer's <i>own</i> wish" in await tab.page.locator(".timeline").inner_text()

        assert tab.complaints == []
        assert tab.hosts <= {base_url.removeprefix("http://"), ""}  # the icon is part of the page
    assert (await paid.book()).timeline[-1] == "cancel_scheduled"


async def test_no_page_is_wider_than_a_phone(active: Life, boss: Student, chromium: Browser) -> None:
    subscription = f"/console/subscriptions/{active.subscription_id}"
    async with open_tab(chromium, active.world.stack.api_url, PHONE) as tab:
        await tab.go("/console/login")
        assert await tab.overflow() <= 0
        await tab.log_in(boss)
        for path in (
            "/console",
            "/console/subscriptions",
            subscription,
            f"{subscription}/timeline",
            f"{subscription}/change-plan?plan_code=P1Y",
            f"/console/payments/{active.payment_id}",
            "/console/webhooks",
            f"/console/webhooks?payment_id={active.payment_id}",
            "/console/findings",
        ):
            assert await tab.go(path) == 200
            assert tab.page.url.endswith(path)
            await tab.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            assert await tab.overflow() <= 0, path
        assert tab.complaints == []
        for path in ("/console/nowhere", "/console/subscriptions/none"):
            await tab.go(path)
            assert await tab.overflow() <= 0, path


async def test_a_form_without_a_reason_is_not_sent(active: Life, boss: Student, chromium: Browser) -> None:
    async with open_tab(chromium, active.world.stack.api_url, DESKTOP) as tab:
        await tab.log_in(boss)
        await tab.go(f"/console/subscriptions/{active.subscription_id}")
        await tab.tab_to("Freeze")
        await tab.press("Enter")
        await tab.page.get_by_role("button", name="Freeze", exact=True).click()
        assert await tab.page.locator("#reason-freeze:invalid").count() == 1
    assert (await active.book()).status == "active"
