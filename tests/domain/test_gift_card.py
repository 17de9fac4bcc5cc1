"""Who may redeem a card, and what the others are told: nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.gift_card import GiftCard, check_redeemable, check_shown, check_usable
from domain.refusals import Refused

AT = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
OWNER, SOMEBODY = 7, 8

FRESH = GiftCard(1, 5_000, "EUR", expires_at=None, redeemed_by=None)
OWNED = replace(FRESH, redeemed_by=OWNER, balance_cents=1_020)
USED_UP = replace(OWNED, balance_cents=0)
EXPIRED = replace(FRESH, expires_at=AT)
LASTING = replace(FRESH, expires_at=AT + timedelta(microseconds=1))
NOT_FOUND = ("gift_card_not_found", "there is no such gift card")


def answers(card: GiftCard | None, user_id: int) -> list[str | tuple[str, str]]:
    """To whoever redeems it for euros, redeems it on whatever, and asks what it is worth."""
    told: list[str | tuple[str, str]] = []
    checks: list[Callable[[], GiftCard]] = [
        lambda: check_redeemable(card, user_id, "EUR", AT),
        lambda: check_usable(card, user_id, AT),
        lambda: check_shown(card, user_id, AT),
    ]
    for check in checks:
        try:
            assert check() == card
            told.append("yes")
        except Refused as refused:
            told.append((refused.code.value, refused.detail))
    return told


@pytest.mark.parametrize("card", [FRESH, OWNED, LASTING])
def test_a_card_that_is_the_users_or_nobodys(card: GiftCard) -> None:
    assert answers(card, OWNER) == ["yes"] * 3


@pytest.mark.parametrize("card", [None, EXPIRED, replace(OWNED, expires_at=AT)])
def test_nobody_learns_which_codes_exist(card: GiftCard | None) -> None:
    assert answers(card, OWNER) == answers(card, SOMEBODY) == [NOT_FOUND] * 3


@pytest.mark.parametrize("card", [OWNED, USED_UP, replace(OWNED, currency="USD")])
def test_somebody_elses_card_does_not_exist(card: GiftCard) -> None:
    assert answers(card, SOMEBODY) == [NOT_FOUND] * 3


def test_only_its_owner_is_told_that_it_is_used_up() -> None:
    empty = ("gift_card_empty", "the gift card is used up")

    assert answers(USED_UP, OWNER) == [empty, empty, NOT_FOUND]


def test_another_currency_pays_nothing() -> None:
    refused, *others = answers(replace(FRESH, currency="USD"), OWNER)

    assert (refused[0], others) == ("currency_mismatch", ["yes", "yes"])
