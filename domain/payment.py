"""What a provider's report does to a payment. Reports converge: any order and repetition, one outcome."""

from dataclasses import dataclass
from enum import StrEnum


class PaymentStatus(StrEnum):
    """`created` has its key and was not sent yet; `unknown` was sent and never answered: only looked up."""

    CREATED = "created"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"


class GivenUp(StrEnum):
    """Why nobody waits for a payment any more, in the place of its provider's word for a decline."""

    INVOICE_VOIDED = "invoice_voided"
    INVOICE_WRITTEN_OFF = "invoice_written_off"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


class DeclineKind(StrEnum):
    """A soft decline may succeed later; a hard one not before the payment method changes."""

    SOFT = "soft"
    HARD = "hard"


UNEXPLAINED_DECLINE = "declined"
HARD_DECLINES = frozenset(
    {
        "stolen_card",
        "lost_card",
        "closed_account",
        "authorization_revoked",
        "expired_card",
        "fraudulent",
        "card_not_accepted",
    }
)


@dataclass(frozen=True)
class Decline:
    """`code` is one of our words: each provider's adapter translates its own into them."""

    kind: DeclineKind
    code: str

    @classmethod
    def of(cls, code: str | None) -> "Decline":
        kind = DeclineKind.HARD if code in HARD_DECLINES else DeclineKind.SOFT
        return cls(kind, code or UNEXPLAINED_DECLINE)


class ReportedStatus(StrEnum):
    """As providers spell it."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CHARGEBACK = "CHARGEBACK"


class Verdict(StrEnum):
    """`TOO_EARLY` reverses what is not paid: it waits for the success that it came before."""

    PAID = "paid"
    DECLINED = "declined"
    CHARGED_BACK = "charged_back"
    NOTHING_NEW = "nothing_new"
    MISMATCH = "amount_mismatch"
    TOO_EARLY = "payment_not_paid"


@dataclass(frozen=True)
class PaymentTerms:
    """What we asked for, and where it stands."""

    status: PaymentStatus
    amount_cents: int
    currency: str


@dataclass(frozen=True)
class PaymentFact:
    """What the provider says. An amount that it does not name is the amount we asked for."""

    status: ReportedStatus
    amount_cents: int | None
    currency: str | None

    @property
    def received(self) -> dict[str, int | str]:
        """What the timeline says of money that is not what was asked for, beside what was asked for."""
        told = {"received_cents": self.amount_cents, "received_currency": self.currency}
        return {name: value for name, value in told.items() if value is not None}


def judge(payment: PaymentTerms, fact: PaymentFact) -> Verdict:
    """Decides what a report changes.

    A failure after a success of the same attempt changes nothing; a success after a failure wins. Too little
    money, or another currency, is never "paid": a person has to look. A chargeback takes nothing of that
    back: it is a fact of its own.
    """
    if fact.status is ReportedStatus.CHARGEBACK:
        return _judge_chargeback(payment, fact)
    if payment.status is PaymentStatus.SUCCEEDED:
        return Verdict.NOTHING_NEW
    if fact.status is ReportedStatus.FAILED:
        return Verdict.NOTHING_NEW if payment.status is PaymentStatus.FAILED else Verdict.DECLINED
    if fact.currency not in (None, payment.currency):
        return Verdict.MISMATCH
    if fact.amount_cents is not None and fact.amount_cents < payment.amount_cents:
        return Verdict.MISMATCH
    return Verdict.PAID


def _judge_chargeback(payment: PaymentTerms, fact: PaymentFact) -> Verdict:
    if fact.currency not in (None, payment.currency) or fact.amount_cents == 0:
        return Verdict.MISMATCH
    return Verdict.CHARGED_BACK if payment.status is PaymentStatus.SUCCEEDED else Verdict.TOO_EARLY


def payment_key(invoice_id: int, attempt_no: int) -> str:
    """The idempotency key of one attempt, derived so that a repetition is the same attempt."""
    return f"invoice:{invoice_id}:attempt:{attempt_no}"
