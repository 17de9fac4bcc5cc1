"""A start that somebody else orders for a user: under a key of its own, apart from the user's."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime

from activities.contracts import Cause, StartOrder
from api.payment_methods import OfferedMethod
from domain.gift_codes import GiftCodes


@dataclass(frozen=True)
class StartForUser:
    """As in the user's own start. `start_at` is for where the virtual clock is enabled."""

    plan_code: str
    promo_code: str | None = None
    gift_code: str | None = None
    payment_method: OfferedMethod | None = None
    start_at: datetime | None = None


def start_order(
    user_id: int, wanted: StartForUser, command_id: str, cause: Cause, gift_codes: GiftCodes
) -> StartOrder:
    """The key is made of `command_id`, which no user can know before it is used."""
    return StartOrder(
        user_id=user_id,
        idempotency_key=f"behalf:{command_id}",
        request_hash=_hash(wanted),
        plan_code=wanted.plan_code,
        cause=cause,
        start_at=wanted.start_at,
        promo_code=wanted.promo_code,
        gift_code_hash=wanted.gift_code and gift_codes.hash_of(wanted.gift_code).hex(),
    )


def _hash(wanted: StartForUser) -> str:
    """Two starts under one key are told apart by it."""
    content = json.dumps(asdict(wanted), sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()
