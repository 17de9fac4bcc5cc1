"""The worker's log is lines of JSON, whoever writes them."""

import json
import uuid

from tests.deadline import eventually
from tests.lives import World


async def test_what_the_core_of_the_sdk_tells_is_a_line_like_all_others(world: World) -> None:
    unknown = await world.temporal.start_workflow(
        "OfAnotherRelease", id=uuid.uuid4().hex, task_queue="billing"
    )

    async def is_told() -> bool:
        whole_lines, _, _ = world.stack.worker.process.log_file.read_text().rpartition("\n")
        of_core = [line for line in map(json.loads, whole_lines.splitlines()) if "sdk_core" in line["logger"]]
        return any("Failing workflow task" in line["event"] for line in of_core)

    try:
        await eventually(is_told)
    finally:
        await unknown.terminate()
