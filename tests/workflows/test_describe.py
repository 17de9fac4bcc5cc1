"""What a workflow says of itself: to whoever queries it, and to the Temporal UI."""

from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowHandle

from db.queries.subscriptions import load_current_state
from domain.explanation import explain
from domain.subscription import SubscriptionState
from tests.lives import Life, World
from workflows.messages import Description
from workflows.subscription import Subscription


async def describe(life: Life) -> Description:
    workflow: WorkflowHandle[Subscription, None] = life.world.temporal.get_workflow_handle_for(
        Subscription.run, life.workflow_id
    )
    return await workflow.query(Subscription.describe)


async def row_of(life: Life) -> SubscriptionState:
    async with life.world.database.read() as connection:
        return await load_current_state(connection, life.subscription_id)


async def metadata(life: Life) -> WorkflowMetadata:
    """As the Temporal UI asks for it."""
    workflow = life.world.temporal.get_workflow_handle(life.workflow_id)
    told: WorkflowMetadata = await workflow.query(
        "__temporal_workflow_metadata", result_type=WorkflowMetadata
    )
    return told


async def test_it_tells_what_its_row_tells(world: World) -> None:
    life = await Life.begin(world)
    unpaid = await describe(life)
    assert unpaid.explanation == explain(await row_of(life))

    await life.pay()
    await life.post("cancel")
    canceling = await describe(life)

    assert canceling.explanation == explain(await row_of(life))
    assert canceling.explanation is not None
    assert canceling.explanation.version == 3
    assert len(canceling.explanation.recent_commands) == 1
    assert (canceling.is_busy, canceling.unread_report_ids) == (False, ())
    assert canceling.run_began_at == unpaid.run_began_at


async def test_asking_leaves_no_trace(world: World) -> None:
    life = await Life.begin(world)
    workflow = world.temporal.get_workflow_handle(life.workflow_id)
    before = (await workflow.describe()).history_length

    for _ in range(3):
        await describe(life)

    assert (await workflow.describe()).history_length == before


async def test_the_temporal_ui_shows_a_table_that_follows_the_subscription(world: World) -> None:
    life = await Life.begin(world)
    row = await row_of(life)
    unpaid = (await metadata(life)).current_details.splitlines()
    assert unpaid[:2] == ["| | |", "|---|---|"]
    told = explain(row)
    assert unpaid[2:] == [
        f"| status | **incomplete**. {told.why} |",
        "| plan | P30D, 19.90 EUR a period (P30D) |",
        f"| period | {row.period.start:%Y-%m-%d %H:%M} UTC to {row.period.end:%Y-%m-%d %H:%M} UTC |",
        f"| next | {told.what_next} |",
        f"| open invoice | {row.unpaid_invoice.invoice_id} |",
        f"| timeline | `GET /admin/subscriptions/{life.subscription_id}/timeline` |",
    ]

    await life.pay()

    paid = (await metadata(life)).current_details
    told = explain(await row_of(life))
    assert f"| status | **active**. {told.why} |" in paid
    assert f"| next | {told.what_next} |" in paid
    assert "| open invoice | none |" in paid


async def test_every_handler_says_what_it_is_for(world: World) -> None:
    definition = (await metadata(await Life.begin(world))).definition
    handlers = [
        *definition.update_definitions,
        *definition.signal_definitions,
        *(query for query in definition.query_definitions if not query.name.startswith("__")),
    ]

    names = {handler.name for handler in handlers}
    assert names >= {"start", "cancel", "uncancel", "payment_reported", "superseded", "describe"}
    assert [handler.name for handler in handlers if not handler.description] == []
