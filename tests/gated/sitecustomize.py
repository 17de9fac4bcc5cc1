"""Loaded by a worker under test (by PYTHONPATH): what a gate tells it to do at a step, it does there.

A gate is a file in the folder `GATES`, named after a step and a workflow, that says `hold` or `die`.
"""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

GLANCE_SECONDS = 0.01


async def pass_gate(folder: Path, step: str, workflow_id: str) -> None:
    gate = folder / f"{step}@{workflow_id}"
    if not gate.exists():
        return
    order = gate.read_text()
    gate.rename(gate.with_name(f"{gate.name}.reached"))
    if order == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    while gate.with_name(f"{gate.name}.reached").exists():  # noqa: ASYNC110 - another process opens it
        await asyncio.sleep(GLANCE_SECONDS)


def install(folder: Path) -> None:
    """Before and after every activity, and every charge and refund by the sandbox."""
    from temporalio import activity  # noqa: PLC0415 - other programs of this Python load this file too

    from payments.sandbox import Sandbox  # noqa: PLC0415
    from worker.interceptors import _ObservedActivity  # noqa: PLC0415

    async def execute_activity(self: _ObservedActivity, input: Any) -> Any:  # noqa: A002 - the SDK's name
        info = activity.info()
        await pass_gate(folder, info.activity_type, info.workflow_id or "")
        result = await execute(self, input)
        await pass_gate(folder, f"{info.activity_type}_done", info.workflow_id or "")
        return result

    def gated(name: str) -> None:
        call = getattr(Sandbox, name)

        async def pass_and_call(*arguments: Any) -> Any:
            workflow_id = activity.info().workflow_id or ""
            await pass_gate(folder, name, workflow_id)
            answer = await call(*arguments)
            await pass_gate(folder, f"{name}_answered", workflow_id)
            return answer

        setattr(Sandbox, name, pass_and_call)

    execute = _ObservedActivity.execute_activity
    _ObservedActivity.execute_activity = execute_activity  # type: ignore[method-assign]
    for name in ("charge", "find_charge", "cancel_charge", "refund"):
        gated(name)


def be_impatient(provider_seconds: float, look_ups: int) -> None:
    """Gives an outage of the provider so long until its charges are unknown, and asks so often then."""
    from domain import collecting  # noqa: PLC0415 - as above
    from workflows.options import PROVIDER_CALL  # noqa: PLC0415

    PROVIDER_CALL["start_to_close_timeout"] = timedelta(seconds=provider_seconds)
    PROVIDER_CALL["schedule_to_close_timeout"] = timedelta(seconds=provider_seconds * 2)
    collecting.UNKNOWN_LOOK_UPS = look_ups


if "GATES" in os.environ and "worker" in sys.orig_argv:
    install(Path(os.environ["GATES"]))
    if "PROVIDER_SECONDS" in os.environ:
        be_impatient(float(os.environ["PROVIDER_SECONDS"]), int(os.environ["UNKNOWN_LOOK_UPS"]))
