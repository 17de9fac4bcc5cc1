"""docs/lifecycle.md says what the rules say."""

from domain.lifecycle import Action
from domain.subscription import Status
from tests.docs.lifecycle_page import COMES_FROM, MEANS, PAGE, page

WRITE_IT_AGAIN = "docs/lifecycle.md is stale: run python -m tests.docs.lifecycle_page"


def test_the_page_is_the_one_that_the_tables_give() -> None:
    assert PAGE.read_text() == page(), WRITE_IT_AGAIN


def test_every_status_and_action_has_its_words() -> None:
    assert MEANS.keys() == set(Status)
    assert COMES_FROM.keys() == set(Action)
