"""What is on sale, as clients see it."""

from pydantic import ConfigDict

from api.schemas.base import ResponseBody


class PlanBody(ResponseBody):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 1,
                    "code": "P30D",
                    "name": "Italian lessons, 30 days",
                    "period_iso": "P30D",
                    "price_cents": 1990,
                    "currency": "EUR",
                    "seats": 1,
                    "trial_days": 0,
                }
            ]
        }
    )

    id: int
    code: str
    name: str
    period_iso: str
    price_cents: int
    currency: str
    seats: int
    trial_days: int
