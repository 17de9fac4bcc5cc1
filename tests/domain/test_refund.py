import pytest

from domain.refund import amount_to_refund, wait_before_look_up
from domain.refusals import RefusalCode, Refused


@pytest.mark.parametrize(
    ("asked_cents", "left_cents", "cents"),
    [(None, 1_990, 1_990), (500, 1_990, 500), (1_990, 1_990, 1_990), (1, 1, 1)],
)
def test_staff_give_back_what_they_ask_for_or_all_that_is_left(
    asked_cents: int | None, left_cents: int, cents: int
) -> None:
    assert amount_to_refund(asked_cents, left_cents) == cents


@pytest.mark.parametrize(("asked_cents", "left_cents"), [(1_991, 1_990), (None, 0), (0, 1_990), (-1, 1_990)])
def test_never_more_than_is_left_and_never_nothing(asked_cents: int | None, left_cents: int) -> None:
    with pytest.raises(Refused) as refused:
        amount_to_refund(asked_cents, left_cents)

    assert refused.value.code is RefusalCode.REFUND_EXCEEDS_PAYMENT
    assert refused.value.facts == {"left_cents": left_cents}


def test_a_refund_without_an_answer_is_asked_for_ever_more_rarely() -> None:
    assert [wait_before_look_up(made).seconds for made in range(4)] == [30, 60, 120, 240]
