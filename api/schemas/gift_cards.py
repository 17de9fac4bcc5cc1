"""Bodies about gift cards, and about what a user has with us."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints

from api.schemas.base import Reason, RequestBody, ResponseBody, UtcInstant
from api.schemas.staff_plans import Currency, Price
from db.queries.invoice_views import DueView
from domain.gift_card import GiftCard

MOST_CARDS = 500

GiftCode = Annotated[
    str, StringConstraints(min_length=1, max_length=64), Field(examples=["7G3K-0XQ9-M2VD-4TPA"])
]
"""As people type it: case, dashes and spaces don't matter, O is 0, I and L are 1."""


class GiftCodeBody(RequestBody):
    code: GiftCode


class RedeemGiftBody(RequestBody):
    gift_code: GiftCode


class GiftBalanceBody(ResponseBody):
    """What is left on the card."""

    balance_cents: int
    currency: str
    expires_at: UtcInstant | None


class DueInvoiceBody(ResponseBody):
    """`amount_due_cents` is asked for as before."""

    invoice_id: int
    amount_due_cents: int
    currency: str


class RedeemedGiftBody(GiftBalanceBody):
    """What is left on the card, for the next invoices. `open_invoice` is the one that it does not pay.

    That is finalized, so it stays due as it is; null when none waits for its payment.
    """

    open_invoice: DueInvoiceBody | None

    @classmethod
    def of(cls, card: GiftCard, due: DueView | None) -> Self:
        balance = GiftBalanceBody.model_validate(card).model_dump()
        return cls(**balance, open_invoice=due and DueInvoiceBody.model_validate(due))


class OwnedCardBody(ResponseBody):
    amount_cents: int
    balance_cents: int
    currency: str
    expires_at: UtcInstant | None
    redeemed_at: UtcInstant


class PurseTotalBody(ResponseBody):
    """What the next invoice in this currency is paid from: gift cards that have not expired, then balance."""

    currency: str
    gift_cents: int
    balance_cents: int


class PurseBody(ResponseBody):
    """`gift_cards` are all that the user has redeemed, in the order in which they are used."""

    totals: list[PurseTotalBody]
    gift_cards: list[OwnedCardBody]


class NewGiftCardsBody(RequestBody):
    """`amount_cents` is what each card is worth."""

    amount_cents: Price = Field(examples=[5000])
    currency: Currency = Field(examples=["EUR"])
    count: Annotated[int, Field(ge=1, le=MOST_CARDS)] = Field(examples=[10])
    expires_at: UtcInstant | None = None
    reason: Reason | None = None


class KeptBatchBody(ResponseBody):
    """What is kept of the answer: the codes are derived from it whenever they are shown."""

    batch_id: int
    key: str
    card_count: int


class IssuedBody(ResponseBody):
    """The codes are shown here and nowhere else. The same request under the same key shows them again."""

    batch_id: int
    codes: list[str]


class GiftCardBatchBody(ResponseBody):
    id: int
    amount_cents: int
    currency: str
    card_count: int
    redeemed_count: int
    expires_at: UtcInstant | None
    created_by: int
    created_at: UtcInstant


class GiftCardBatchPage(ResponseBody):
    """`next_cursor` is null on the last page."""

    items: list[GiftCardBatchBody]
    next_cursor: str | None
