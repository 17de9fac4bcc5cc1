"""What this worker does: a list."""

from collections.abc import Callable
from typing import Any

from activities.load_subscription import LoadSubscriptionActivity
from activities.open_subscription import OpenSubscriptionActivity
from activities.record_subscription import RecordSubscriptionActivity
from activities.settle_payment import SettlePaymentActivity
from db.database import Database
from ops.settings import Settings
from workflows.late_payment import LatePayment
from workflows.subscription import Subscription

WORKFLOWS: tuple[type, ...] = (Subscription, LatePayment)


def billing_activities(database: Database, settings: Settings) -> tuple[Callable[..., Any], ...]:
    return (
        OpenSubscriptionActivity(database, settings.starts_per_user_per_hour).open_subscription,
        SettlePaymentActivity(database).settle_payment,
        RecordSubscriptionActivity(database).record_subscription,
        LoadSubscriptionActivity(database).load_subscription,
    )
