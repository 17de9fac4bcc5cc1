"""Those who work here: they sell codes, act for users, give money back, and erase who asks for it."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.chaos.history import Operation, Outcome
from tests.chaos.market import Market

SHORTEST_PAUSE, LONGEST_PAUSE = 0.2, 1.2
WHY = "the chaos run asks for it"


@dataclass
class Staff:
    market: Market

    async def work(self) -> None:
        """Until the market closes. First there has to be something to sell."""
        await self.publish_code()
        await self.issue_gift_cards()
        duties: Sequence[Callable[[], Awaitable[object]]] = [
            *(self.publish_code, self.issue_gift_cards, self.erase, self.charge_back),
            *(self.refund_payment, self.refund_payment, self.refund_invoice, self.refund_invoice),
            *(self.cancel, self.freeze, self.unfreeze, self.retry_payment),
        ]
        while not self.market.is_closed:
            await self.market.dice.choice(duties)()
            await asyncio.sleep(self.market.dice.uniform(SHORTEST_PAUSE, LONGEST_PAUSE))

    async def publish_code(self) -> None:
        code = f"C-{uuid.uuid4().hex}".upper()
        body = {"code": code, "duration": "once", "percent_off": 50, "max_redemptions": 3}
        made = await self._ask("publish promo code", "/admin/promo-codes", body)
        if made.outcome is Outcome.DONE:
            self.market.promo_codes.append(code)

    async def issue_gift_cards(self) -> None:
        cents = self.market.dice.choice([500, 1_990, 5_000])
        body = {"amount_cents": cents, "currency": "EUR", "count": self.market.dice.randint(1, 3)}
        issued = await self._ask("issue gift cards", "/admin/gift-cards", body)
        if issued.outcome is Outcome.DONE:
            self.market.gift_codes += issued.answer["codes"]

    async def refund_payment(self) -> None:
        if self.market.payments:
            payment_id = self.market.dice.choice(self.market.payments)
            await self._ask("refund payment", f"/admin/payments/{payment_id}/refund", self._amount())

    async def refund_invoice(self) -> None:
        if self.market.invoices:
            invoice_id = self.market.dice.choice(self.market.invoices)
            await self._ask("refund invoice", f"/admin/invoices/{invoice_id}/refund", self._amount())

    async def cancel(self) -> None:
        await self._act("cancel", {"at_period_end": self.market.dice.random() < 0.7})

    async def freeze(self) -> None:
        await self._act("freeze")

    async def unfreeze(self) -> None:
        await self._act("unfreeze")

    async def retry_payment(self) -> None:
        await self._act("retry-payment")

    async def erase(self) -> None:
        """Somebody who has gone. One who is still subscribed is kept."""
        if self.market.gone:
            user_id = self.market.dice.choice(self.market.gone).id
            await self._ask("erase", f"/admin/users/{user_id}/erase", {"reason": WHY})

    async def charge_back(self) -> None:
        """What a payer's bank does, whoever it is that knows it."""
        if not self.market.payers:
            return
        subscription_id = self.market.dice.choice(list(self.market.payers))
        with suppress(httpx2.HTTPError):  # it may be away
            charges = await self.market.plant.psp.charges(subscription_id)
            if charges:
                reference = self.market.dice.choice(charges)["id"]
                await self.market.plant.psp.post(f"/v1/control/charges/{reference}/charge-back", {})

    def _amount(self) -> dict[str, Any]:
        some = (
            {}
            if self.market.dice.random() < 0.5
            else {"amount_cents": self.market.dice.choice([1, 300, 995])}
        )
        return {"reason": WHY} | some

    async def _act(self, kind: str, body: dict[str, Any] | None = None) -> None:
        if self.market.payers:
            subscription_id = self.market.dice.choice(list(self.market.payers))
            path = f"/admin/subscriptions/{subscription_id}/{kind}"
            await self._ask(f"{kind} for a user", path, {"reason": WHY} | (body or {}), of=subscription_id)

    async def _ask(self, kind: str, path: str, body: Any, *, of: int | None = None) -> Operation:
        return await self.market.desk.ask(kind, self.market.admin, path, body, of=of)
