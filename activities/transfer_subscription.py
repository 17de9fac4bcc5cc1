"""Hands a subscription on to one of its members; its owner takes their seat. One transaction."""

from temporalio import activity

from activities.announcing import announce_with_purse
from activities.contracts import RecordedSubscription
from activities.family_contracts import TransferSubscription
from activities.invoice_closing import find_unread_reports
from activities.recording import write_change
from activities.refusal import refusal_error
from db.database import Connection, Database
from db.queries import family_members, payment_methods, subscriptions, users
from db.queries.family_members import Membership
from domain import family
from domain.family import MembershipEnd
from domain.refusals import RefusalCode, Refused
from domain.renewing import remembering
from domain.subscription import SubscriptionState
from ops.tracing import bind_to_logs


class TransferSubscriptionActivity:
    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn
    async def transfer_subscription(self, command: TransferSubscription) -> RecordedSubscription:
        try:
            async with self._database.transaction() as connection:
                return await _transfer(connection, command)
        except Refused as refused:
            raise refusal_error(refused, command.at) from refused


async def _transfer(connection: Connection, command: TransferSubscription) -> RecordedSubscription:
    """The next owner's row is locked first, as by a start of their own: only one of the two comes true."""
    bind_to_logs(subscription_id=command.subscription_id, trace_id=command.cause.trace_id)
    await subscriptions.lock_user(connection, command.to_user_id)
    state = await subscriptions.lock_state(connection, command.subscription_id)
    if state.version != command.version:
        return RecordedSubscription(state, written=False)
    if state.open_invoice is not None:
        unread = await find_unread_reports(connection, state.open_invoice.invoice_id)
        if unread:
            return RecordedSubscription(state, written=False, unread_report_ids=unread)
    family.check_owner(state, command.from_user_id)
    seat = await _find_seat(connection, command)
    method_id = await payment_methods.find_default(connection, command.to_user_id)
    change = remembering(
        family.transfer(state, command.to_user_id, method_id, command.at), command.command_id
    )
    await subscriptions.remember_starter(connection, command.subscription_id)
    await write_change(connection, state, change, command.cause, command.at)
    await announce_with_purse(connection, change.state, command.at)
    await _change_seats(connection, state, seat, command)
    return RecordedSubscription(change.state, written=True)


async def _find_seat(connection: Connection, command: TransferSubscription) -> Membership:
    """Of whom it is handed on to; their own row is held.

    Raises `Refused` when they have none, pay for a subscription already, or their account is disabled.
    """
    seat = await family_members.find_last_of(connection, command.subscription_id, command.to_user_id)
    if seat is None or seat.left_at is not None:
        raise Refused(RefusalCode.NOT_A_MEMBER, "only a member can take the subscription over")
    if await subscriptions.find_live(connection, command.to_user_id) is not None:
        raise Refused(RefusalCode.SUBSCRIPTION_EXISTS, "the member has a live subscription of their own")
    account = await users.find_account(connection, command.to_user_id)
    if account is None or account.disabled_at is not None:
        # Why is for staff to know.
        raise Refused(
            RefusalCode.TRANSFER_NOT_POSSIBLE, "this member cannot take the subscription over at present"
        )
    return seat


async def _change_seats(
    connection: Connection, before: SubscriptionState, seat: Membership, command: TransferSubscription
) -> None:
    """The owner of before stays as a member, unless they have a seat in another family already."""
    await family_members.end_membership(
        connection,
        seat.membership_id,
        MembershipEnd.BECAME_OWNER,
        at=command.at,
        ended_by=before.user_id,
    )
    await family_members.leave_what_has_ended(connection, before.user_id)
    if await family_members.find_current(connection, before.user_id) is None:
        await family_members.insert_member(
            connection,
            subscription_id=before.subscription_id,
            user_id=before.user_id,
            invitation_id=None,
            at=command.at,
        )
