"""Bugs of `db/`: a condition, a lock or a right that is missing."""

from tests.seeded_bugs.bug import Bug

OF_DB = (
    Bug(
        name="key-kept-for-five-seconds",
        file="db/queries/idempotency.py",
        old="""\
            & IdempotencyKey.answer.is_(None)
            & (IdempotencyKey\
""",
        new="""\
            & (IdempotencyKey\
""",
        cost="a request that is repeated after five seconds is carried out once more",
        near=(
            "tests/db/test_idempotency_keys.py",
            "tests/api/test_cancel_idempotency.py",
        ),
    ),
    Bug(
        name="seats-counted-before-the-lock",
        file="db/queries/family_members.py",
        old="""\
    row = (await connection.execute(query.with_for_update(key_share=True))).one()
    members = await count_members(connection, subscription_id)
""",
        new="""\
    members = await count_members(connection, subscription_id)
    row = (await connection.execute(query.with_for_update(key_share=True))).one()
""",
        cost="of many who want the last seat, those who come second are told of a fault of ours",
        near=(
            "tests/races/test_last_seat.py",
            "tests/attack/test_races.py",
        ),
    ),
    Bug(
        name="revoked-and-still-good",
        file="db/queries/refresh_tokens.py",
        old="""\
                RefreshToken.revoked_at.is_(None),
                RefreshToken.expires_at > now,
            )
            .values(spent_at=now)\
""",
        new="""\
                RefreshToken.expires_at > now,
            )
            .values(spent_at=now)\
""",
        cost="who was logged out, or whose password was changed, goes on with the session they had",
        near=("tests/api/auth/test_sessions.py",),
    ),
    Bug(
        name="administrator-no-more",
        file="db/queries/users.py",
        old="""\
set_=values | END_SESSIONS)\
""",
        new="""\
set_=values)\
""",
        cost="who has lost a role keeps it for as long as their token lives",
        near=(
            "tests/cli/test_admin.py",
            "tests/api/test_staff_users.py",
        ),
    ),
    Bug(
        name="anybody-s-card",
        file="db/queries/payment_methods.py",
        old="""\
        .where(PaymentMethod.id == method_id, PaymentMethod.user_id == user_id, _STORED)\
""",
        new="""\
        .where(PaymentMethod.id == method_id, _STORED)\
""",
        cost="one customer removes the card of another by its number",
        near=(
            "tests/api/test_payment_methods.py",
            "tests/api/test_openapi_access.py",
        ),
    ),
    Bug(
        name="given-back-and-counted",
        file="db/queries/promo_redemptions.py",
        old="""\
            PromoRedemption.user_id == user_id,
            PromoRedemption.status != Redemption.RELEASED,
""",
        new="""\
            PromoRedemption.user_id == user_id,
""",
        cost="a promo code whose start was never paid is used up for that customer",
        near=(
            "tests/db/test_promo_codes.py",
            "tests/activities/test_promo_code.py",
            "tests/activities/test_promo_code_refused.py",
            "tests/api/test_start_promo_code.py",
        ),
    ),
    Bug(
        name="announced-out-of-order",
        file="db/queries/event_publishing.py",
        old="""\
row_number() OVER (PARTITION BY d.subscription_id ORDER BY d.at, d.id)\
""",
        new="""\
row_number() OVER (PARTITION BY d.subscription_id ORDER BY d.id)\
""",
        cost="who is told of events hears of a renewal to come before what happened earlier",
        near=("tests/upkeep/test_event_publishing.py",),
    ),
    Bug(
        name="succeeded-then-failed",
        file="db/queries/payments.py",
        old='''\
    """A payment that has succeeded stays succeeded."""
    await connection.execute(
        update(Payment)
        .where(Payment.id == payment_id, Payment.status.in_(UNSETTLED))
''',
        new='''\
    """A payment that has succeeded stays succeeded."""
    await connection.execute(
        update(Payment)
        .where(Payment.id == payment_id)
''',
        cost="a payment that arrived is shown as failed, and its money belongs to nothing",
        near=(
            "tests/activities/test_collect.py",
            "tests/activities/test_collect_confirmed.py",
        ),
    ),
    Bug(
        name="card-kept-after-erasure",
        file="db/queries/erasure.py",
        old="""\
    was_charged = exists().where(Payment.payment_method_id == PaymentMethod.id)\
""",
        new="""\
    was_charged = exists().where(Payment.payment_method_id.is_not(None))\
""",
        cost="the token of a card that was never charged outlives the person it belongs to",
        near=(
            "tests/db/test_personal_data.py",
            "tests/api/auth/test_erasure.py",
            "tests/privacy",
        ),
    ),
    Bug(
        name="statement-without-end",
        file="db/database.py",
        old="""\
                f"-c statement_timeout={settings.database_statement_timeout_ms}"
                f" -c lock_timeout={LOCK_TIMEOUT_MS}"
""",
        new="""\
                f"-c lock_timeout={LOCK_TIMEOUT_MS}"
""",
        cost="one slow query keeps its connection, and a few of them the whole pool",
        near=("tests/db/test_database.py",),
    ),
    Bug(
        name="back-once-for-all",
        file="db/queries/purses.py",
        old="""\
    key = f"invoice:{bill.invoice_id}:back:{reason}"\
""",
        new="""\
    key = f"invoice:{bill.invoice_id}:back"\
""",
        cost="of two partial refunds to a balance, the second has a credit note and no money",
        near=(
            "tests/activities/test_refund_invoice.py",
            "tests/api/test_staff_invoice_refunds.py",
        ),
    ),
    Bug(
        name="grant-forgotten",
        file="db/grants.py",
        old="""\
    "disputes": ADDS,\
""",
        new="""\
    "disputes": "SELECT",\
""",
        cost="the first chargeback in production cannot be booked, and is tried for ever",
        near=(
            "tests/db/test_grants.py",
            "tests/api/test_chargebacks.py",
        ),
        is_reserve=True,
    ),
    Bug(
        name="midnight-in-both",
        file="db/queries/invoice_export.py",
        old="""\
        query = query.where(reached_at < window.end)\
""",
        new="""\
        query = query.where(reached_at <= window.end)\
""",
        cost="an invoice of midnight is in the accountant's file of both months",
        near=("tests/db/test_invoice_export.py",),
        is_reserve=True,
    ),
    Bug(
        name="reset-token-for-all",
        file="db/queries/event_replays.py",
        old="""\
_IS_TAKEN = or_(WebhookEndpoint.events.is_(None) & _IS_FOR_ALL, _IS_NAMED)\
""",
        new="""\
_IS_TAKEN = or_(WebhookEndpoint.events.is_(None), _IS_NAMED)\
""",
        cost="a replay sends tokens that set passwords to endpoints that never asked for them",
        near=(
            "tests/api/auth/test_password_reset.py",
            "tests/api/test_webhook_endpoints.py",
            "tests/upkeep/test_event_publishing.py",
        ),
        is_reserve=True,
    ),
)
