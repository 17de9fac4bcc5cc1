"""Bugs of `upkeep/` and `worker/`: what runs by itself, and what is told of it."""

from tests.seeded_bugs.bug import Bug

OF_UPKEEP = (
    Bug(
        name="ended-with-a-charge-open",
        file="upkeep/lost_workflows.py",
        old="""\
        if row is None or row.state.is_finished:\
""",
        new="""\
        if row is None or row.state.has_ended:\
""",
        cost="a charge that was under way when its subscription ended is followed by nobody",
        near=(
            "tests/upkeep/test_inbox_relay.py",
            "tests/faults/test_lost_workflow.py",
        ),
    ),
    Bug(
        name="counted-though-undone",
        file="worker/counting.py",
        old="""\
        with noting() as outcomes:
            result = await super().execute_activity(input)
        for outcome in outcomes:
            self._count(outcome)
        return result
""",
        new="""\
        with noting() as outcomes:
            try:
                return await super().execute_activity(input)
            finally:
                for outcome in outcomes:
                    self._count(outcome)
""",
        cost="a payment that was rolled back and repeated is counted twice",
        near=("tests/monitoring/test_rolled_back.py",),
    ),
    Bug(
        name="one-public-address",
        file="upkeep/events/sending.py",
        old="""\
        if not self.allow_private and not all(map(is_public, addresses)):\
""",
        new="""\
        if not self.allow_private and not any(map(is_public, addresses)):\
""",
        cost="a name with one public address beside a private one lets an endpoint reach our own network",
        near=("tests/upkeep/test_event_sending.py",),
        is_reserve=True,
    ),
)
