"""A gift card, and who may redeem it: whoever comes first, and then nobody else."""

from dataclasses import dataclass
from datetime import datetime

from domain.refusals import RefusalCode, Refused


@dataclass(frozen=True)
class GiftCard:
    """`redeemed_by` is the user whom it belongs to."""

    gift_card_id: int
    balance_cents: int
    currency: str
    expires_at: datetime | None
    redeemed_by: int | None


def check_redeemable(card: GiftCard | None, user_id: int, currency: str, at: datetime) -> GiftCard:
    """Raises `Refused`: as below, or since the card is in another currency than what it is to pay."""
    found = check_usable(card, user_id, at)
    if found.currency != currency:
        raise Refused(RefusalCode.CURRENCY_MISMATCH, "the gift card is in another currency than the plan")
    return found


def check_usable(card: GiftCard | None, user_id: int, at: datetime) -> GiftCard:
    """Raises `Refused`: as below, or since it is used up, which only its owner is told."""
    found = _check_open_to(card, user_id, at)
    if found.balance_cents == 0:
        raise Refused(RefusalCode.GIFT_CARD_EMPTY, "the gift card is used up")
    return found


def check_shown(card: GiftCard | None, user_id: int, at: datetime) -> GiftCard:
    """Raises `Refused` with the same words for what is unknown, used up, expired, or somebody else's."""
    found = _check_open_to(card, user_id, at)
    if found.balance_cents == 0:
        raise no_such_card()
    return found


def no_such_card() -> Refused:
    return Refused(RefusalCode.GIFT_CARD_NOT_FOUND, "there is no such gift card")


def _check_open_to(card: GiftCard | None, user_id: int, at: datetime) -> GiftCard:
    """One answer for all that is closed to this user, so that nobody learns which codes exist."""
    if card is None or card.redeemed_by not in {None, user_id}:
        raise no_such_card()
    if card.expires_at is not None and card.expires_at <= at:
        raise no_such_card()
    return card
