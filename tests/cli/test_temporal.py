import uuid
from pathlib import Path

from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from cli.dev.temporal import SEARCH_ATTRIBUTES, EmbeddedTemporal
from tests.deadline import eventually
from tests.free_port import free_port

NOBODY_HAS = {"Keyword": '"any"', "Datetime": '"2001-01-01T00:00:00Z"', "Int": "1000000", "Bool": "true"}


async def test_workflows_and_their_search_attributes_survive_kill_9(tmp_path: Path) -> None:
    server = EmbeddedTemporal(
        port=free_port(), log_file=tmp_path / "temporal.log", database_file=tmp_path / "temporal.db"
    )
    await server.start()
    client = await Client.connect(server.address)
    user_id = uuid.uuid4().hex
    handle = await client.start_workflow(
        "Sleeper",
        id=user_id,
        task_queue="nobody-works-here",
        search_attributes=TypedSearchAttributes(
            [SearchAttributePair(SearchAttributeKey.for_keyword("UserId"), user_id)]
        ),
    )
    server.kill()
    await server.start()

    again = await Client.connect(server.address)

    async def found() -> list[str]:
        return [workflow.id async for workflow in again.list_workflows(f'UserId = "{user_id}"')]

    assert await eventually(found) == [handle.id]
    await server.stop()


async def test_what_a_subscription_is_searched_by_is_registered(temporal: Client) -> None:
    for name, kind in SEARCH_ATTRIBUTES.items():
        query = f'{name} = {NOBODY_HAS[kind]} AND WorkflowId = "nobody"'
        assert (await temporal.count_workflows(query)).count == 0, query
