"""The webhook inbox, as staff see it."""

from pydantic import Field

from api.schemas.base import Reason, RequestBody, ResponseBody, UtcInstant
from db.queries.payment_reports import ReportStatus


class WebhookBody(ResponseBody):
    """One payment report. `fact_key` is what a repetition of it is known by.

    `received` waits for its workflow, `applied` has had its effect, `parked` waits for a person or for what
    it reverses to be paid, `ignored` names a payment that is not ours. `last_failure` is the kind of the last
    fault of ours that kept it from having its effect.
    """

    id: int
    provider: str
    fact_key: str
    payment_id: int
    subscription_id: int | None
    reported_status: str
    amount_cents: int | None
    currency: str | None
    decline_code: str | None
    status: ReportStatus
    parked_reason: str | None
    last_failure: str | None
    deliveries: int
    next_delivery_at: UtcInstant | None
    occurred_at: UtcInstant | None
    received_at: UtcInstant
    applied_at: UtcInstant | None
    trace_id: str


class PastReplayBody(ResponseBody):
    """Who had it judged again, why, and what had become of it before."""

    actor: str
    reason: str
    was_status: ReportStatus
    was_parked_for: str | None
    replayed_at: UtcInstant


class WholeWebhookBody(WebhookBody):
    """`raw_body` is what was signed, as text."""

    raw_body: str
    replays: list[PastReplayBody]


class WebhookPage(ResponseBody):
    """`next_cursor` is null on the last page."""

    items: list[WebhookBody]
    next_cursor: str | None


class ReplayOrderBody(RequestBody):
    """`reason` says what was found out, for those who look at the webhook later."""

    reason: Reason = Field(examples=["the bank confirms that 19.90 arrived"])
