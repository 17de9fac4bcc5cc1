"""What a provider's word for a decline means to dunning."""

from domain.payment import Decline, DeclineKind

UNNAMED = "declined"

HARD = frozenset(
    {
        "stolen_card",
        "lost_card",
        "account_closed",
        "authorization_revoked",
        "expired_card",
        "invalid_account",
        "pickup_card",
    }
)
"""These never go away by themselves. Any other word may: retries are few, a lost customer is for good."""


def decline_of(code: str | None) -> Decline:
    """`code` is the provider's own word, or nothing when it gave none."""
    return Decline(DeclineKind.HARD if code in HARD else DeclineKind.SOFT, code or UNNAMED)
