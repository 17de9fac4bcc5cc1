"""What each outgoing event carries as `data`; docs/events.md says it in words."""

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict

from api.schemas.base import ResponseBody, UtcInstant
from domain.events import EventName


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


_USER = {"user_id": 7, "plan_code": "P30D"}
_OF_MONEY = {"invoice_id": 42, "payment_id": 43, "amount_cents": 1_990, "currency": "EUR"}
_OF_PERIOD = {"period_start": "2026-03-02T09:30:00Z", "period_end": "2026-04-01T09:30:00Z"}
_AMOUNTS = {
    "currency": "EUR",
    "total_cents": 1_990,
    "gift_cents": 500,
    "balance_cents": 0,
    "amount_due_cents": 1_490,
}
_INVOICE = {
    "invoice_id": 42,
    "number": "IT-2026-000042",
    **_USER,
    "billing_reason": "subscription_cycle",
    **_OF_PERIOD,
    **_AMOUNTS,
}


class SubscriptionEventData(ResponseBody):
    """The subscription after it. `change` is the timeline's word for what happened."""

    model_config = _example(
        **_USER,
        status="active",
        change="renewed",
        **_OF_PERIOD,
        cancel_at_period_end=False,
        scheduled_plan_code=None,
        frozen_until=None,
        ended_at=None,
        next_action="renew",
        next_action_at="2026-04-01T09:30:00Z",
        **_OF_MONEY,
    )

    user_id: int
    plan_code: str
    status: str
    change: str
    period_start: UtcInstant
    period_end: UtcInstant
    cancel_at_period_end: bool
    scheduled_plan_code: str | None
    frozen_until: UtcInstant | None
    ended_at: UtcInstant | None
    next_action: str | None
    next_action_at: UtcInstant | None
    invoice_id: int | None
    payment_id: int | None
    amount_cents: int | None
    currency: str | None


class RenewalUpcomingData(ResponseBody):
    model_config = _example(**_USER, renews_at="2026-04-01T09:30:00Z", **_AMOUNTS)

    user_id: int
    plan_code: str
    renews_at: UtcInstant
    currency: str
    total_cents: int
    gift_cents: int
    balance_cents: int
    amount_due_cents: int


class PaymentReminderData(ResponseBody):
    model_config = _example(
        invoice_id=42, number="IT-2026-000042", **_USER, currency="EUR", amount_due_cents=1_490
    )

    invoice_id: int
    number: str | None
    user_id: int
    plan_code: str
    currency: str
    amount_due_cents: int


class PriceChangeNoticeData(ResponseBody):
    model_config = _example(
        user_id=7,
        plan="P30D",
        from_price_version=1,
        price_version=2,
        from_price_cents=1_990,
        price_cents=2_490,
        currency="EUR",
        renews_at="2026-04-01T09:30:00Z",
    )

    user_id: int
    plan: str
    from_price_version: int
    price_version: int
    from_price_cents: int
    price_cents: int
    currency: str
    renews_at: UtcInstant


class InvoiceEventData(ResponseBody):
    model_config = _example(**_INVOICE)

    invoice_id: int
    number: str | None
    user_id: int
    plan_code: str
    billing_reason: str
    period_start: UtcInstant
    period_end: UtcInstant
    currency: str
    total_cents: int
    gift_cents: int
    balance_cents: int
    amount_due_cents: int


class InvoiceFinalizedData(InvoiceEventData):
    model_config = _example(**_INVOICE, pay_by="2026-03-02T09:30:00Z")

    pay_by: UtcInstant | None


class InvoicePaidData(InvoiceEventData):
    model_config = _example(**_INVOICE, payment_id=43, provider="sandbox")

    payment_id: int | None
    provider: str | None


class PaymentFailedData(ResponseBody):
    model_config = _example(
        **_OF_MONEY,
        **_USER,
        provider="sandbox",
        decline_code="insufficient_funds",
        decline_kind="soft",
        next_attempt_at="2026-03-05T09:30:00Z",
    )

    invoice_id: int
    payment_id: int
    user_id: int
    plan_code: str
    provider: str
    currency: str
    amount_cents: int
    decline_code: str
    decline_kind: str
    next_attempt_at: UtcInstant | None


class PaymentEventData(ResponseBody):
    model_config = _example(**_OF_MONEY, user_id=7)

    invoice_id: int
    payment_id: int
    user_id: int
    amount_cents: int
    currency: str


class RefundEventData(PaymentEventData):
    model_config = _example(refund_id=3, **_OF_MONEY, user_id=7)

    refund_id: int


class CreditNoteIssuedData(ResponseBody):
    model_config = _example(
        credit_note_id=5,
        number="CN-2026-000005",
        invoice_id=42,
        invoice_number="IT-2026-000042",
        user_id=7,
        reason="staff",
        **_OF_PERIOD,
        currency="EUR",
        total_cents=990,
        card_cents=990,
        gift_cents=0,
        balance_cents=0,
    )

    credit_note_id: int
    number: str
    invoice_id: int
    invoice_number: str | None
    user_id: int
    reason: str
    period_start: UtcInstant
    period_end: UtcInstant
    currency: str
    total_cents: int
    card_cents: int
    gift_cents: int
    balance_cents: int


class PasswordResetRequestedData(ResponseBody):
    """What an e-mail with the token needs. It is put together when it is sent, and kept nowhere."""

    model_config = _example(
        user_id=7,
        reset_id=3,
        email="anna@example.com",
        locale="it",
        token="pD0tRrm7m1R9vD9ZtWc2lT8yqQv0cXoQm4b1sYkLhEs",  # noqa: S106 - an example
        expires_at="2026-03-02T10:00:00Z",
    )

    user_id: int
    reset_id: int
    email: str
    locale: str
    token: str
    expires_at: UtcInstant


class UserErasedData(ResponseBody):
    model_config = _example(user_id=7)

    user_id: int


DATA_OF: Mapping[EventName, type[ResponseBody]] = {
    **{name: SubscriptionEventData for name in EventName if name.startswith("subscription.")},
    EventName.PRICE_CHANGE_NOTICE: PriceChangeNoticeData,
    EventName.RENEWAL_UPCOMING: RenewalUpcomingData,
    EventName.PAYMENT_REMINDER: PaymentReminderData,
    EventName.INVOICE_FINALIZED: InvoiceFinalizedData,
    EventName.INVOICE_PAID: InvoicePaidData,
    EventName.INVOICE_VOIDED: InvoiceEventData,
    EventName.INVOICE_UNCOLLECTIBLE: InvoiceEventData,
    EventName.PAYMENT_FAILED: PaymentFailedData,
    EventName.PAYMENT_ACTION_REQUIRED: PaymentEventData,
    EventName.PAYMENT_CHARGED_BACK: PaymentEventData,
    EventName.REFUND_SUCCEEDED: RefundEventData,
    EventName.REFUND_FAILED: RefundEventData,
    EventName.CREDIT_NOTE_ISSUED: CreditNoteIssuedData,
    EventName.PASSWORD_RESET_REQUESTED: PasswordResetRequestedData,
    EventName.USER_ERASED: UserErasedData,
}
