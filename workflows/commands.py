"""What users and staff may order of a subscription that is open: one update each.

Each command re-checks its precondition under the lock; a refusal is the caller's answer.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from temporalio import workflow

from activities.refusal import refusal_error
from domain import ending, family, parking, pausing, renewing, scheduling
from domain.due import BEFORE_COMMANDS, step_due
from domain.lifecycle import Change
from domain.refusals import Refused
from domain.scheduling import PriceMove
from domain.subscription import SubscriptionState
from workflows.bookkeeping import Bookkeeping, Decision
from workflows.described import described_update
from workflows.details import Display
from workflows.messages import (
    CancelCommand,
    ChangePlanCommand,
    FreezeCommand,
    PayCommand,
    PlainCommand,
    RedeemGiftCommand,
    SchedulePriceCommand,
    SetPaymentMethodCommand,
    TransferCommand,
)

Command = (
    CancelCommand | FreezeCommand | PayCommand | PlainCommand | SchedulePriceCommand | SetPaymentMethodCommand
)


class TakesCommands:
    def __init__(self, books: Bookkeeping) -> None:
        self._books = books
        self._display = Display()

    @described_update("Cancels now, or at the period's end. Twice is once.")
    async def cancel(self, command: CancelCommand) -> None:
        def decide(state: SubscriptionState) -> Change | None:
            return ending.cancel(state, at_period_end=command.at_period_end, at=workflow.now())

        async with self._carrying_out(command.user_id):
            await self._record(command, decide)

    @described_update("Takes back a cancellation that waits for the period's end.")
    async def uncancel(self, command: PlainCommand) -> None:
        async with self._carrying_out(command.user_id):
            await self._record(command, ending.uncancel)

    @described_update("Withdraws from the contract, with the money back.")
    async def withdraw(self, command: PlainCommand) -> None:
        async with self._carrying_out(command.user_id):
            await self._record(command, lambda state: ending.withdraw(state, workflow.now()))

    @described_update("Stops access and billing until a date, or for as long as the allowance lasts.")
    async def freeze(self, command: FreezeCommand) -> None:
        def decide(state: SubscriptionState) -> Change:
            return pausing.freeze(state, until=command.until, at=workflow.now())

        async with self._carrying_out(command.user_id):
            await self._record(command, decide)

    @described_update("Lets a frozen subscription go on; its paid time moves by as long as it was frozen.")
    async def unfreeze(self, command: PlainCommand) -> None:
        async with self._carrying_out(command.user_id):
            await self._record(command, lambda state: pausing.unfreeze(state, workflow.now()))

    @described_update("Chooses what renewals are charged to; what is past due is collected at once.")
    async def set_payment_method(self, command: SetPaymentMethodCommand) -> None:
        async with self._carrying_out(command.user_id):
            await self._record(command, lambda state: renewing.payment_method_set(state, command.method_id))
            while renewing.is_collectable(self._state):
                await self._books.open_attempt(self._state.payment_method_id, command.cause)

    @described_update("Asks for the money of the open invoice now.")
    async def pay_now(self, command: PayCommand) -> None:
        async with self._carrying_out(command.user_id):
            while not self._state.remembers(command.command_id):
                renewing.check_payable(self._state, command.invoice_id)
                method_id = command.method_id or self._state.payment_method_id
                if renewing.is_asked_for(self._state, method_id):
                    return
                await self._books.open_attempt(method_id, command.cause, command_id=command.command_id)

    @described_update("Makes a gift card the user's; the next invoices are paid from it. Twice is once.")
    async def redeem_gift(self, command: RedeemGiftCommand) -> None:
        async with self._carrying_out(command.user_id):
            await self._books.redeem_gift_card(command.code_hash, command.cause)

    @described_update("Changes the plan now or later; answers with the invoice that waits to be paid for it.")
    async def change_plan(self, command: ChangePlanCommand) -> int | None:
        async with self._carrying_out(command.user_id):
            await self._books.change_plan(command)
            return self._state.change_invoice_id

    @described_update("Hands it on to one of its members; its owner stays in the family.")
    async def transfer(self, command: TransferCommand) -> None:
        async with self._carrying_out():
            await self._books.transfer(command)

    @described_update("Moves it to another price of its plan, from the next renewal on.")
    async def schedule_price(self, command: SchedulePriceCommand) -> PriceMove:
        """Answers with what becomes of it by now."""
        async with self._carrying_out():
            move = scheduling.price_move(self._state, command.price, workflow.now())
            if move is PriceMove.MOVES and self._judges_a_freeze_by_unmoved_dates():
                return PriceMove.TOO_NEAR
            if move is PriceMove.MOVES and self._leaves_choices_alone():
                return PriceMove.CHOSE_ANOTHER_PLAN
            await self._record(
                command, lambda state: scheduling.schedule_price(state, command.price, workflow.now())
            )
            return move

    @described_update("Lets a parked subscription go on where it stopped.")
    async def unpark(self, command: PlainCommand) -> None:
        async with self._carrying_out():
            await self._record(command, self._let_go_on)

    @asynccontextmanager
    async def _carrying_out(self, user_id: int | None = None) -> AsyncIterator[None]:
        """Holds the lock. What is due came before the command, however late we are.

        What was ordered by who was its owner when it was sent is refused when it is somebody else's by now.

        A rule's refusal is the caller's answer; any other error would wedge the workflow.
        """
        try:
            async with self._books.lock:
                while step_due(self._state, workflow.now()) in BEFORE_COMMANDS:
                    await self._books.record_due_change()
                if user_id is not None:
                    family.check_owner(self._state, user_id)
                yield
                self._display.show(self._state)
        except Refused as refused:
            raise refusal_error(refused, workflow.now()) from refused

    async def _record(self, command: Command, decide: Decision) -> None:
        def decide_once(state: SubscriptionState) -> Change | None:
            if state.remembers(command.command_id):
                return None
            change = decide(state)
            return change and renewing.remembering(change, command.command_id)

        await self._books.record(decide_once, command.cause)

    def _let_go_on(self, state: SubscriptionState) -> Change:
        """In runs from before a freeze ended when it was to end, though it was parked: paid time was lost."""
        change = parking.unpark(state, workflow.now())
        if change.state.freeze == state.freeze or workflow.patched("parked-freezes-are-held"):
            return change
        return replace(change, state=replace(change.state, freeze=state.freeze))

    def _leaves_choices_alone(self) -> bool:
        """Runs from before did: a price did not move beside a choice, and nothing was recorded."""
        return self._state.chosen_plan is not None and not workflow.patched("price-moves-beside-a-choice")

    def _judges_a_freeze_by_unmoved_dates(self) -> bool:
        """Runs from before did: its renewal counted as announced on the day that it would have been."""
        is_frozen = self._state.freeze is not None
        was_too_near = is_frozen and renewing.reminder_at(self._state) <= workflow.now()
        return was_too_near and not workflow.patched("price-moves-while-frozen")

    @property
    def _state(self) -> SubscriptionState:
        return self._books.state
