"""Which invoices an export holds."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from domain.invoice import InvoiceStatus
from domain.window import Window, parse_moment

Moment = Annotated[
    datetime, BeforeValidator(parse_moment), WithJsonSchema({"type": "string", "examples": ["2026-03-01"]})
]
"""A date, which is its midnight in UTC, or an instant."""

A_MOMENT = "A date (its midnight in UTC) or an instant with its offset; `+` is written `%2B` in an address."


class ExportQuery(BaseModel):
    """A filter that is misspelled is refused: it would let everything through."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: Moment | None = Field(
        None, alias="from", description=f"They came to their status then or later. {A_MOMENT}"
    )
    until: Moment | None = Field(
        None, alias="to", description=f"They came to their status before this. {A_MOMENT}"
    )
    status: Literal["open", "paid", "void", "uncollectible"] = "paid"

    @model_validator(mode="after")
    def _refuse_an_empty_window(self) -> Self:
        _ = self.window
        return self

    @property
    def window(self) -> Window:
        return Window(self.since, self.until)

    @property
    def invoice_status(self) -> InvoiceStatus:
        return InvoiceStatus(self.status)
