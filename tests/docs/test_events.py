"""docs/events.md lists the events; what each carries is held against real ones in tests/activities."""

from domain.events import EventName
from tests.docs.tables import tables_of


def test_every_event_is_on_the_page() -> None:
    assert [row["event"] for row in tables_of("events.md")["Events"]] == list(EventName)
