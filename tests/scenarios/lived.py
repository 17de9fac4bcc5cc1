"""One subscription that lives for years: its clock is turned, and its whole history is read over HTTP."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Self

from sqlalchemy import text

from db.database import Database
from tests.client import Student, refusal, send_webhook
from tests.clock_turn import events, instant, turn, turned
from tests.lives import Life, World

A_MOMENT = timedelta(minutes=1)
NOT_DURING_THE_TESTS = timedelta(hours=3)
"""Ahead of its next date a subscription is left alone: its time goes on as ours does."""


@dataclass(frozen=True)
class Bill:
    """An invoice, with what became of every attempt to pay it."""

    period_start: datetime
    period_end: datetime
    total_cents: int
    status: str
    payments: tuple[str, ...]


@dataclass
class Lived:
    """`own_now` is where its clock stood when it was last looked at."""

    life: Life
    admin: Student
    numbers_before: Counter[int]
    began_at: datetime
    own_now: datetime

    @classmethod
    async def begin(cls, world: World, admin: Student, plan_code: str = "P30D", **start: Any) -> Self:
        """`start` is what `Life.begin` takes."""
        numbers_before = await last_numbers(world.database)
        life = await Life.begin(world, plan_code, **start)
        began_at = instant((await life.student.get("/me/subscription")).json()["current_period_start"])
        return cls(life, admin, numbers_before, began_at, began_at)

    async def shown(self) -> dict[str, Any]:
        return await self.life.shown()

    async def until(self, at: datetime) -> list[str]:
        """Lets its time pass until then; what happened meanwhile."""
        return events(await self._turn_to(at))

    async def until_day(self, day: float) -> list[str]:
        """Counted from its beginning."""
        return await self.until(self.began_at + timedelta(days=day))

    async def pay_open_invoice(self) -> None:
        """As the provider reports it of whoever pays by hand; in the books after the next turn."""
        payment_id = next(
            payment["id"] for payment in await self.payments() if payment["status"] == "pending"
        )
        world = self.life.world
        assert (await send_webhook(world.http, world.stack.webhook_secret, payment_id)).is_success
        await self.until(self.own_now + A_MOMENT)

    async def invoices(self) -> list[dict[str, Any]]:
        """The oldest first."""
        page = (await self.life.student.get("/invoices", limit=100)).json()
        assert page["next_cursor"] is None
        return list(reversed(page["items"]))

    async def payments(self) -> list[dict[str, Any]]:
        """Of all invoices, the oldest first."""
        payments = [payment for invoice in await self.invoices() for payment in invoice["payments"]]
        return sorted(payments, key=lambda payment: int(payment["id"]))

    async def bills(self) -> list[Bill]:
        """All of them. Fails unless they are numbered without a gap, year by year."""
        invoices = await self.invoices()
        numbers, counted = [], self.numbers_before.copy()
        for invoice in invoices:
            year = instant(invoice["finalized_at"]).year
            counted[year] += 1
            numbers.append(f"IT-{year}-{counted[year]:06}")
        assert [invoice["number"] for invoice in invoices] == numbers
        return [_bill(invoice) for invoice in invoices]

    async def entries(self) -> list[dict[str, Any]]:
        path = f"/subscriptions/{self.life.subscription_id}/timeline"
        page = (await self.life.student.get(path, limit=100)).json()
        assert page["next_cursor"] is None
        items: list[dict[str, Any]] = page["items"]
        return items

    async def timeline(self) -> list[str]:
        return [entry["event"] for entry in await self.entries()]

    async def is_settled(self) -> None:
        """Nothing comes before its next date, and the provider's own book agrees with ours to the cent."""
        shown = await self.shown()
        if shown["ended_at"] is not None:
            refused = await turn(self.admin, self.life, "P1D")
            assert refusal(refused) == (409, "subscription_ended")
        else:
            next_at = shown["next_action_at"]
            rests_until = instant(next_at) if next_at else self.own_now + timedelta(days=400)
            assert await self.until(rests_until - NOT_DURING_THE_TESTS) == []
        assert await self._charged_by_provider() == await self._charged_in_our_books()

    async def _turn_to(self, at: datetime) -> dict[str, Any]:
        seconds = max(ceil((at - self.own_now).total_seconds()), 1)
        answer = await turned(self.admin, self.life, f"PT{seconds}S")
        self.own_now = instant(answer["advanced_to"])
        return answer

    async def _charged_by_provider(self) -> list[tuple[int, int, str]]:
        charges = await self.life.world.stack.psp.charges(self.life.subscription_id)
        return [(charge["payment_id"], charge["amount_cents"], charge["status"]) for charge in charges]

    async def _charged_in_our_books(self) -> list[tuple[int, int, str]]:
        return [
            (payment["id"], payment["amount_cents"], payment["status"])
            for payment in await self.payments()
            if payment["provider"] == "sandbox"
        ]


def _bill(invoice: dict[str, Any]) -> Bill:
    return Bill(
        instant(invoice["period_start"]),
        instant(invoice["period_end"]),
        invoice["total_cents"],
        invoice["status"],
        tuple(payment["status"] for payment in invoice["payments"]),
    )


async def last_numbers(database: Database) -> Counter[int]:
    """The last invoice number given in each year."""
    async with database.read() as connection:
        rows = await connection.execute(
            text("SELECT year, last_number FROM invoice_series WHERE series = 'IT'")
        )
        return Counter({row.year: row.last_number for row in rows})
