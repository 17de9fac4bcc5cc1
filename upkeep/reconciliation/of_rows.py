"""The columns of a subscription's row are what its state says: everybody reads the columns."""

from collections.abc import AsyncIterator
from typing import Any

from pydantic import ValidationError

from db.queries import subscriptions
from db.queries.reconciliation import SeenFinding
from db.queries.workflow_rows import KeptRow
from db.snapshot import load_state
from upkeep.reconciliation.listing import kept_rows
from upkeep.reconciliation.reach import Reach
from upkeep.reconciliation.rule import Kind, Mend, Rule


async def a_row_is_not_its_state(reach: Reach) -> AsyncIterator[SeenFinding]:
    async for row in kept_rows(reach):
        if differences := _differences(row):
            yield SeenFinding(
                a_row_is_not_its_state.__name__,
                "subscription",
                str(row.subscription_id),
                {"differences": differences},
            )


def _differences(row: KeptRow) -> dict[str, Any]:
    try:
        columns = subscriptions.columns_of(load_state(row.snapshot))
    except ValidationError as error:
        return {"state": f"cannot be read: {error.error_count()} errors"}
    return {
        name: {"row": str(value), "state": str(columns[name])}
        for name, value in row.columns.items()
        if value != columns[name]
    }


async def write_columns_again(reach: Reach, finding: SeenFinding) -> bool:
    """The state decides, as it does for the workflow; money is in neither."""
    async with reach.database.transaction() as connection:
        state = await subscriptions.lock_state(connection, int(finding.subject_id))
        await subscriptions.write_columns(connection, state)
    return True


ROW_RULES = (
    Rule(
        a_row_is_not_its_state.__name__,
        Kind.SAFETY,
        a_row_is_not_its_state,
        Mend("written again from its state", write_columns_again),
    ),
)
