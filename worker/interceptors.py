"""Around activities: the log context of their workflow, how long they took, an end to our faults."""

import time
from typing import Any

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.contracts import INTERNAL_FAULT
from db.database import is_unavailable

TRIES = 5

log = structlog.get_logger(__name__)


class Observation(Interceptor):
    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's name
        return _ObservedActivity(super().intercept_activity(next))


class FaultsEnd(Interceptor):
    """An outage is waited for. A fault of ours would be repeated for ever, with the lock held."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's name
        return _EndingActivity(super().intercept_activity(next))


class _EndingActivity(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        try:
            return await super().execute_activity(input)
        except ApplicationError:
            raise
        except Exception as error:
            if is_unavailable(error) or activity.info().attempt < TRIES:
                raise
            log.exception("activity_fault", activity=activity.info().activity_type)
            raise ApplicationError(type(error).__name__, type=INTERNAL_FAULT, non_retryable=True) from error


class _ObservedActivity(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        info = activity.info()
        began = time.perf_counter()
        outcome = "failed"
        with structlog.contextvars.bound_contextvars(workflow_id=info.workflow_id):
            try:
                result = await super().execute_activity(input)
                outcome = "done"
            except ApplicationError as error:
                outcome = "refused" if error.category is ApplicationErrorCategory.BENIGN else "failed"
                raise
            else:
                return result
            finally:
                seconds = time.perf_counter() - began
                _count(outcome, seconds)
                log.info(
                    "activity",
                    activity=info.activity_type,
                    outcome=outcome,
                    attempt=info.attempt,
                    ms=round(seconds * 1_000, 1),
                )


def _count(outcome: str, seconds: float) -> None:
    """The SDK adds activity type and queue as labels."""
    meter = activity.metric_meter().with_additional_attributes({"outcome": outcome})
    meter.create_counter("billing_activities", "Activities by outcome").add(1)
    meter.create_histogram_float("billing_activity", "How long activities took", "seconds").record(seconds)
