"""What lists are searched by: each a query string, in which a filter that is misspelled is refused."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from api.paging import PageQuery
from api.schemas.auth import Email
from api.schemas.base import RowId
from api.schemas.exports import A_MOMENT, Moment
from api.schemas.staff_plans import PLAN_CODE
from db.queries.inbox_views import ReportFilter
from db.queries.invoice_search import InvoiceFilter
from db.queries.payment_reports import ReportStatus
from db.queries.payment_search import PaymentFilter
from db.queries.staff_actions import ActionFilter
from db.queries.subscription_search import SubscriptionFilter
from db.queries.user_search import UserFilter
from domain.invoice import InvoiceStatus
from domain.payment import PaymentStatus
from domain.staff_action import StaffAction
from domain.subscription import Status

INVOICE_NUMBER = r"^[A-Z0-9-]{1,40}$"
SUBJECT_KIND = r"^[a-z_]{1,40}$"
SUBJECT_ID = r"^[A-Za-z0-9._-]{1,64}$"
PROVIDER = r"^[a-z0-9_-]{1,40}$"
ACTOR = r"^[a-z]{1,20}:[A-Za-z0-9._@-]{1,100}$"


class SubscriptionSearch(PageQuery):
    status: Status | None = None
    plan_code: Annotated[str, StringConstraints(pattern=PLAN_CODE)] | None = None
    user_id: RowId | None = None
    email: Email | None = Field(None, description="The whole address of its owner.")
    parked: bool | None = Field(None, description="Whether it was stopped for a person.")
    next_action_before: Moment | None = Field(
        None, description=f"Something is due before this, by the subscription's own clock. {A_MOMENT}"
    )
    created_from: Moment | None = Field(None, description=f"Then or later. {A_MOMENT}")
    created_to: Moment | None = Field(None, description=f"Before this. {A_MOMENT}")

    @model_validator(mode="after")
    def _refuse_an_empty_window(self) -> Self:
        if self.created_from and self.created_to and self.created_from >= self.created_to:
            raise ValueError("created_from has to be before created_to")
        return self

    @property
    def only(self) -> SubscriptionFilter:
        return SubscriptionFilter(**self.model_dump(exclude={"cursor", "limit"}))


class UserSearch(PageQuery):
    id: RowId | None = None
    email: Email | None = Field(None, description="The whole address.")

    @property
    def only(self) -> UserFilter:
        return UserFilter(self.id, self.email)


class InvoiceSearch(PageQuery):
    status: InvoiceStatus | None = None
    user_id: RowId | None = None
    subscription_id: RowId | None = None
    number: Annotated[str, StringConstraints(pattern=INVOICE_NUMBER)] | None = None

    @property
    def only(self) -> InvoiceFilter:
        return InvoiceFilter(self.status, self.user_id, self.subscription_id, self.number)


class OwnInvoiceSearch(PageQuery):
    status: InvoiceStatus | None = None


class PaymentSearch(PageQuery):
    status: PaymentStatus | None = None
    user_id: RowId | None = None
    subscription_id: RowId | None = None
    invoice_id: RowId | None = None

    @property
    def only(self) -> PaymentFilter:
        return PaymentFilter(self.status, self.user_id, self.subscription_id, self.invoice_id)


class WebhookSearch(PageQuery):
    status: ReportStatus | None = None
    provider: Annotated[str, StringConstraints(pattern=PROVIDER)] | None = None
    payment_id: RowId | None = None

    @property
    def only(self) -> ReportFilter:
        return ReportFilter(self.status, self.provider, self.payment_id)


class EventSearch(PageQuery):
    subscription_id: RowId | None = Field(None, description="Only those of this subscription.")


class ActionSearch(PageQuery):
    actor: Annotated[str, StringConstraints(pattern=ACTOR)] | None = Field(
        None, description="As in `user:7` and `operator:anna`."
    )
    action: StaffAction | None = None
    subject_kind: Annotated[str, StringConstraints(pattern=SUBJECT_KIND)] | None = None
    subject_id: Annotated[str, StringConstraints(pattern=SUBJECT_ID)] | None = None

    @property
    def only(self) -> ActionFilter:
        return ActionFilter(self.actor, self.action, self.subject_kind, self.subject_id)
