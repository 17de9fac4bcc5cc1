"""Redeems a gift card on a running subscription.

Its workflow does it, though nothing of its state changes: it alone knows the subscription's own time, and
that it has not ended. So a renewal comes either before the card or after it.
"""

from dataclasses import dataclass

from api.refusals import problem_of
from api.subscription_commands import Order, SubscriptionCommands
from db.database import Database
from db.queries import gift_cards, invoice_views
from db.queries.invoice_views import DueView
from db.queries.subscription_views import SubscriptionView
from domain.gift_card import GiftCard, check_usable, no_such_card
from domain.lifecycle import Action
from domain.refusals import Refused
from upkeep.own_time import own_now
from workflows.messages import RedeemGiftCommand
from workflows.subscription import Subscription


@dataclass(frozen=True)
class GiftRedeemer:
    database: Database
    commands: SubscriptionCommands

    async def redeem(
        self, user_id: int, subscription_id: int, command: RedeemGiftCommand
    ) -> tuple[GiftCard, DueView | None]:
        """The card as it is then, and what it does not pay: the invoice that was open before.

        Raises `Problem`: 404 when it is not the user's, or a refusal.
        """
        view = await self.commands.find(user_id, subscription_id)
        if view.ended_at is None:
            await self._refuse_early(user_id, view, command)
        order = Order(Action.REDEEM_GIFT, Subscription.redeem_gift, command)
        await self.commands.carry_out(user_id, subscription_id, order)
        card = await self._find(command)
        if card is None:
            raise problem_of(no_such_card())
        async with self.database.read() as connection:
            return card, await invoice_views.find_due(connection, subscription_id)

    async def _refuse_early(self, user_id: int, view: SubscriptionView, command: RedeemGiftCommand) -> None:
        """What a read can refuse costs the workflow no events, however often somebody guesses."""
        try:
            check_usable(await self._find(command), user_id, own_now(view.clock_offset))
        except Refused as refused:
            raise problem_of(refused) from refused

    async def _find(self, command: RedeemGiftCommand) -> GiftCard | None:
        async with self.database.read() as connection:
            return await gift_cards.find_card(connection, bytes.fromhex(command.code_hash))
