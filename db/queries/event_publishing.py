"""Publishes what is due in the outbox: each event gets its number and a delivery for each endpoint."""

from sqlalchemy import text

from db.database import Connection
from domain.events import NAMED_ONLY

_LOCK = "hashtextextended('publish events', 0)"
_TRY_LOCK = text(f"SELECT pg_try_advisory_xact_lock({_LOCK})")
_AWAIT_LOCK = text(f"SELECT pg_advisory_xact_lock({_LOCK})")

# Facts are due at once, in the order of their ids: whoever writes one holds its subscription's lock, so that
# this is the order of their commits. An announcement is due when its subscription's own time has come to it:
# now() keeps to its index, where clock_timestamp() would look at all that are still to come. Where both are
# published together, as after a turn of the clock, it comes behind the facts from before its time.
# All of them are published at one instant, since rows are updated in no order: by (published_at, id) a later
# reading finds them in the order in which their deliveries were made.
_PUBLISH = text("""
WITH due AS MATERIALIZED (
    SELECT id FROM outbox
    WHERE id IN (
        (SELECT id FROM outbox
         WHERE published_at IS NULL AND event <> 'renewal.upcoming' ORDER BY id LIMIT :limit)
        UNION ALL
        (SELECT id FROM outbox
         WHERE published_at IS NULL AND event = 'renewal.upcoming' AND due_at <= now()
         ORDER BY due_at LIMIT :limit)
        UNION ALL
        (SELECT o.id FROM subscriptions s JOIN outbox o ON o.subscription_id = s.id
         WHERE s.clock_offset <> '0'::interval AND o.published_at IS NULL
         AND o.event = 'renewal.upcoming' AND o.due_at <= now() + s.clock_offset
         ORDER BY o.due_at LIMIT :limit))
    ORDER BY id LIMIT :limit
    FOR UPDATE SKIP LOCKED),
dated AS (
    SELECT o.id, o.subscription_id, CASE WHEN o.event = 'renewal.upcoming' THEN o.due_at
        ELSE max(o.due_at) FILTER (WHERE o.event <> 'renewal.upcoming')
            OVER (PARTITION BY o.subscription_id ORDER BY o.id) END AS at
    FROM due JOIN outbox o ON o.id = due.id),
numbered AS (
    SELECT d.id, CASE WHEN d.subscription_id IS NOT NULL THEN
        coalesce((SELECT max(p.sequence) FROM outbox p WHERE p.subscription_id = d.subscription_id), 0)
        + row_number() OVER (PARTITION BY d.subscription_id ORDER BY d.at, d.id) END AS sequence
    FROM dated d),
published AS (
    UPDATE outbox SET published_at = statement_timestamp(), sequence = numbered.sequence
    FROM numbered WHERE outbox.id = numbered.id
    RETURNING outbox.id, outbox.event),
delivered AS (
    INSERT INTO event_deliveries (event_id, endpoint_id)
    SELECT p.id, e.id FROM published p
    JOIN webhook_endpoints e ON e.status = 'enabled' AND CASE WHEN e.events IS NULL
        THEN p.event <> ALL (CAST(:named_only AS text[])) ELSE p.event = ANY (e.events) END
    ORDER BY p.id, e.id
    ON CONFLICT DO NOTHING)
SELECT count(*) FROM published
""")


async def publish_due(connection: Connection, limit: int) -> int:
    """Returns how many were due and are published now; nothing while somebody else publishes.

    One at a time: so that the numbers of a subscription's events have no gap.
    """
    if not (await connection.execute(_TRY_LOCK)).scalar_one():
        return 0
    given = {"limit": limit, "named_only": sorted(NAMED_ONLY)}
    published: int = (await connection.execute(_PUBLISH, given)).scalar_one()
    return published


async def hold_publishing(connection: Connection) -> None:
    """Until the end of the transaction nothing is published: whom it goes to may be changed meanwhile."""
    await connection.execute(_AWAIT_LOCK)
