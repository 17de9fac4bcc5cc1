"""What whoever is refused is told: the whole answer of each rule, in words, with the numbers that help."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from domain import changing, ending, parking, pausing, plan_choice, renewing, scheduling
from domain.billing_calendar import parse_interval
from domain.changing import When
from domain.dunning import check_window
from domain.endpoint_url import check_url
from domain.family import (
    check_invitations,
    check_owner,
    check_seat,
    check_seats_left,
    transfer,
)
from domain.gift_card import GiftCard, check_redeemable, check_usable, no_such_card
from domain.lifecycle import Event
from domain.plan_choice import Amounts, Way, not_made, on_sale
from domain.redeeming import redeem
from domain.refund import amount_to_refund
from domain.refusals import RefusalCode, Refused
from tests.domain.plan_changes import HALFWAY
from tests.domain.states import (
    ACTIVE,
    CANCELED,
    CANCELING,
    CHARGING,
    DAY,
    FAMILY,
    IN_THE_PERIOD,
    MONTHLY,
    PAID_AHEAD,
    PERIOD,
    POLICY,
    STORED,
    YEARLY,
)
from tests.domain.test_plan_choice import INVOICE, QUOTE
from tests.domain.test_redeeming import FIXED, OFFER

ON_FAMILY = replace(ACTIVE, plan=FAMILY)
PARKED = replace(ACTIVE, parked_reason="internal_fault")
OTHER_USER = ACTIVE.user_id + 1
CARD_OF_NOBODY = GiftCard(1, 500, "USD", None, None)
CODE = RefusalCode
Answer = tuple[RefusalCode, str] | tuple[RefusalCode, str, dict[str, int]]
UNDER_WAY = (CODE.PAYMENT_IN_PROGRESS, "a charge is under way; ask again when it is settled")
NOT_INSIDE = (
    CODE.PLAN_CHANGE_NOT_POSSIBLE,
    "the instant is not inside the present period, or lies before its last change",
)
OUTDATED = (CODE.QUOTE_OUTDATED, "what was quoted holds no longer; ask for another quote")
TELLS: list[tuple[Callable[..., Any], tuple[Any, ...], Answer]] = [
    (
        check_seat,
        (CANCELED, 0),
        (CODE.FAMILY_NOT_OPEN, "nobody can join a subscription that is not paid for, or has ended"),
    ),
    (check_seat, (ACTIVE, 0), (CODE.NOT_A_FAMILY_PLAN, "the plan is for one person")),
    (check_seat, (ON_FAMILY, 4), (CODE.SEATS_FULL, "all seats are taken", {"seats": 5, "taken": 5})),
    (
        check_invitations,
        (20,),
        (CODE.TOO_MANY_INVITATIONS, "take back an invitation before making another one"),
    ),
    (
        check_seats_left,
        (MONTHLY, 2),
        (CODE.SEATS_TAKEN, "more seats are taken than the plan has", {"seats": 1, "taken": 3}),
    ),
    (
        check_owner,
        (ACTIVE, OTHER_USER),
        (CODE.SUBSCRIPTION_HANDED_ON, "the subscription was handed on to somebody else"),
    ),
    (transfer, (CHARGING, OTHER_USER, None, PERIOD.end), UNDER_WAY),
    (
        transfer,
        (PARKED, OTHER_USER, None, IN_THE_PERIOD),
        (CODE.TRANSFER_NOT_POSSIBLE, "an operator has to look at the billing first"),
    ),
    (redeem, (None, MONTHLY, PERIOD.start), (CODE.PROMO_CODE_NOT_FOUND, "there is no such promo code")),
    (
        redeem,
        (replace(OFFER, valid_until=PERIOD.start), MONTHLY, PERIOD.start),
        (CODE.PROMO_CODE_EXPIRED, "the promo code is not valid at this time"),
    ),
    (
        redeem,
        (replace(OFFER, plan_codes=("P1Y",)), MONTHLY, PERIOD.start),
        (CODE.PROMO_CODE_NOT_APPLICABLE, "the promo code is not for this plan"),
    ),
    (
        redeem,
        (replace(FIXED, currency="USD"), MONTHLY, PERIOD.start),
        (CODE.CURRENCY_MISMATCH, "the promo code is in another currency than the plan"),
    ),
    (
        redeem,
        (replace(OFFER, max_redemptions=0), MONTHLY, PERIOD.start),
        (CODE.PROMO_CODE_EXHAUSTED, "the promo code was redeemed as often as it can be"),
    ),
    (
        check_redeemable,
        (CARD_OF_NOBODY, 7, "EUR", PERIOD.start),
        (CODE.CURRENCY_MISMATCH, "the gift card is in another currency than the plan"),
    ),
    (
        check_usable,
        (replace(CARD_OF_NOBODY, balance_cents=0), 7, PERIOD.start),
        (CODE.GIFT_CARD_EMPTY, "the gift card is used up"),
    ),
    (
        amount_to_refund,
        (11, 10),
        (CODE.REFUND_EXCEEDS_PAYMENT, "less than that is left of what was paid", {"left_cents": 10}),
    ),
    (on_sale, (None,), (CODE.PLAN_NOT_FOUND, "there is no such plan on sale")),
    (
        changing.check_open,
        (CANCELING,),
        (CODE.PLAN_CHANGE_NOT_POSSIBLE, "the subscription is canceled for its period's end"),
    ),
    (changing.check_open, (CHARGING,), UNDER_WAY),
    (
        changing.check_change,
        (PARKED, YEARLY, When.NOW),
        (CODE.PLAN_CHANGE_NOT_POSSIBLE, "an operator has to look at the billing first"),
    ),
    (
        changing.check_change,
        (ACTIVE, replace(YEARLY, currency="USD"), When.NOW),
        (CODE.CURRENCY_MISMATCH, "the plan is sold in another currency"),
    ),
    (
        changing.check_change,
        (ACTIVE, replace(YEARLY, vat_rate_bp=400), When.NOW),
        (
            CODE.PLAN_CHANGE_NOT_POSSIBLE,
            "the plan has another VAT rate, which no invoice can mix; the change can follow on this period",
        ),
    ),
    (
        changing.check_change,
        (PAID_AHEAD, YEARLY, When.NOW),
        (CODE.RENEWAL_ALREADY_PAID, "the next period is paid already; the change can follow on it"),
    ),
    (
        changing.check_change,
        (ACTIVE, MONTHLY, When.NOW),
        (CODE.PLAN_UNCHANGED, "the subscription is on this plan then"),
    ),
    (changing.check_instant, (ACTIVE, PERIOD.end + DAY), NOT_INSIDE),
    (ending.uncancel, (ACTIVE,), (CODE.NOT_CANCELING, "no cancellation is scheduled")),
    (
        ending.withdraw,
        (replace(ACTIVE, transferred_at=IN_THE_PERIOD), IN_THE_PERIOD),
        (CODE.WITHDRAWAL_AFTER_TRANSFER, "the subscription was bought by somebody else"),
    ),
    (
        ending.withdraw,
        (ACTIVE, PERIOD.end - DAY),
        (CODE.WITHDRAWAL_PERIOD_OVER, "the 14 days since the start are over"),
    ),
    (ending.withdraw, (CHARGING, IN_THE_PERIOD), UNDER_WAY),
    (parking.unpark, (ACTIVE, IN_THE_PERIOD), (CODE.NOT_PARKED, "the subscription is not parked")),
    (
        renewing.check_payable,
        (ACTIVE, 42),
        (CODE.INVOICE_NOT_PAYABLE, "the invoice does not wait for a payment"),
    ),
    (
        renewing.check_payable,
        (CHARGING, 42),
        (CODE.PAYMENT_IN_PROGRESS, "a charge for this invoice is under way"),
    ),
    (
        scheduling.take_back,
        (ACTIVE,),
        (CODE.PLAN_UNCHANGED, "the subscription is on this plan, and stays on it"),
    ),
    (QUOTE.check_terms, (ACTIVE, FAMILY, Way.NOW, HALFWAY + DAY), OUTDATED),
    (replace(QUOTE, amounts=Amounts()).check_amounts, (INVOICE,), OUTDATED),
    (
        check_window,
        (replace(POLICY, retry_days=(28,)), parse_interval("P1M")),
        (CODE.DUNNING_WINDOW_TOO_LONG, "the last retry has to come before the period's shortest end"),
    ),
]


@pytest.mark.parametrize(("rule", "asked", "answer"), TELLS, ids=lambda told: getattr(told, "__name__", ""))
def test_whoever_is_refused_is_told_why(
    rule: Callable[..., Any], asked: tuple[Any, ...], answer: Answer
) -> None:
    with pytest.raises(Refused) as refused:
        rule(*asked)

    assert refused.value == Refused(*answer)
    assert str(refused.value) == answer[1]


@pytest.mark.parametrize(
    ("state", "until", "at", "answer"),
    [
        (CHARGING, None, IN_THE_PERIOD, UNDER_WAY),
        (
            STORED,
            None,
            PERIOD.end,
            (CODE.FREEZE_ONLY_FROM_ACTIVE, "the paid time is over and its renewal not paid"),
        ),
        (
            ACTIVE,
            IN_THE_PERIOD,
            IN_THE_PERIOD,
            (CODE.FREEZE_UNTIL_IS_PAST, "`until` has to be in the future"),
        ),
        (
            ACTIVE,
            IN_THE_PERIOD + 366 * DAY,
            IN_THE_PERIOD,
            (CODE.FREEZE_ALLOWANCE_SPENT, "more days than the plan allows in a year"),
        ),
    ],
)
def test_whoever_cannot_freeze_is_told_why(state: Any, until: Any, at: Any, answer: Answer) -> None:
    with pytest.raises(Refused) as refused:
        pausing.freeze(state, until=until, at=at)

    assert refused.value == Refused(*answer)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://crm.example.com/ ", "is to be at most 2000 printable ASCII characters"),
        ("https://crm.example.com:99999/", "cannot be read"),
        ("http://crm.example.com/", "has to begin with https://"),
        ("https:///nowhere", "names no host"),
        ("https://@crm.example.com/", "must have neither credentials nor a fragment"),
        ("https://crm.example.com:1023/", "may use port 443, or one from 1024 on"),
        ("https://10.0.0.1/", "leads to a private address"),
        ("https://intranet/", "names no host of the public internet"),
    ],
)
def test_whoever_enters_another_url_is_told_what_is_wrong_with_it(url: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        check_url(url, allow_private=False)

    assert refused.value == Refused(CODE.ENDPOINT_URL_REFUSED, f"the URL {why}")


def test_nobody_learns_of_a_gift_card_from_the_words_of_a_refusal() -> None:
    assert no_such_card() == Refused(CODE.GIFT_CARD_NOT_FOUND, "there is no such gift card")


def test_why_a_change_that_waited_for_its_payment_is_not_made() -> None:
    assert not_made([Event.CANCELED]) == Refused(
        CODE.PLAN_CHANGE_VOIDED, "the subscription was canceled or frozen before it was paid"
    )
    for replacing in plan_choice.REPLACING:
        assert not_made([replacing]) == Refused(
            CODE.PLAN_CHANGE_REPLACED, "another choice of plan took its place before it was paid"
        )
