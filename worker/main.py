"""Runs one worker until it is asked to stop, then lets what is running finish."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
from temporalio import activity, workflow
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.runtime import Runtime
from temporalio.service import RPCError
from temporalio.worker import Worker

from db.database import Database
from ops.leaving import leave
from ops.load_settings import load_settings
from ops.logging import configure_logging
from ops.settings import Settings
from ops.span_export import start_tracing
from ops.temporal_client import connect_temporal
from payments.providers import Providers
from upkeep.events.dispatcher import EventDispatcher, Patience
from upkeep.events.sending import EventSender
from upkeep.reconciliation.reach import Reach
from worker.counting import Counting
from worker.interceptors import FaultsEnd, Observation
from worker.registry import (
    UPKEEP_WORKFLOWS,
    WORKFLOWS,
    billing_activities,
    event_activities,
    inbox_activities,
    payment_activities,
    upkeep_activities,
)
from worker.runtime import tell_build, worker_runtime
from worker.sandbox import sandboxed_runner
from worker.schedules import keep_schedules
from worker.tracing import Tracing
from workflows.options import BILLING_QUEUE, EVENTS_QUEUE, PAYMENTS_QUEUE, UPKEEP_QUEUE
from workflows.schedules import RETIRED, ROUTINES

GRACE = timedelta(seconds=10)
EVENTS_AT_ONCE = 50
"""Most of the time each of them waits for its receiver."""
CONNECT_AGAIN_SECONDS = 1.0
LOOKS_AT_ONCE = 2
QUEUES = (BILLING_QUEUE, PAYMENTS_QUEUE, EVENTS_QUEUE, UPKEEP_QUEUE)

log = structlog.get_logger(__name__)


def build_billing_worker(
    client: Client, database: Database, settings: Settings, counting: Counting
) -> Worker:
    """Runs the workflows, and their steps in the database."""
    return Worker(
        client,
        task_queue=BILLING_QUEUE,
        workflows=WORKFLOWS,
        activities=(
            *billing_activities(database, settings),
            *inbox_activities(client, database, settings),
        ),
        workflow_runner=sandboxed_runner(),
        interceptors=[Tracing(), Observation(), FaultsEnd(), counting],
        max_concurrent_activities=settings.database_pool_size,
        graceful_shutdown_timeout=GRACE,
    )


def build_payments_worker(
    client: Client, database: Database, providers: Providers, settings: Settings, counting: Counting
) -> Worker:
    """Calls the providers; `charges_per_second` holds for all workers together."""
    return Worker(
        client,
        task_queue=PAYMENTS_QUEUE,
        activities=payment_activities(database, providers),
        interceptors=[Tracing(), Observation(), counting],
        max_concurrent_activities=settings.database_pool_size,
        max_task_queue_activities_per_second=settings.charges_per_second,
        graceful_shutdown_timeout=GRACE,
    )


def build_upkeep_worker(
    client: Client, database: Database, providers: Providers, settings: Settings
) -> Worker:
    """Looks at the whole of the books, a few looks at once."""
    rpc_timeout = timedelta(milliseconds=settings.workflow_rpc_timeout_ms)
    return Worker(
        client,
        task_queue=UPKEEP_QUEUE,
        workflows=UPKEEP_WORKFLOWS,
        activities=upkeep_activities(Reach(database, client, providers, rpc_timeout)),
        workflow_runner=sandboxed_runner(),
        interceptors=[Tracing(), Observation()],
        max_concurrent_activities=LOOKS_AT_ONCE,
        graceful_shutdown_timeout=GRACE,
    )


def build_events_worker(
    client: Client, database: Database, sender: EventSender, settings: Settings
) -> Worker:
    """Calls those who are told of events; however slow they are, nobody else waits."""
    return Worker(
        client,
        task_queue=EVENTS_QUEUE,
        activities=event_activities(database, sender, settings),
        interceptors=[Tracing(), Observation()],
        max_concurrent_activities=EVENTS_AT_ONCE,
        graceful_shutdown_timeout=GRACE,
    )


@asynccontextmanager
async def delivering_events(client: Client, database: Database, settings: Settings) -> AsyncIterator[None]:
    """Publishes events and sends them, for as long as the block lasts."""
    patience = Patience(settings.events_first_retry_seconds, settings.events_give_up_seconds)
    rpc_timeout = timedelta(milliseconds=settings.workflow_rpc_timeout_ms)
    dispatching = asyncio.create_task(EventDispatcher(database, client, patience, rpc_timeout).run())
    sender = EventSender(allow_private=settings.events_allow_private)
    try:
        async with build_events_worker(client, database, sender, settings):
            yield
            dispatching.cancel()
            await asyncio.wait([dispatching])
    finally:
        dispatching.cancel()
        await sender.close()


async def run_worker(settings: Settings) -> None:
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    runtime = worker_runtime(settings)
    tell_build(runtime)
    client = await _connect(runtime, stop)
    if client is None:
        return
    database = Database.from_settings(settings)
    providers = Providers.from_settings(settings)
    counting = Counting(runtime.metric_meter, providers.names, client.namespace)
    async with (
        build_payments_worker(client, database, providers, settings, counting),
        build_upkeep_worker(client, database, providers, settings),
        build_billing_worker(client, database, settings, counting),
        delivering_events(client, database, settings),
    ):
        log.info("worker_started", queues=QUEUES)
        keeping = asyncio.create_task(_keep_routines(client, settings))  # not waited for: Temporal may hang
        await stop.wait()
        log.info("worker_stopping")
        keeping.cancel()
    await providers.close()
    await database.close()


async def _keep_routines(client: Client, settings: Settings) -> None:
    if settings.routines_enabled:
        await keep_schedules(client, ROUTINES, RETIRED)


async def _connect(runtime: Runtime, stop: asyncio.Event) -> Client | None:
    """Waits for a cluster that is away, or has no namespace yet; `None` when asked to stop before it came."""
    while not stop.is_set():
        try:
            client = await connect_temporal(runtime=runtime)
            known = DescribeNamespaceRequest(namespace=client.namespace)
            await client.workflow_service.describe_namespace(known)
        except (RuntimeError, RPCError) as error:
            log.warning("temporal_unavailable", error=str(error))
            await asyncio.sleep(CONNECT_AGAIN_SECONDS)
        else:
            return client
    return None


def main() -> None:
    settings = load_settings()
    configure_logging("worker", settings.log_level)
    start_tracing("worker")
    # The details come as fields, so the message needs no copy of them.
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False
    # The sandbox loads the code of a workflow for each run, and compiles it each time if none may be kept.
    sys.dont_write_bytecode = False
    try:
        asyncio.run(run_worker(settings))
    except Exception:
        log.exception("worker_failed")  # as when Temporal gives it no work any more: a new one may get some
        leave(1)
    leave()


if __name__ == "__main__":
    main()
