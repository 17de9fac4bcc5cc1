"""Whether Temporal has our namespace as we need it, workers that ask for work, and schedules that run."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from cli.doctor.finding import Finding, fail, warn, well
from workflows.options import (
    BILLING_QUEUE,
    DUNNING_ATTEMPT,
    EVENTS_QUEUE,
    NEXT_ACTION_AT,
    PARKED,
    PAYMENTS_QUEUE,
    PLAN_CODE,
    SUBSCRIPTION_ID,
    SUBSCRIPTION_STATUS,
    UPKEEP_QUEUE,
    USER_ID,
)
from workflows.schedules import ROUTINES, Routine

PATIENCE = timedelta(seconds=3)
SHORTEST_RETENTION = timedelta(days=1)
SEARCH_ATTRIBUTES = (
    SUBSCRIPTION_STATUS,
    PLAN_CODE,
    USER_ID,
    SUBSCRIPTION_ID,
    DUNNING_ATTEMPT,
    PARKED,
    NEXT_ACTION_AT,
)
QUEUES = (BILLING_QUEUE, PAYMENTS_QUEUE, UPKEEP_QUEUE, EVENTS_QUEUE)


async def look_at_temporal(temporal: Client) -> list[Finding]:
    """Raises what Temporal raises when it is away."""
    found = [await _namespace(temporal)]
    found.append(await _asked("search attributes", _search_attributes, temporal))
    found.append(await _workers(temporal))
    found += [await _schedule(temporal, routine) for routine in ROUTINES]
    return found


async def _asked(name: str, ask: Callable[[Client], Awaitable[Finding]], temporal: Client) -> Finding:
    """Some clusters, Temporal Cloud among them, let nobody look: that is no fault."""
    try:
        return await ask(temporal)
    except RPCError as error:
        if error.status in {RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED}:
            return warn(name, f"cannot be looked at: {error.status.name}", "ask who runs the cluster")
        raise


async def _namespace(temporal: Client) -> Finding:
    request = DescribeNamespaceRequest(namespace=temporal.namespace)
    described = await temporal.workflow_service.describe_namespace(request, timeout=PATIENCE)
    kept = described.config.workflow_execution_retention_ttl.ToTimedelta()
    says = f"namespace {temporal.namespace}, closed workflows are kept for {kept.days} days"
    if kept < SHORTEST_RETENTION:
        return warn("temporal", says, "a day or more lets somebody look at what has ended")
    return well("temporal", says)


async def _search_attributes(temporal: Client) -> Finding:
    request = ListSearchAttributesRequest(namespace=temporal.namespace)
    listed = await temporal.operator_service.list_search_attributes(request, timeout=PATIENCE)
    missing = [key.name for key in SEARCH_ATTRIBUTES if key.name not in listed.custom_attributes]
    if missing:
        return fail(
            "search attributes", f"missing: {', '.join(missing)}", "see ops/temporal/create-namespace.sh"
        )
    return well("search attributes", f"all {len(SEARCH_ATTRIBUTES)} are there")


async def _workers(temporal: Client) -> Finding:
    counts = {queue: await _count_pollers(temporal, queue) for queue in QUEUES}
    says = ", ".join(f"{queue} {count}" for queue, count in counts.items())
    if not all(counts.values()):
        return fail("workers", f"asking for work: {says}", "italiano worker")
    return well("workers", f"asking for work: {says}")


async def _count_pollers(temporal: Client, queue: str) -> int:
    """Those of the last minutes, whoever asks for activities: every worker does, on each of its queues."""
    request = DescribeTaskQueueRequest(
        namespace=temporal.namespace,
        task_queue=TaskQueue(name=queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    )
    described = await temporal.workflow_service.describe_task_queue(request, timeout=PATIENCE)
    return len(described.pollers)


async def _schedule(temporal: Client, routine: Routine) -> Finding:
    name = f"schedule {routine.name}"
    try:
        described = await temporal.get_schedule_handle(routine.name).describe(rpc_timeout=PATIENCE)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return warn(name, "is not there", "a worker makes it, unless BILLING_ROUTINES_ENABLED=false")
    if described.schedule.state.paused:
        return warn(name, "is paused", f"temporal schedule toggle --unpause -s {routine.name}")
    upcoming = described.info.next_action_times
    says = f"every {routine.every.total_seconds():.0f} s, {described.info.num_actions} runs so far"
    if not upcoming:
        return fail(name, f"{says}, and none to come", "start a worker again: it renews its schedules")
    return well(name, says)
