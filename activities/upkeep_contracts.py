"""What the routines order, from outside of any subscription's workflow: stubs, as in `contracts.py`."""

from dataclasses import dataclass

from temporalio import activity


@dataclass(frozen=True)
class BegunRun:
    """A run of reconciliation, and the rules to ask, in their order."""

    run_id: int
    rules: tuple[str, ...]


@dataclass(frozen=True)
class AskRule:
    run_id: int
    rule: str


@dataclass(frozen=True)
class RuleNotAsked:
    """It took too long, or whoever asked it died."""

    run_id: int
    rule: str
    error: str


@activity.defn
async def begin_reconciliation() -> BegunRun:
    """A second call begins another run; one that is never ended says so."""
    raise NotImplementedError


@activity.defn
async def ask_rule(command: AskRule) -> int:
    """Keeps what the rule finds, resolves what is gone, mends what mends itself. Returns how many it found.

    A rule that fails is noted with the run, and no error. A second call sees the same findings once more.
    """
    raise NotImplementedError


@activity.defn
async def note_rule_not_asked(command: RuleNotAsked) -> None:
    """So that everybody sees that this rule says nothing."""
    raise NotImplementedError


@activity.defn
async def end_reconciliation(run_id: int) -> None:
    """Twice is once."""
    raise NotImplementedError


@activity.defn
async def revive_lost_workflows() -> int:
    """Starts again what was terminated or canceled in the last minutes; returns how many. Twice is once."""
    raise NotImplementedError


@activity.defn
async def deliver_inbox() -> int:
    """Tells workflows of the payment reports that are due, and returns how many. Twice is once."""
    raise NotImplementedError
