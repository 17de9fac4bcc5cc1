"""Test tokens: what the card behind each one does when it is charged.

Any of them may have a suffix after a hyphen, `tok_ok-42`, so that each customer can have a card of their own.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

LONGEST_RUN_OF_DECLINES = 9
SOFT_DECLINE = "insufficient_funds"
ACTION_FAILED = "authentication_failed"

_SUFFIX = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)


class Action(StrEnum):
    """What the customer does when asked to confirm; `left` is nothing, until somebody says so."""

    LEFT = "left"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class Fault(StrEnum):
    """What goes wrong on the way. Losses happen to the first request of each key only."""

    ANSWER_LOST = "answer_lost"
    REQUEST_LOST = "request_lost"
    SLOW = "slow"
    DOWN = "down"
    REFUND_ANSWER_LOST = "refund_answer_lost"
    WRONG_AMOUNT = "wrong_amount"


@dataclass(frozen=True)
class Behavior:
    """`declines` is how many charges in a row are declined, for ever when a code comes without a count."""

    last4: str
    decline_code: str | None = None
    declines: int | None = None
    action: Action | None = None
    fault: Fault | None = None
    expiry_year: int = 2040

    def decline_of(self, earlier_charges: int) -> str | None:
        """The code that a charge is declined with after so many earlier ones; `None` when it goes through."""
        is_over = self.declines is not None and earlier_charges >= self.declines
        return None if is_over else self.decline_code


TOKENS = {
    "tok_ok": Behavior("4242"),
    "tok_insufficient_funds": Behavior("9995", decline_code=SOFT_DECLINE),
    "tok_processing_error": Behavior("0119", decline_code="processing_error"),
    "tok_stolen": Behavior("9979", decline_code="stolen_card"),
    "tok_closed": Behavior("0002", decline_code="closed_account"),
    "tok_revoked": Behavior("0101", decline_code="authorization_revoked"),
    "tok_expired_card": Behavior("0069", decline_code="expired_card", expiry_year=2020),
    "tok_3ds": Behavior("3155", action=Action.LEFT),
    "tok_3ds_ok": Behavior("3220", action=Action.CONFIRMED),
    "tok_3ds_fail": Behavior("8301", action=Action.REFUSED),
    "tok_answer_lost": Behavior("5001", fault=Fault.ANSWER_LOST),
    "tok_answer_lost_declined": Behavior("5002", decline_code=SOFT_DECLINE, fault=Fault.ANSWER_LOST),
    "tok_request_lost": Behavior("5003", fault=Fault.REQUEST_LOST),
    "tok_refund_answer_lost": Behavior("5007", fault=Fault.REFUND_ANSWER_LOST),
    "tok_slow": Behavior("5004", fault=Fault.SLOW),
    "tok_down": Behavior("5005", fault=Fault.DOWN),
    "tok_wrong_amount": Behavior("5006", fault=Fault.WRONG_AMOUNT),
} | {
    f"tok_decline_{count}_then_ok": Behavior(f"600{count}", decline_code=SOFT_DECLINE, declines=count)
    for count in range(1, LONGEST_RUN_OF_DECLINES + 1)
}


def behavior_of(token: str) -> Behavior | None:
    """`None` for a token that nobody issued."""
    name, hyphen, suffix = token.partition("-")
    if hyphen and not _SUFFIX.fullmatch(suffix):
        return None
    return TOKENS.get(name)
