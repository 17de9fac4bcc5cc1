"""A business refusal: the request was understood, and the rules say no. Not a fault."""

from dataclasses import dataclass, field
from enum import StrEnum


class RefusalCode(StrEnum):
    """Stable words that clients may branch on."""

    PLAN_NOT_FOUND = "plan_not_found"
    SUBSCRIPTION_EXISTS = "subscription_exists"
    SUBSCRIPTION_ENDED = "subscription_ended"
    PAYMENT_IN_PROGRESS = "payment_in_progress"
    TOO_MANY_STARTS = "too_many_starts"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    NOT_CANCELING = "not_canceling"
    FREEZE_ONLY_FROM_ACTIVE = "freeze_only_from_active"
    FREEZE_ALLOWANCE_SPENT = "freeze_allowance_spent"
    FREEZE_UNTIL_IS_PAST = "freeze_until_is_past"
    NOT_FROZEN = "not_frozen"
    WITHDRAWAL_PERIOD_OVER = "withdrawal_period_over"
    INVOICE_NOT_PAYABLE = "invoice_not_payable"
    NOT_PARKED = "not_parked"
    PAYMENT_METHOD_NOT_FOUND = "payment_method_not_found"
    REFUND_EXCEEDS_PAYMENT = "refund_exceeds_payment"
    REFUND_EXCEEDS_INVOICE = "refund_exceeds_invoice"
    DUNNING_WINDOW_TOO_LONG = "dunning_window_too_long"
    PLAN_CODE_TAKEN = "plan_code_taken"
    PLAN_RETIRED = "plan_retired"
    PLAN_UNCHANGED = "plan_unchanged"
    PLAN_CHANGE_NOT_POSSIBLE = "plan_change_not_possible"
    PLAN_CHANGE_REPLACED = "plan_change_replaced"
    PLAN_CHANGE_VOIDED = "plan_change_voided"
    RENEWAL_ALREADY_PAID = "renewal_already_paid"
    QUOTE_OUTDATED = "quote_outdated"
    CURRENCY_MISMATCH = "currency_mismatch"
    PROMO_CODE_NOT_FOUND = "promo_code_not_found"
    PROMO_CODE_EXHAUSTED = "promo_code_exhausted"
    PROMO_CODE_NOT_APPLICABLE = "promo_code_not_applicable"
    PROMO_CODE_EXPIRED = "promo_code_expired"
    PROMO_CODE_TAKEN = "promo_code_taken"
    PROMO_TERMS_FROZEN = "promo_terms_frozen"
    GIFT_CARD_NOT_FOUND = "gift_card_not_found"
    GIFT_CARD_EMPTY = "gift_card_empty"
    ENDPOINT_NOT_FOUND = "endpoint_not_found"
    ENDPOINT_URL_REFUSED = "endpoint_url_refused"
    ENDPOINT_DISABLED = "endpoint_disabled"
    TOO_MANY_ENDPOINTS = "too_many_endpoints"
    EVENT_NOT_FOUND = "event_not_found"
    REPLAY_TOO_LARGE = "replay_too_large"
    USER_ERASED = "user_erased"
    USER_NOT_FOUND = "user_not_found"
    SUBSCRIPTION_LIVE = "subscription_live"


@dataclass
class Refused(Exception):  # noqa: N818 - the domain's word: a refusal is an answer, not an error
    """Raised by a rule. `facts` are ids and numbers that help the caller, never personal data."""

    code: RefusalCode
    detail: str
    facts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.detail)
