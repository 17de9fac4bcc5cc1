"""What this worker does: a list."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from temporalio.client import Client

from activities.charge_payment import ChargePaymentActivities
from activities.load_subscription import LoadSubscriptionActivity
from activities.open_attempt import OpenAttemptActivity
from activities.open_period import OpenPeriodActivity
from activities.open_plan_change import OpenPlanChangeActivity
from activities.open_refund import OpenRefundActivity
from activities.open_subscription import OpenSubscriptionActivity
from activities.record_subscription import RecordSubscriptionActivity
from activities.redeem_gift_card import RedeemGiftCardActivity
from activities.refund_invoice import RefundInvoiceActivity
from activities.send_refund import MarkRefundUnknownActivity, SendRefundActivities
from activities.settle_payment import SettlePaymentActivity
from activities.transfer_subscription import TransferSubscriptionActivity
from db.database import Database
from domain.endpoint_secrets import EndpointSecrets
from domain.reset_tokens import ResetTokens
from ops.settings import Settings
from payments.providers import Providers
from upkeep.deliver_inbox import DeliverInboxActivity
from upkeep.events.delivering import DeliverEventActivities
from upkeep.events.sending import EventSender
from upkeep.inbox_relay import InboxRelay
from upkeep.reconciliation.reach import Reach
from upkeep.routine_activities import RoutineActivities
from workflows.deliver_event import DeliverEvent
from workflows.deliver_inbox import DeliverInbox
from workflows.late_payment import LatePayment
from workflows.reconcile import FindLostWorkflows, Reconcile
from workflows.refund import Refund
from workflows.subscription import Subscription

UPKEEP_WORKFLOWS: tuple[type, ...] = (Reconcile, FindLostWorkflows)
"""On a queue that nobody else fills: what looks for trouble does not wait behind it."""
WORKFLOWS: tuple[type, ...] = (
    Subscription,
    LatePayment,
    Refund,
    DeliverInbox,
    DeliverEvent,
    *UPKEEP_WORKFLOWS,  # a run that the release before has begun is on the queue of all others
)


def billing_activities(database: Database, settings: Settings) -> tuple[Callable[..., Any], ...]:
    return (
        OpenSubscriptionActivity(database, settings.starts_per_user_per_hour).open_subscription,
        OpenPeriodActivity(database).open_period,
        OpenAttemptActivity(database).open_attempt,
        OpenPlanChangeActivity(database).open_plan_change,
        TransferSubscriptionActivity(database).transfer_subscription,
        OpenRefundActivity(database).open_refund,
        RefundInvoiceActivity(database).refund_invoice,
        MarkRefundUnknownActivity(database).mark_refund_unknown,
        SettlePaymentActivity(database).settle_payment,
        RecordSubscriptionActivity(database, settings.withdrawal).record_subscription,
        RedeemGiftCardActivity(database).redeem_gift_card,
        LoadSubscriptionActivity(database).load_subscription,
    )


def payment_activities(database: Database, providers: Providers) -> tuple[Callable[..., Any], ...]:
    charges = ChargePaymentActivities(database, providers)
    refunds = SendRefundActivities(database, providers)
    return (
        charges.collect_payment,
        charges.look_up_payment,
        charges.withdraw_payment,
        refunds.send_refund,
        refunds.look_up_refund,
    )


def inbox_activities(
    client: Client, database: Database, settings: Settings
) -> tuple[Callable[..., Any], ...]:
    relay = InboxRelay(database, client, timedelta(milliseconds=settings.workflow_rpc_timeout_ms))
    return (DeliverInboxActivity(relay).deliver_inbox,)


def event_activities(
    database: Database, sender: EventSender, settings: Settings
) -> tuple[Callable[..., Any], ...]:
    key = settings.events_key
    events = DeliverEventActivities(database, sender, EndpointSecrets(key), ResetTokens(key))
    return events.post_event, events.give_up_event


def upkeep_activities(reach: Reach) -> tuple[Callable[..., Any], ...]:
    """What looks at workflows, books and providers from outside."""
    routines = RoutineActivities(reach)
    return (
        routines.begin_reconciliation,
        routines.ask_rule,
        routines.note_rule_not_asked,
        routines.end_reconciliation,
        routines.revive_lost_workflows,
    )
