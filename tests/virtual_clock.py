"""Turns the clock of one workflow on the running stack; its neighbours stay in today."""

from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.testing import TimeSkipper, TimeSkippingConfig


async def fast_forward(temporal: Client, workflow_id: str, duration: timedelta) -> None:
    """Returns when the workflow's clock has moved by `duration`, or the workflow has closed before."""
    workflow: WorkflowHandle[Any, Any] = temporal.get_workflow_handle(workflow_id)
    await TimeSkipper(temporal, config=TimeSkippingConfig(enabled=False)).fast_forward(workflow, duration)
