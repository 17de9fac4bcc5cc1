"""How often a renewal asks the database: each question is a wait, times as many as are renewed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from tests.activities.customer import PERIOD_END, Customer


@contextmanager
def statements(customer: Customer) -> Iterator[list[str]]:
    asked: list[str] = []
    engine = customer.database._engine.sync_engine

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


async def test_a_renewal_by_card(card_holder: Customer) -> None:
    first = await card_holder.start_with_card()

    with statements(card_holder) as to_bill:
        billed = await card_holder.open_period(first, PERIOD_END)
    with statements(card_holder) as to_collect:
        await card_holder.collect(billed, PERIOD_END)

    assert len(to_bill) == 12, "\n\n".join(to_bill)
    assert len(to_collect) == 19, "\n\n".join(to_collect)
