"""How late due steps are taken, for Prometheus: an alert reads it, no rule does.

In the subscription's own time on both sides, so that a clock that was turned says nothing of us. Counted when
the step is done, from its date or from when it became the next one, whichever is later: who takes a card away
after the date of the reminder makes nobody late.
"""

from datetime import datetime

from temporalio import workflow

from domain.due import NextStep
from domain.subscription import SubscriptionState

LAG = "billing_step_lag"


class StepLag:
    def __init__(self) -> None:
        self._version: int | None = None
        self._known_since: datetime | None = None

    def see(self, state: SubscriptionState) -> None:
        """Before each look for what is due."""
        if state.version != self._version:
            self._known_since = workflow.now() if self._version is not None else None
            self._version = state.version

    def taken(self, due: NextStep) -> None:
        """A replay counts nothing again."""
        since = due.at if self._known_since is None else max(due.at, self._known_since)
        seconds = max(0.0, (workflow.now() - since).total_seconds())
        meter = workflow.metric_meter().with_additional_attributes({"step": due.step.value})
        meter.create_histogram_float(LAG, "How late due steps were taken", "seconds").record(seconds)
