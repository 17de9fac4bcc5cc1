"""Around every activity: the log context of its workflow, and how long it took."""

import time
from typing import Any

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

log = structlog.get_logger(__name__)


class Observation(Interceptor):
    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's name
        return _ObservedActivity(super().intercept_activity(next))


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
