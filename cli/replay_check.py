"""`italiano replay-check`: the gate in front of a release, for CI and for who deploys."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

from temporalio.client import WorkflowHistory
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.service import RPCError

from cli.operator_settings import name_running_stack
from ops.temporal_client import connect_temporal
from worker.replay_gate import Replayed, replay, running_histories, stored_histories

REFUSED = 1


def check_replays(
    folder: Path | None, *, from_namespace: bool, limit: int, query: str, as_json: bool
) -> None:
    """Ends the process with 1 when something cannot be replayed, or when nothing was there to be."""
    if folder is None and not from_namespace:
        sys.exit("FAIL name a folder of histories, or ask for --from-namespace")
    files = [] if folder is None else sorted(folder.glob("*.json"))
    if folder is not None and not files:
        sys.exit(f"FAIL there is no history in {folder}")
    if from_namespace:
        name_running_stack()
    # What its core has to say of failures goes to stdout, where only ours belong.
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=None)))
    try:
        replayed = asyncio.run(_replay_all(files, limit if from_namespace else 0, query))
    except (RPCError, RuntimeError) as error:
        sys.exit(f"FAIL Temporal cannot be asked: {error}")
    if as_json:
        print(json.dumps(_as_object(replayed), indent=2))
    else:
        _show(replayed)
    if any(each.failure for each in replayed):
        sys.exit(REFUSED)


async def _replay_all(files: list[Path], limit: int, query: str) -> list[Replayed]:
    return [each async for each in replay(_histories(files, limit, query))]


async def _histories(files: list[Path], limit: int, query: str) -> AsyncIterator[WorkflowHistory]:
    async for history in stored_histories(files):
        yield history
    if limit:
        async for history in running_histories(await connect_temporal(), limit, query):
            yield history


def _as_object(replayed: list[Replayed]) -> dict[str, object]:
    return {
        "replayed": dict(Counter(each.workflow_type for each in replayed)),
        "failures": [
            {"workflow_type": each.workflow_type, "workflow_id": each.workflow_id, "failure": each.failure}
            for each in replayed
            if each.failure
        ],
    }


def _show(replayed: list[Replayed]) -> None:
    failures = [each for each in replayed if each.failure]
    for name, count in sorted(Counter(each.workflow_type for each in replayed).items()):
        print(f"{name}: {count} replayed")
    for each in failures:
        print(f"FAIL {each.workflow_type} {each.workflow_id}: {each.failure}")
    if failures:
        print(f"{len(failures)} of {len(replayed)} would stand still with this code: do not deploy it.")
    else:
        print(f"This code goes on with all {len(replayed)} of them.")
