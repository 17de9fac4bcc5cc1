import re
from pathlib import Path

import pytest

from sandbox_psp.tokens import TOKENS, behavior_of

KNOWN = {
    "tok_ok",
    "tok_insufficient_funds",
    "tok_processing_error",
    "tok_stolen",
    "tok_closed",
    "tok_revoked",
    "tok_expired_card",
    "tok_3ds",
    "tok_3ds_ok",
    "tok_3ds_fail",
    "tok_answer_lost",
    "tok_answer_lost_declined",
    "tok_request_lost",
    "tok_refund_answer_lost",
    "tok_slow",
    "tok_down",
    "tok_wrong_amount",
    *(f"tok_decline_{count}_then_ok" for count in range(1, 10)),
}


def test_the_tokens_are_these_and_each_looks_like_a_card_of_its_own() -> None:
    assert set(TOKENS) == KNOWN
    assert len({behavior.last4 for behavior in TOKENS.values()}) == len(TOKENS)


@pytest.mark.parametrize("name", ["tok_ok", "tok_3ds", "tok_3ds_ok", "tok_answer_lost_declined"])
def test_a_suffix_makes_a_card_of_its_own_that_behaves_the_same(name: str) -> None:
    for suffix in ("42", "a_b-c", "x" * 100):
        assert behavior_of(f"{name}-{suffix}") is TOKENS[name]


@pytest.mark.parametrize(
    "token",
    [
        *("", "tok", "tok_", "TOK_OK", "-tok_ok", "tok_decline_0_then_ok", "tok_decline_10_then_ok"),
        *("tok_ok-", "tok_ok ", "tok_ok_42", "tok_ok-è", "tok_ok-a/b", "tok_ok-" + "x" * 101),
    ],
)
def test_nobody_issued_any_other_token(token: str) -> None:
    assert behavior_of(token) is None


def test_a_run_of_declines_is_over_after_its_count_and_a_bad_card_stays_bad() -> None:
    run, bad, good = TOKENS["tok_decline_2_then_ok"], TOKENS["tok_stolen"], TOKENS["tok_ok"]

    assert [run.decline_of(earlier) for earlier in range(4)] == [
        "insufficient_funds",
        "insufficient_funds",
        None,
        None,
    ]
    assert {bad.decline_of(earlier) for earlier in range(20)} == {"stolen_card"}
    assert good.decline_of(0) is None


def test_the_page_about_the_sandbox_tells_every_token() -> None:
    page = (Path(__file__).parents[2] / "docs/sandbox-psp.md").read_text()
    told = set(re.findall(r"`(tok_\w+)`", page))

    assert set(TOKENS) - told == {f"tok_decline_{count}_then_ok" for count in range(2, 9)}, "all but `…`"
    assert told <= set(TOKENS)
