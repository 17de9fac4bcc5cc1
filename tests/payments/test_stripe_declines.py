"""Stripe's words for declines and ours: the tables of docs/stripe.md are the tables of the code."""

import re
from pathlib import Path

from domain.payment import HARD_DECLINES, UNEXPLAINED_DECLINE, Decline, DeclineKind
from payments.stripe_declines import HARD, SOFT, decline_of

PAGE = Path(__file__).parents[2] / "docs/stripe.md"
ROW = re.compile(r"^\| `([a-z_]+)` \| (hard|soft) \| (.+) \|$", re.MULTILINE)


def documented(kind: str) -> dict[str, str]:
    return {
        code: ours
        for ours, said, codes in ROW.findall(PAGE.read_text())
        if said == kind
        for code in re.findall(r"`([a-z_]+)`", codes)
    }


def test_the_page_says_what_the_code_does() -> None:
    assert documented("hard") == dict(HARD)
    assert documented("soft") == dict(SOFT)


def test_our_words_are_hard_or_soft_by_themselves_too() -> None:
    """A report carries the word alone."""
    assert set(HARD.values()) == HARD_DECLINES
    for code in (*HARD, *SOFT):
        decline = decline_of(code)
        assert Decline.of(decline.code) == decline
        assert decline.kind is (DeclineKind.HARD if code in HARD else DeclineKind.SOFT)


def test_a_word_of_which_nobody_knows_is_soft_and_not_passed_on() -> None:
    for code in (None, "", "a_word_of_next_year", "x" * 5_000, "\x00"):
        assert decline_of(code) == Decline(DeclineKind.SOFT, UNEXPLAINED_DECLINE)


def test_a_network_that_wants_no_more_tries_outweighs_a_soft_decline() -> None:
    final = Decline(DeclineKind.HARD, "card_not_accepted")

    assert decline_of("do_not_honor", "do_not_try_again") == final
    assert decline_of(None, "do_not_try_again") == final
    assert decline_of("do_not_honor", "try_again_later").kind is DeclineKind.SOFT
    assert decline_of("lost_card", "do_not_try_again").code == "lost_card"
