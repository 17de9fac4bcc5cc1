"""Issues gift cards: a batch, its cards, and what we owe for them from now on, in one transaction."""

from datetime import UTC, datetime
from uuid import uuid4

from api.problems import Problem
from api.schemas.gift_cards import IssuedBody, KeptBatchBody, NewGiftCardsBody
from api.staff_hand import Hand
from db.database import Connection
from db.queries import gift_card_batches, ledger
from db.queries.gift_card_batches import NewBatch
from domain.gift_codes import GiftCodes
from domain.ledger import gift_cards_issued
from domain.staff_action import StaffAction


async def issue_gift_cards(
    connection: Connection, codes: GiftCodes, body: NewGiftCardsBody, hand: Hand
) -> KeptBatchBody:
    """Raises a 422 `Problem` when they would have expired already."""
    now = datetime.now(UTC)
    if body.expires_at is not None and body.expires_at <= now:
        raise Problem(422, "expires_at_is_past", "`expires_at` has to be an instant to come.")
    batch = NewBatch(
        key=uuid4().hex,
        amount_cents=body.amount_cents,
        currency=body.currency,
        expires_at=body.expires_at,
        created_by=hand.user.id,
    )
    hashes = [codes.hash_of(code) for code in codes.of_batch(batch.key, body.count)]
    batch_id = await gift_card_batches.insert_batch(connection, batch, hashes)
    movement = gift_cards_issued(batch_id, body.currency, body.amount_cents * body.count)
    await ledger.post_movement(connection, None, movement, now)
    await hand.note(connection, StaffAction.GIFT_CARDS_ISSUED, batch_id)
    return KeptBatchBody(batch_id=batch_id, key=batch.key, card_count=body.count)


def with_codes(codes: GiftCodes, kept: KeptBatchBody) -> IssuedBody:
    return IssuedBody(batch_id=kept.batch_id, codes=codes.of_batch(kept.key, kept.card_count))
