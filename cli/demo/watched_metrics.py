"""The metrics that a subscription moves, before and after."""

import time

from prometheus_client.parser import text_string_to_metric_families

from cli.demo.caller import Caller, NotAsToldError

WATCHED = ("payments_succeeded_total", "http_requests_total", "active_subscriptions")
PATIENCE_SECONDS = 15.0
LOOK_AGAIN_SECONDS = 0.25


class WatchedMetrics:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._before = self._read()

    def tell_growth(self) -> None:
        """Waits until all have grown: the business counts are read at most every few seconds."""
        self._caller.chapter("What Prometheus sees (business counts are a few seconds old at most)")
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while not all((after := self._read())[name] > self._before[name] for name in WATCHED):
            if time.monotonic() > give_up_at:
                raise NotAsToldError(f"the metrics did not all grow: from {self._before} to {after}")
            time.sleep(LOOK_AGAIN_SECONDS)
        self._caller.call("GET", "/metrics", 200)
        for name in WATCHED:
            self._caller.tell(f"{name:<26}{self._before[name]:>6.0f} → {after[name]:.0f}")

    def _read(self) -> dict[str, float]:
        """Each summed over its labels."""
        answer = self._caller.call_until("/metrics", PATIENCE_SECONDS)
        totals = dict.fromkeys(WATCHED, 0.0)
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                if sample.name in totals:
                    totals[sample.name] += sample.value
        return totals
