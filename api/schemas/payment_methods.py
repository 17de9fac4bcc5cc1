"""Bodies about payment methods. Card numbers never come here."""

from typing import Annotated

from pydantic import Field, StringConstraints

from api.payment_methods import OfferedMethod
from api.schemas.base import RequestBody, ResponseBody


class OfferedMethodBody(RequestBody):
    """`token` is what the provider calls the payment method."""

    provider: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(examples=["sandbox"])
    token: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(examples=["tok_ok"])

    def as_offered(self) -> OfferedMethod:
        return OfferedMethod(self.provider, self.token)


class PaymentMethodBody(ResponseBody):
    """As its provider tells it. The default is the one that was chosen last."""

    id: int
    provider: str
    brand: str
    last4: str
    expiry_month: int
    expiry_year: int
    is_default: bool
