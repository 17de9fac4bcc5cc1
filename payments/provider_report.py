"""What every provider adapter makes of a webhook, and the ways it can refuse one."""

from dataclasses import dataclass
from datetime import datetime

from domain.payment import PaymentFact


@dataclass(frozen=True)
class ProviderReport:
    """A verified statement about one of our payments. `event_id` is the provider's own, when it gives one."""

    provider: str
    payment_id: int
    fact: PaymentFact
    event_id: str | None
    occurred_at: datetime | None
    decline_code: str | None


@dataclass
class ReportRefusedError(Exception):
    """`code` is a stable word: `signature_*`, `invalid_json`, `invalid_payload` or `unsupported_status`."""

    code: str
    detail: str

    def __post_init__(self) -> None:
        super().__init__(f"{self.code}: {self.detail}")
