"""How activities are called, and when a run gives way to the next."""

from datetime import timedelta
from typing import TypedDict

from temporalio.common import RetryPolicy, SearchAttributeKey

BILLING_QUEUE = "billing"
PAYMENTS_QUEUE = "payments"
"""Calls of providers: rate-limited on their own, and slow when a provider is."""
UPKEEP_QUEUE = "upkeep"
"""Looks at the whole of the books: few at once, and long ones."""
EVENTS_QUEUE = "events"
"""Calls of those who are told of events: slow when they are, and nobody else waits for them."""

RUN_LIVES = timedelta(days=365)
RUN_MAX_EVENTS = 1_000
AFTER_A_FAULT = timedelta(hours=1)
DRAIN = timedelta(seconds=10)


class ActivityOptions(TypedDict):
    start_to_close_timeout: timedelta
    retry_policy: RetryPolicy


DATABASE_STEP = ActivityOptions(
    # Short, since the caller of a start waits for as long when a worker dies in the middle.
    start_to_close_timeout=timedelta(seconds=3),
    # Without an end: an outage is waited for. A refusal is raised as non-retryable.
    retry_policy=RetryPolicy(
        initial_interval=timedelta(milliseconds=200),
        backoff_coefficient=2.0,
        maximum_interval=timedelta(seconds=15),
    ),
)


ROUTINE_STEP = ActivityOptions(
    # The next run of the schedule is the retry.
    start_to_close_timeout=timedelta(seconds=60),
    retry_policy=RetryPolicy(maximum_attempts=1),
)


class ProviderOptions(TypedDict):
    task_queue: str
    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    retry_policy: RetryPolicy


PROVIDER_CALL = ProviderOptions(
    task_queue=PAYMENTS_QUEUE,
    start_to_close_timeout=timedelta(seconds=15),
    # An outage is repeated with the same key for this long; then what became of it is looked up later.
    schedule_to_close_timeout=timedelta(seconds=60),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=2.0,
        maximum_interval=timedelta(seconds=15),
    ),
)

SUBSCRIPTION_STATUS = SearchAttributeKey.for_keyword("SubscriptionStatus")
PLAN_CODE = SearchAttributeKey.for_keyword("PlanCode")
USER_ID = SearchAttributeKey.for_keyword("UserId")
SUBSCRIPTION_ID = SearchAttributeKey.for_keyword("SubscriptionId")
DUNNING_ATTEMPT = SearchAttributeKey.for_int("DunningAttempt")
PARKED = SearchAttributeKey.for_bool("Parked")
NEXT_ACTION_AT = SearchAttributeKey.for_datetime("NextActionAt")
