"""Bodies that only staff see."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints

from api.explain import Explained
from api.schemas.base import RequestBody, ResponseBody, UtcInstant
from api.schemas.subscriptions import SubscriptionBody
from domain.collecting import AttemptStage
from domain.due import Step
from domain.dunning import FinalAction
from domain.subscription import Status


class PinnedPlanBody(ResponseBody):
    """The terms that the subscription was started on."""

    code: str
    name: str
    period_iso: str
    price_cents: int
    currency: str
    vat_rate_bp: int
    trial_days: int
    grace_days: int
    freeze_days_per_year: int


class RulesUsedBody(ResponseBody):
    """`dunning_*` are those of the open invoice, and null without one."""

    unpaid_start_hours: int
    grace_days: int
    dunning_policy_version: int | None
    dunning_retry_days: list[int] | None


class AttemptBody(ResponseBody):
    """The payment under way. `method_id` is null when a person pays.

    `due` is to be sent, `charging` is with the provider since `since`, `pending` waits for the payer, and
    `unknown` got no answer. The provider was asked `look_ups` times, and is asked again at `look_up_at`.
    """

    payment_id: int
    stage: AttemptStage
    method_id: int | None
    since: UtcInstant
    look_ups: int
    look_up_at: UtcInstant | None


class PinnedPolicyBody(ResponseBody):
    version: int
    retry_days: list[int]
    final_action: FinalAction


class DunningCaseBody(ResponseBody):
    """`waits_for_new_method`: declined for good, so nothing is charged until the payment method changes."""

    policy: PinnedPolicyBody
    opened_at: UtcInstant
    last_attempt_at: UtcInstant
    retries_made: int
    waits_for_new_method: bool


class ExplanationBody(ResponseBody):
    """`why` and `what_next` are sentences for a person.

    `next_action_at` is when time alone brings the next step, by the subscription's own clock.
    """

    status: Status
    why: str
    next_action: Step | None
    next_action_at: UtcInstant | None
    what_next: str
    version: int
    open_invoice_id: int | None
    parked_reason: str | None
    attempt: AttemptBody | None
    dunning: DunningCaseBody | None
    recent_commands: list[str]
    plan: PinnedPlanBody
    rules: RulesUsedBody


class WorkflowBody(ResponseBody):
    """`answered` is whether the workflow told the story itself, and `note` says so in words.

    `is_busy`: a command or a step is being carried out. `unread_report_ids` are payment reports that were
    delivered and are not settled yet. These and `run_began_at` are null when it did not answer.
    """

    id: str
    answered: bool
    note: str
    is_busy: bool | None
    unread_report_ids: list[int] | None
    run_began_at: UtcInstant | None

    @classmethod
    def of(cls, explained: Explained) -> Self:
        told = explained.description
        return cls(
            id=explained.view.workflow_id,
            answered=told is not None,
            note=explained.note,
            is_busy=told and told.is_busy,
            unread_report_ids=told and list(told.unread_report_ids),
            run_began_at=told and told.run_began_at,
        )


class LinksBody(ResponseBody):
    """`temporal_ui` is null where the address of the Temporal UI is not configured."""

    timeline: str
    temporal_ui: str | None


class ExplainedBody(ResponseBody):
    """`subscription` is what its user sees, from the row; `explanation` is the workflow's, if it answered.

    `user_flagged_at` is when a payment of the user was first charged back.
    """

    user_id: int
    user_flagged_at: UtcInstant | None
    subscription: SubscriptionBody
    explanation: ExplanationBody
    workflow: WorkflowBody
    links: LinksBody

    @classmethod
    def of(cls, explained: Explained, temporal_ui: str | None) -> Self:
        subscription_id = explained.view.subscription_id
        return cls(
            user_id=explained.state.user_id,
            user_flagged_at=explained.user_flagged_at,
            subscription=SubscriptionBody.of(explained.view),
            explanation=ExplanationBody.model_validate(explained.explanation),
            workflow=WorkflowBody.of(explained),
            links=LinksBody(
                timeline=f"/admin/subscriptions/{subscription_id}/timeline", temporal_ui=temporal_ui
            ),
        )


class UnparkBody(RequestBody):
    """`reason` says what was found out, for those who look at the subscription later."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=500)] = Field(
        examples=["the provider says that it was never charged"]
    )
