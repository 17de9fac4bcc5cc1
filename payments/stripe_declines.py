"""Stripe's words for a decline, and ours. What is not in the tables is a soft decline without a reason."""

from collections.abc import Mapping

from domain.payment import Decline, DeclineKind

AUTHENTICATION_REQUIRED = "authentication_required"
DO_NOT_TRY_AGAIN = "do_not_try_again"
NOT_ACCEPTED = "card_not_accepted"

HARD: Mapping[str, str] = {
    "lost_card": "lost_card",
    "stolen_card": "stolen_card",
    "pickup_card": "stolen_card",
    "restricted_card": "stolen_card",
    "fraudulent": "fraudulent",
    "merchant_blacklist": "fraudulent",
    "expired_card": "expired_card",
    "invalid_expiry_month": "expired_card",
    "invalid_expiry_year": "expired_card",
    "invalid_account": "closed_account",
    "new_account_information_available": "closed_account",
    "incorrect_number": "closed_account",
    "invalid_number": "closed_account",
    "revocation_of_authorization": "authorization_revoked",
    "revocation_of_all_authorizations": "authorization_revoked",
    "stop_payment_order": "authorization_revoked",
    "card_not_supported": NOT_ACCEPTED,
    "currency_not_supported": NOT_ACCEPTED,
    "transaction_not_allowed": NOT_ACCEPTED,
    DO_NOT_TRY_AGAIN: NOT_ACCEPTED,
}
"""The card will not pay, however often it is asked: its holder has to bring another."""

SOFT: Mapping[str, str] = {
    AUTHENTICATION_REQUIRED: AUTHENTICATION_REQUIRED,
    "payment_intent_authentication_failure": "authentication_failed",
    "insufficient_funds": "insufficient_funds",
    "card_velocity_exceeded": "limit_exceeded",
    "withdrawal_count_limit_exceeded": "limit_exceeded",
    "invalid_amount": "limit_exceeded",
    "processing_error": "processing_error",
    "issuer_not_available": "processing_error",
    "reenter_transaction": "processing_error",
    "try_again_later": "processing_error",
    "duplicate_transaction": "processing_error",
    "approve_with_id": "declined",
    "call_issuer": "declined",
    "card_declined": "declined",
    "do_not_honor": "declined",
    "generic_decline": "declined",
    "no_action_taken": "declined",
    "not_permitted": "declined",
    "security_violation": "declined",
    "service_not_allowed": "declined",
    "testmode_decline": "declined",
    "incorrect_address": "details_do_not_match",
    "incorrect_cvc": "details_do_not_match",
    "invalid_cvc": "details_do_not_match",
    "incorrect_zip": "details_do_not_match",
    "incorrect_pin": "pin_needed",
    "invalid_pin": "pin_needed",
    "offline_pin_required": "pin_needed",
    "online_or_offline_pin_required": "pin_needed",
    "pin_try_exceeded": "pin_needed",
}
"""It may succeed at another time."""


def decline_of(decline_code: str | None, advice_code: str | None = None) -> Decline:
    """`advice_code` is what the card's network says of trying again, which outweighs a soft decline."""
    said = decline_code or ""
    if said in HARD:
        return Decline(DeclineKind.HARD, HARD[said])
    if advice_code == DO_NOT_TRY_AGAIN:
        return Decline(DeclineKind.HARD, NOT_ACCEPTED)
    return Decline.of(SOFT.get(said))
