"""docs/staff.md: the routes and actions that there are, and the authorization table that the tests hold."""

from pathlib import Path

from domain.staff_action import StaffAction
from tests.api.test_openapi_access import EVERYBODY, MATRIX

PAGE = (Path(__file__).parents[2] / "docs" / "staff.md").read_text()


def test_every_action_is_on_the_page() -> None:
    assert [action for action in StaffAction if f"`{action}`" not in PAGE] == []


def test_the_authorization_table_is_the_one_that_is_tested() -> None:
    rows = [f"| {' | '.join((rule, *outcomes))} |" for rule, outcomes in MATRIX.items()]
    table = "\n".join((f"| a route is for | {' | '.join(EVERYBODY)} |", "|" + "---|" * 8, *rows))

    assert table in PAGE
