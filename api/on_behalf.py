"""The commands of a user, carried out for them by somebody else: staff, or an operator at the command line.

Each goes the way of the user's own, to the one workflow of that subscription. What differs is who is named in
the timeline, and that they must say why.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from activities.contracts import Cause
from api import orders
from api.change_plan import WantedPlan
from api.command_request import ASKED_FOR
from api.context import Context
from api.find_subscription import no_such_subscription
from api.pay_invoice import PayInvoice
from api.problems import Problem
from api.refund_invoice import InvoiceRefund, InvoiceRefundOrder
from api.refund_payment import RefundOrder
from api.refusals import problem_of
from api.start_on_behalf import StartForUser, start_order
from api.start_subscription import Started
from api.subscription_commands import Command, Order
from api.unpark import unpark_subscription
from db.queries import invoice_views, notes, subscription_views, users
from db.queries.invoice_views import DueView, PaymentView
from db.queries.refund_views import RefundView
from db.queries.subscription_views import SubscriptionView
from domain.gift_card import GiftCard
from domain.plan_choice import Foreseen
from domain.refusals import RefusalCode, Refused
from ops.tracing import current_trace_id
from workflows.messages import RedeemGiftCommand


@dataclass(frozen=True)
class Behalf:
    """Who acts for a user, as the timeline spells it (`user:7`, `operator:anna`), and what they say of it.

    `author_id` is their account; an operator has none. The reason is for staff: its user never reads it.
    """

    actor: str
    reason: str
    author_id: int | None = None


@dataclass(frozen=True)
class OnBehalf:
    """`command_id` is the same when the same request comes again. All raise `Problem`, as for the user."""

    context: Context
    by: Behalf

    @classmethod
    def by_staff(cls, context: Context, staff_id: int, reason: str) -> Self:
        return cls(context, Behalf(f"user:{staff_id}", reason, staff_id))

    async def cancel(
        self, subscription_id: int, command_id: str, *, at_period_end: bool = True
    ) -> SubscriptionView:
        return await self._carry_out(
            subscription_id, lambda cause: orders.cancel(command_id, cause, at_period_end=at_period_end)
        )

    async def uncancel(self, subscription_id: int, command_id: str) -> SubscriptionView:
        return await self._carry_out(subscription_id, lambda cause: orders.uncancel(command_id, cause))

    async def freeze(
        self, subscription_id: int, command_id: str, *, until: datetime | None = None
    ) -> SubscriptionView:
        """`until` is an instant of the subscription's own time."""
        return await self._carry_out(
            subscription_id, lambda cause: orders.freeze(command_id, cause, until=until)
        )

    async def unfreeze(self, subscription_id: int, command_id: str) -> SubscriptionView:
        return await self._carry_out(subscription_id, lambda cause: orders.unfreeze(command_id, cause))

    async def withdraw(self, subscription_id: int, command_id: str) -> SubscriptionView:
        return await self._carry_out(subscription_id, lambda cause: orders.withdraw(command_id, cause))

    async def unpark(self, subscription_id: int, command_id: str) -> SubscriptionView:
        return await unpark_subscription(self.context, subscription_id, command_id, self.cause)

    async def preview_plan_change(
        self, subscription_id: int, wanted: WantedPlan, at: datetime | None = None
    ) -> tuple[Foreseen, str]:
        """What it would bill, and the quote for it. Writes nothing, so it needs no reason either."""
        owner_id = await self._find_owner(subscription_id)
        return await self.context.changer.preview(owner_id, subscription_id, wanted, at)

    async def change_plan(
        self, subscription_id: int, wanted: WantedPlan, command_id: str
    ) -> tuple[SubscriptionView, PaymentView | None]:
        """The subscription then, and the payment that was made for it or is waited for."""
        owner_id = await self._find_owner(subscription_id)
        return await self.context.changer.change(
            owner_id, subscription_id, wanted, command_id, await self.cause(owner_id)
        )

    async def retry_payment(self, subscription_id: int, command_id: str) -> PaymentView:
        """Charges the open invoice to the stored method now; without one, its payer is asked for it.

        409 `invoice_not_payable` when nothing is open.
        """
        owner_id = await self._find_owner(subscription_id)
        async with self.context.database.read() as connection:
            invoice_id = await invoice_views.find_newest(connection, subscription_id, owner_id)
        if invoice_id is None:
            raise problem_of(Refused(RefusalCode.INVOICE_NOT_PAYABLE, "there is no invoice to be paid"))
        # Also when it is paid: it may have been by this very request, which was cut off.
        order = PayInvoice(invoice_id, None, command_id, await self.cause(owner_id))
        return await self.context.payer.pay(owner_id, order)

    async def redeem(
        self, subscription_id: int, gift_code: str, command_id: str
    ) -> tuple[GiftCard, DueView | None]:
        """The card as it is then, its owner's from now on, and the invoice that it does not pay."""
        owner_id = await self._find_owner(subscription_id)
        code_hash = self.context.gift_codes.hash_of(gift_code).hex()
        command = RedeemGiftCommand(command_id, code_hash, await self.cause(owner_id))
        return await self.context.redeemer.redeem(owner_id, subscription_id, command)

    async def start(self, user_id: int, wanted: StartForUser, command_id: str) -> Started:
        """Starts a subscription of this user. 404 `user_not_found`."""
        async with self.context.database.read() as connection:
            if await users.find_account(connection, user_id) is None:
                raise no_such_user()
        order = start_order(user_id, wanted, command_id, await self.cause(user_id), self.context.gift_codes)
        return await self.context.starter.start(order, wanted.payment_method)

    async def refund_payment(
        self, payment_id: int, command_id: str, *, amount_cents: int | None = None
    ) -> RefundView:
        """Without an amount all that is left."""
        order = RefundOrder(payment_id, amount_cents, command_id)
        return await self.context.refunder.refund(order, self.cause)

    async def refund_invoice(
        self, invoice_id: int, command_id: str, *, amount_cents: int | None = None
    ) -> InvoiceRefund:
        """Without an amount all that is left: to the card first, then to the balance, then to gift cards."""
        order = InvoiceRefundOrder(invoice_id, amount_cents, command_id)
        return await self.context.invoice_refunder.refund(order, self.cause)

    async def cause(self, about: int) -> Cause:
        """What a person writes stays in the database: a workflow's history gets its id.

        `about` is the user whom it is about.
        """
        author_id, text = self.by.author_id, self.by.reason
        async with self.context.database.transaction() as connection:
            note_id = await notes.insert_note(connection, author_id, text, about=about)
        return Cause(self.by.actor, ASKED_FOR, current_trace_id(), note_id)

    async def _carry_out(
        self, subscription_id: int, order: Callable[[Cause], Order[Command, None]]
    ) -> SubscriptionView:
        owner_id = await self._find_owner(subscription_id)
        cause = await self.cause(owner_id)
        return await self.context.commands.carry_out(owner_id, subscription_id, order(cause))

    async def _find_owner(self, subscription_id: int) -> int:
        async with self.context.database.read() as connection:
            owner_id = await subscription_views.find_owner(connection, subscription_id)
        if owner_id is None:
            raise no_such_subscription()
        return owner_id


def no_such_user() -> Problem:
    return Problem(404, "user_not_found", "There is no such user.")
