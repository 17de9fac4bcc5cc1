"""docs/lifecycle.md says what the rules say."""

from domain.due import Step
from domain.lifecycle import REFUSALS, Action
from domain.subscription import Status
from tests.docs.lifecycle_page import PAGE, page
from tests.docs.lifecycle_words import ACCESS, COMES_FROM, MEANS, REFUSED_WHEN, WHEN

WRITE_IT_AGAIN = "docs/lifecycle.md is stale: run python -m tests.docs.lifecycle_page"


def test_the_page_is_the_one_that_the_rules_give() -> None:
    assert PAGE.read_text() == page(), WRITE_IT_AGAIN


def test_everything_has_its_words() -> None:
    assert MEANS.keys() == ACCESS.keys() == set(Status)
    assert COMES_FROM.keys() == set(Action)
    assert WHEN.keys() == set(Step)
    assert set(REFUSALS.values()) <= REFUSED_WHEN.keys()
