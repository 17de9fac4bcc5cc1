"""Lets a user's live subscription be charged to what the user has chosen.

Stored first, told to the workflow second: cut off in between, the same request again finishes it.
"""

from dataclasses import dataclass
from uuid import uuid4

from activities.contracts import Cause
from api.payment_methods import OfferedMethod, PaymentMethods
from api.problems import Problem
from api.refusals import problem_of
from api.subscription_commands import Order, SubscriptionCommands
from db.database import Database
from db.queries import payment_methods
from db.queries.payment_methods import ChargedTo, MethodView
from domain.lifecycle import Action
from domain.refusals import RefusalCode, Refused
from workflows.messages import SetPaymentMethodCommand
from workflows.subscription import Subscription

NOT_THEIRS_ANY_MORE = frozenset(
    {RefusalCode.SUBSCRIPTION_ENDED, RefusalCode.SUBSCRIPTION_HANDED_ON, "subscription_not_found"}
)
"""It ended meanwhile, or was handed on: nothing is to be charged."""


@dataclass(frozen=True)
class MethodChooser:
    database: Database
    methods: PaymentMethods
    commands: SubscriptionCommands

    async def add(self, user_id: int, offered: OfferedMethod, cause: Cause) -> MethodView:
        """The user's new default, which a live subscription is charged to from now on. Raises `Problem`."""
        method_id = await self.methods.keep(user_id, offered)
        await self._charge_default(user_id, cause)
        async with self.database.read() as connection:
            return await payment_methods.load_method(connection, user_id, method_id)

    async def remove(self, user_id: int, method_id: int, cause: Cause) -> None:
        """What was charged to it is charged to the next default, or paid by a person. Raises `Problem`."""
        async with self.database.transaction() as connection:
            was_stored = await payment_methods.remove_method(connection, user_id, method_id)
            charged = await payment_methods.find_charged_to(connection, user_id)
        if charged is not None and charged.method_id == method_id:
            await self._charge_default(user_id, cause)
        elif not was_stored:
            raise problem_of(Refused(RefusalCode.PAYMENT_METHOD_NOT_FOUND, "there is no such payment method"))

    async def _charge_default(self, user_id: int, cause: Cause) -> None:
        """Looks again afterwards: of two choices made at once, the last one counts."""
        while True:
            async with self.database.read() as connection:
                charged = await payment_methods.find_charged_to(connection, user_id)
                default_id = await payment_methods.find_default(connection, user_id)
            if charged is None or charged.method_id == default_id:
                return
            await self._tell(user_id, charged, default_id, cause)

    async def _tell(self, user_id: int, charged: ChargedTo, method_id: int | None, cause: Cause) -> None:
        command = SetPaymentMethodCommand(uuid4().hex, method_id, cause)
        order = Order(Action.SET_PAYMENT_METHOD, Subscription.set_payment_method, command)
        try:
            await self.commands.carry_out(user_id, charged.subscription_id, order)
        except Problem as problem:
            if problem.code not in NOT_THEIRS_ANY_MORE:
                raise
