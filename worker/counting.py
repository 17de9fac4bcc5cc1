"""The counters of what activities did: at zero from the start, so that an alert sees the first one rise."""

from collections.abc import Iterator, Mapping
from typing import Any

from temporalio.common import MetricCounter, MetricMeter
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from domain.counted import (
    ATTEMPTS,
    DECLINE_CODES,
    DECLINES,
    DUNNING_CASES,
    PAYMENTS,
    CaseOutcome,
    PaymentOutcome,
)
from domain.refund import RefundStatus
from ops.outcomes import Outcome, noting
from workflows.options import BILLING_QUEUE
from workflows.refund import Refund

Labels = Mapping[str, str]

DESCRIPTIONS = {
    PAYMENTS: "Payments that were settled, by provider, outcome and attempt",
    DECLINES: "Payments that were declined, by provider and reason",
    DUNNING_CASES: "Dunning cases that were opened, and what became of them",
}


COUNTED_ELSEWHERE = (
    ("billing_activities", "Activities by outcome", ("done", "refused", "failed")),
    (
        "billing_event_deliveries",
        "Attempts to deliver events, by outcome",
        ("delivered", "not_delivered", "gone", "given_up"),
    ),
    ("billing_refunds", "Answers to refunds, by outcome", tuple(map(str, RefundStatus))),
)
"""Where each is done, with the SDK's own labels beside the outcome."""

REFUNDS_PARKED = "billing_refunds_parked"


class Counting(Interceptor):
    """One for all queues of a worker."""

    def __init__(self, meter: MetricMeter, providers: tuple[str, ...], namespace: str) -> None:
        self._counters = {
            name: meter.create_counter(name, description) for name, description in DESCRIPTIONS.items()
        }
        for name, labels in _expected(providers):
            self._counters[name].add(0, labels)
        for name, description, outcomes in COUNTED_ELSEWHERE:
            counter = meter.create_counter(name, description)
            for outcome in outcomes:
                counter.add(0, {"outcome": outcome})
        # With the labels that the SDK gives it: what an alert sees rise from zero is the same series.
        labels = {"namespace": namespace, "task_queue": BILLING_QUEUE, "workflow_type": Refund.__name__}
        meter.create_counter(REFUNDS_PARKED, "Refunds left to a person").add(0, labels)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's name
        return _CountedActivity(super().intercept_activity(next), self._counters)


class _CountedActivity(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, counters: Mapping[str, MetricCounter]) -> None:
        super().__init__(following)
        self._counters = counters

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        with noting() as outcomes:
            result = await super().execute_activity(input)
        for outcome in outcomes:
            self._count(outcome)
        return result

    def _count(self, outcome: Outcome) -> None:
        self._counters[outcome.counter].add(1, outcome.labels)


def _expected(providers: tuple[str, ...]) -> Iterator[tuple[str, Labels]]:
    for provider in providers:
        for outcome in PaymentOutcome:
            for attempt in ATTEMPTS:
                yield PAYMENTS, {"provider": provider, "outcome": outcome, "attempt": attempt}
        for code in DECLINE_CODES:
            yield DECLINES, {"provider": provider, "code": code}
    for became in CaseOutcome:
        yield DUNNING_CASES, {"outcome": became}
