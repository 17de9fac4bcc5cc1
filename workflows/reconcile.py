"""Routines that hold books and workflows against each other: `Reconcile`, and a quick look in between."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

from activities.upkeep_contracts import (
    AskRule,
    RuleNotAsked,
    ask_rule,
    begin_reconciliation,
    end_reconciliation,
    note_rule_not_asked,
    revive_lost_workflows,
)
from workflows.options import DATABASE_STEP, UPKEEP_QUEUE

LONGEST_RULE = timedelta(minutes=15)
LONGEST_SILENCE = timedelta(minutes=1)
LONGEST_SWEEP = timedelta(minutes=5)
TWICE = RetryPolicy(maximum_attempts=2)
"""What can't be done now is looked at again at the next turn."""


@workflow.defn(name="Reconcile")
class Reconcile:
    """One rule after the other. One that takes too long is noted, and the others are asked all the same."""

    @workflow.run
    async def run(self) -> None:
        begun = await workflow.execute_activity(
            begin_reconciliation, task_queue=UPKEEP_QUEUE, summary="begin", **DATABASE_STEP
        )
        for rule in begun.rules:
            await self._ask(AskRule(begun.run_id, rule))
        await workflow.execute_activity(
            end_reconciliation, begun.run_id, task_queue=UPKEEP_QUEUE, summary="end", **DATABASE_STEP
        )

    async def _ask(self, command: AskRule) -> None:
        try:
            await workflow.execute_activity(
                ask_rule,
                command,
                task_queue=UPKEEP_QUEUE,
                start_to_close_timeout=LONGEST_RULE,
                heartbeat_timeout=LONGEST_SILENCE,
                retry_policy=TWICE,
                summary=command.rule,
            )
        except ActivityError as failure:
            if is_cancelled_exception(failure):
                raise
            error = type(failure.cause or failure).__name__
            await workflow.execute_activity(
                note_rule_not_asked,
                RuleNotAsked(command.run_id, command.rule, error),
                task_queue=UPKEEP_QUEUE,
                summary=command.rule,
                **DATABASE_STEP,
            )


@workflow.defn(name="FindLostWorkflows")
class FindLostWorkflows:
    """What was ended by hand is started again from its row."""

    @workflow.run
    async def run(self) -> int:
        return await workflow.execute_activity(
            revive_lost_workflows,
            task_queue=UPKEEP_QUEUE,
            start_to_close_timeout=LONGEST_SWEEP,
            retry_policy=TWICE,
            summary="closed in the last minutes",
        )
