"""Business refusals as problems: which HTTP status each code has."""

from collections.abc import Mapping

from api.problems import Problem
from domain.refusals import RefusalCode, Refused

STATUSES: Mapping[RefusalCode, int] = {
    RefusalCode.PLAN_NOT_FOUND: 404,
    RefusalCode.SUBSCRIPTION_EXISTS: 409,
    RefusalCode.SUBSCRIPTION_ENDED: 409,
    RefusalCode.PAYMENT_IN_PROGRESS: 409,
    RefusalCode.NOT_CANCELING: 409,
    RefusalCode.FREEZE_ONLY_FROM_ACTIVE: 409,
    RefusalCode.FREEZE_ALLOWANCE_SPENT: 409,
    RefusalCode.FREEZE_UNTIL_IS_PAST: 422,
    RefusalCode.NOT_FROZEN: 409,
    RefusalCode.WITHDRAWAL_PERIOD_OVER: 409,
    RefusalCode.INVOICE_NOT_PAYABLE: 409,
    RefusalCode.PAYMENT_METHOD_NOT_FOUND: 404,
    RefusalCode.IDEMPOTENCY_KEY_REUSED: 422,
    RefusalCode.TOO_MANY_STARTS: 429,
    RefusalCode.NOT_PARKED: 409,
    RefusalCode.REFUND_EXCEEDS_PAYMENT: 409,
    RefusalCode.REFUND_EXCEEDS_INVOICE: 409,
    RefusalCode.DUNNING_WINDOW_TOO_LONG: 422,
    RefusalCode.PLAN_CODE_TAKEN: 409,
    RefusalCode.PLAN_RETIRED: 409,
    RefusalCode.PLAN_UNCHANGED: 409,
    RefusalCode.PLAN_CHANGE_NOT_POSSIBLE: 409,
    RefusalCode.PLAN_CHANGE_REPLACED: 409,
    RefusalCode.PLAN_CHANGE_VOIDED: 409,
    RefusalCode.CURRENCY_MISMATCH: 409,
    RefusalCode.PROMO_CODE_NOT_FOUND: 404,
    RefusalCode.PROMO_CODE_EXHAUSTED: 409,
    RefusalCode.PROMO_CODE_NOT_APPLICABLE: 409,
    RefusalCode.PROMO_CODE_EXPIRED: 409,
    RefusalCode.PROMO_CODE_TAKEN: 409,
    RefusalCode.PROMO_TERMS_FROZEN: 409,
    RefusalCode.GIFT_CARD_NOT_FOUND: 404,
    RefusalCode.ENDPOINT_NOT_FOUND: 404,
    RefusalCode.ENDPOINT_URL_REFUSED: 422,
    RefusalCode.ENDPOINT_DISABLED: 409,
    RefusalCode.TOO_MANY_ENDPOINTS: 409,
    RefusalCode.EVENT_NOT_FOUND: 404,
    RefusalCode.REPLAY_TOO_LARGE: 422,
    RefusalCode.GIFT_CARD_EMPTY: 409,
    RefusalCode.RENEWAL_ALREADY_PAID: 409,
    RefusalCode.QUOTE_OUTDATED: 409,
    RefusalCode.USER_ERASED: 409,
    RefusalCode.USER_NOT_FOUND: 404,
    RefusalCode.SUBSCRIPTION_LIVE: 409,
}
RETRY_SECONDS: Mapping[RefusalCode, int] = {
    RefusalCode.PAYMENT_IN_PROGRESS: 2,
    RefusalCode.TOO_MANY_STARTS: 600,
}


def problem_of(refused: Refused) -> Problem:
    retry = RETRY_SECONDS.get(refused.code)
    return Problem(
        STATUSES[refused.code],
        refused.code,
        f"{refused.detail[:1].upper()}{refused.detail[1:]}.",
        headers={"Retry-After": str(retry)} if retry else None,
        **refused.facts,
    )


def responses_of(*codes: RefusalCode) -> tuple[tuple[int, str], ...]:
    """For `problem_responses` of a route."""
    return tuple((STATUSES[code], code.value) for code in codes)
