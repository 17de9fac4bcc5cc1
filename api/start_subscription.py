"""Starts a subscription, so that one key is one subscription whatever is interrupted in between.

1. The row under (user, key) is the authority: it has the answer, also when the workflow's history is gone.
2. What a read can refuse is refused before a workflow exists: nothing is burnt. Once one does, it answers.
3. Update-with-start, with the key as workflow id and the request's hash in the update id: whoever comes first
   starts, whoever comes with it gets the same answer, and another body under the key is refused.
4. A payment method is stored before the start, once the provider knows it: repeated, it is the same method.
5. A start in the future waits in its workflow, whose clock jumps there (api/start_at.py).
6. A refusal stored by an earlier try is not taken for an answer (api/workflow_updates.py).
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from pydantic import TypeAdapter
from structlog.contextvars import bind_contextvars
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowUpdateStage
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.contracts import StartAnswer, StartOrder
from api.gift_codes import check_ordered_card
from api.idempotency import KEY_REUSED
from api.payment_methods import OfferedMethod, PaymentMethods
from api.problems import Problem
from api.refusals import problem_of
from api.start_at import check_start_at, keep_offset
from api.workflow_updates import ask, heard, interrupted
from db.database import Connection, Database
from db.queries import idempotency, plan_terms, promo_redemptions, subscriptions
from domain.plan import PlanTerms
from domain.redeeming import redeem
from domain.refusals import RefusalCode, Refused
from domain.subscription import Status
from ops.running_workflow import find_running
from upkeep.arrival import let_it_come
from upkeep.workflow_clock import WorkflowClock
from workflows.messages import SubscriptionLife, workflow_id
from workflows.options import BILLING_QUEUE, PLAN_CODE, SUBSCRIPTION_STATUS, USER_ID
from workflows.subscription import Subscription

_ANSWER = TypeAdapter(StartAnswer)


@dataclass(frozen=True)
class Started:
    answer: StartAnswer
    is_replay: bool


@dataclass(frozen=True)
class SubscriptionStarter:
    database: Database
    temporal: Client
    rpc_timeout: timedelta
    methods: PaymentMethods

    async def start(self, order: StartOrder, offered: OfferedMethod | None = None) -> Started:
        """Raises `Problem` with the refusal's code; 503 when Temporal, the worker or the provider is away."""
        bind_contextvars(workflow_id=workflow_id(order.user_id, order.idempotency_key))
        started = await self._start_or_repeat(order, offered)
        bind_contextvars(subscription_id=started.answer.subscription_id)
        if order.start_at is not None:
            await keep_offset(self.database, self._clock_of(order), started.answer.subscription_id)
        return started

    async def _start_or_repeat(self, order: StartOrder, offered: OfferedMethod | None) -> Started:
        answer = await self._answer_or_refuse(order)
        if answer is not None:
            return Started(answer, is_replay=True)
        try:
            return Started(await self._ask(order, offered), is_replay=False)
        except WorkflowAlreadyStartedError:
            return await self._answer_of_a_closed_run(order)

    async def _ask(self, order: StartOrder, offered: OfferedMethod | None) -> StartAnswer:
        if order.start_at is not None:
            check_start_at(order.start_at)
        if offered is not None:
            order = replace(order, payment_method_id=await self.methods.keep(order.user_id, offered))
        ahead = order.start_at - datetime.now(UTC) if order.start_at else timedelta()
        return await ask(partial(self._update_with_start, order), f"start:{order.request_hash}", ahead)

    async def _answer_or_refuse(self, order: StartOrder) -> StartAnswer | None:
        """Each statement sees a moment of its own: what refuses may be this very start, opened meanwhile."""
        async with self.database.read() as connection:
            answer = await _find_answer(connection, order)
            if answer is not None:
                return answer
            try:
                await _refuse_early(connection, order)
            except Problem as problem:
                refusal = problem
                answer = await _find_answer(connection, order)
            else:
                return None
        if answer is None and not await self._is_under_way(order):
            raise refusal
        return answer

    async def _is_under_way(self, order: StartOrder) -> bool:
        """An earlier try that got no answer may yet open what is refused now: its own answer is the one."""
        own_workflow = workflow_id(order.user_id, order.idempotency_key)
        return await find_running(self.temporal, own_workflow, self.rpc_timeout) is not None

    async def _update_with_start(self, order: StartOrder, update_id: str) -> StartAnswer:
        start = WithStartWorkflowOperation(
            Subscription.run,
            SubscriptionLife(order),
            id=workflow_id(order.user_id, order.idempotency_key),
            task_queue=BILLING_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            # A refused start fails its run on purpose, and only such a run gives its key back.
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            search_attributes=TypedSearchAttributes(
                [
                    SearchAttributePair(SUBSCRIPTION_STATUS, Status.INCOMPLETE),
                    SearchAttributePair(PLAN_CODE, order.plan_code),
                    SearchAttributePair(USER_ID, str(order.user_id)),
                ]
            ),
            static_summary=f"{order.plan_code} of user {order.user_id}",
        )
        with heard(start):
            started = await self.temporal.start_update_with_start_workflow(
                Subscription.start,
                order.request_hash,
                start_workflow_operation=start,
                wait_for_stage=WorkflowUpdateStage.ACCEPTED
                if order.start_at
                else WorkflowUpdateStage.COMPLETED,
                id=update_id,
                rpc_timeout=self.rpc_timeout,
            )
            if order.start_at is not None:
                await let_it_come(self.database, self._clock_of(order), order.start_at)
            return await started.result(rpc_timeout=self.rpc_timeout)

    def _clock_of(self, order: StartOrder) -> WorkflowClock:
        return WorkflowClock(
            self.temporal, workflow_id(order.user_id, order.idempotency_key), self.rpc_timeout
        )

    async def _answer_of_a_closed_run(self, order: StartOrder) -> Started:
        """The subscription was opened and has ended between our read and our call."""
        answer = await self._answer_or_refuse(order)
        if answer is None:
            raise interrupted()
        return Started(answer, is_replay=True)


async def _find_answer(connection: Connection, order: StartOrder) -> StartAnswer | None:
    opened = await subscriptions.find_opened(connection, order.user_id, order.idempotency_key)
    if opened is not None:
        if opened.request_hash != order.request_hash:
            raise problem_of(KEY_REUSED)
        return _ANSWER.validate_python(opened.start_answer)
    if await idempotency.find_answer(connection, order.user_id, order.idempotency_key):
        raise problem_of(KEY_REUSED)
    return None


async def _refuse_early(connection: Connection, order: StartOrder) -> None:
    """What a read can refuse needs no workflow."""
    plan = await plan_terms.find_plan_on_sale(connection, order.plan_code)
    if plan is None:
        raise problem_of(Refused(RefusalCode.PLAN_NOT_FOUND, "there is no such plan on sale"))
    live = await subscriptions.find_live(connection, order.user_id)
    if live is not None and live[1] is not Status.INCOMPLETE:
        facts = {"subscription_id": live[0]}
        raise problem_of(Refused(RefusalCode.SUBSCRIPTION_EXISTS, "the user has a live subscription", facts))
    await _check_promo_code(connection, order, plan.terms)
    await check_ordered_card(connection, order, plan.terms.currency)


async def _check_promo_code(connection: Connection, order: StartOrder, plan: PlanTerms) -> None:
    """What is free now may be gone when the start asks for it: it is looked at again there."""
    if order.promo_code is None:
        return
    offer = await promo_redemptions.find_offer(connection, order.promo_code, order.user_id)
    try:
        redeem(offer, plan, order.start_at or datetime.now(UTC))
    except Refused as refused:
        raise problem_of(refused) from refused
