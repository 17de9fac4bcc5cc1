"""Two years of books without the product: so many subscriptions with all that the reports read of them.

Ids follow time, as they do in life, so that the rows of one subscription lie far apart.
"""

from sqlalchemy import Engine, create_engine, text

A_BETTER_PLAN = """
WITH plan AS (
    INSERT INTO plans (code, name, period_iso) VALUES ('P30D-MORE', 'More lessons', 'P30D') RETURNING id)
INSERT INTO plan_prices (plan_id, version, price_cents, currency, vat_rate_bp)
SELECT id, 1, 2990, 'EUR', 2200 FROM plan
"""

USERS = """
INSERT INTO users (id, email, password_hash) OVERRIDING SYSTEM VALUE
SELECT n, 'student-' || n || '@italiano.example', 'none' FROM generate_series(1, 2 * :count) n
"""

LIVES = """
CREATE TEMPORARY TABLE lives AS
SELECT n, began, began + 45 * interval '1 day' AS handed_on,
       CASE WHEN n % 5 = 0 THEN 365 ELSE 30 END AS days,
       CASE WHEN n % 4 = 0 THEN 1 + n % 9 ELSE 1000 END AS periods,
       n % 5 <> 0 AND n % 10 = 3 AS changes, n % 7 = 0 AS discounted,
       n % 100 = 1 AND began + 45 * interval '1 day' < now() AS transferred,
       n % 50 = 9 AS stumbles
FROM generate_series(1, CAST(:count AS bigint)) n,
     LATERAL (SELECT now() - interval '2 years'
                   + (n * 6700417 % (730 * 86400)) * interval '1 second' AS began) began
"""
"""One in five pays by the year, one in four has left, one in a hundred was handed on after 45 days."""

BILLS = """
CREATE TEMPORARY TABLE bills AS
SELECT row_number() OVER (ORDER BY starts) AS id, *,
       CASE WHEN days = 365 THEN 'P1Y' WHEN changes AND k >= 5 THEN 'P30D-MORE' ELSE 'P30D' END AS plan,
       CASE WHEN days = 365 THEN 17990 WHEN is_part THEN 1495 WHEN changes AND k > 5 THEN 2990 ELSE 1990 END
           AS price,
       CASE WHEN discounted AND k = 0 THEN 500 ELSE 0 END AS off,
       CASE WHEN transferred AND starts >= handed_on THEN :count + n ELSE n END AS user_id
FROM (
    SELECT l.*, k, changes AND k = 5 AS is_part,
           began + (k * days + CASE WHEN changes AND k = 5 THEN 15 ELSE 0 END) * interval '1 day' AS starts,
           began + (k + 1) * days * interval '1 day' AS ends
    FROM lives l, generate_series(0, 25) k
) each WHERE k < periods AND starts < now()
"""

SUBSCRIPTIONS = """
INSERT INTO subscriptions (id, user_id, started_by, plan_id, plan_price_id, workflow_id, idempotency_key,
    request_hash, status, current_period_start, current_period_end, cancel_at_period_end, ended_at,
    version, state, next_action, next_action_at, created_at)
OVERRIDING SYSTEM VALUE
SELECT l.n, CASE WHEN transferred THEN :count + l.n ELSE l.n END, CASE WHEN transferred THEN l.n END,
    plan.id, price.id, 'workflow-' || l.n, l.n, md5(l.n::text),
    CASE WHEN has_ended THEN 'canceled' ELSE 'active' END, last.starts, last.ends, false,
    CASE WHEN has_ended THEN last.ends END, 12,
    jsonb_build_object('paid_ahead', NULL, 'filler', (
        SELECT jsonb_object_agg(key, md5(key::text || l.n)) FROM generate_series(1, 40) key)),
    CASE WHEN NOT has_ended THEN 'renew' END, CASE WHEN NOT has_ended THEN last.ends END, l.began
FROM lives l
JOIN (SELECT DISTINCT ON (n) n, starts, ends, plan, k FROM bills ORDER BY n, k DESC) last ON last.n = l.n
JOIN plans plan ON plan.code = last.plan
JOIN plan_prices price ON price.plan_id = plan.id,
LATERAL (SELECT last.k + 1 = l.periods AND last.ends < now() AS has_ended) ended
ORDER BY l.began
"""

INVOICES = """
INSERT INTO invoices (id, subscription_id, user_id, number, billing_reason, status, currency, total_cents,
    net_cents, vat_cents, vat_rate_bp, discount_cents, period_start, period_end, created_at, finalized_at,
    paid_at, paid_by_payment_id)
OVERRIDING SYSTEM VALUE
SELECT id, n, user_id, 'IT-2026-' || lpad(id::text, 8, '0'),
    CASE WHEN k = 0 THEN 'subscription_create' WHEN is_part THEN 'subscription_update'
         ELSE 'subscription_cycle' END,
    'paid', 'EUR', price - off, (price - off) * 100 / 122, price - off - (price - off) * 100 / 122, 2200, off,
    starts, ends, starts, starts, starts, id
FROM bills ORDER BY id
"""

LINES = """
INSERT INTO invoice_lines (invoice_id, position, kind, description, period_start, period_end, amount_cents)
SELECT id, position, kind, 'Italian lessons', starts, ends, amount_cents
FROM bills, LATERAL (VALUES
    (1, CASE WHEN is_part THEN 'proration_charge' ELSE 'plan' END, price), (2, 'discount', -off)
) line (position, kind, amount_cents)
WHERE amount_cents <> 0 ORDER BY id, position
"""

PAYMENTS = """
INSERT INTO payments (id, invoice_id, attempt_no, provider, status, amount_cents, received_cents, currency,
    idempotency_key, created_at, settled_at)
OVERRIDING SYSTEM VALUE
SELECT id, id, 1, 'sandbox', 'succeeded', price - off, price - off, 'EUR', 'invoice-' || id || '-attempt-1',
    starts, starts
FROM bills ORDER BY id
"""

PERIODS = """
INSERT INTO periods (subscription_id, invoice_id, during)
SELECT n, id, tstzrange(starts, until)
FROM (SELECT *, least(ends, lead(starts) OVER (PARTITION BY n ORDER BY k)) AS until FROM bills) cut
ORDER BY id
"""

TIMELINE = """
INSERT INTO timeline_entries (subscription_id, version, event, actor, cause, trace_id, details, occurred_at)
SELECT n, k, event, 'system', 'its time has come', md5(id::text), details, at FROM (
    SELECT n, k, id, event, starts AS at, jsonb_build_object(
        'payment_id', id, 'invoice_id', id, 'amount_cents', price - off, 'currency', 'EUR') AS details
    FROM bills, unnest(
        CASE WHEN n % 20 = 6 AND k % 6 = 5 THEN ARRAY['renewal_opened', 'fell_due', 'recovered']
             ELSE ARRAY['renewal_opened', 'renewed'] END) event
    UNION ALL
    SELECT n, k, id, 'left_unpaid', starts - interval '1 day', jsonb_build_object('invoice_id', id)
    FROM bills WHERE stumbles AND k = 4
    UNION ALL
    SELECT n, 1, n, 'transferred', handed_on, jsonb_build_object('from_user_id', n, 'to_user_id', :count + n)
    FROM lives WHERE transferred
) told ORDER BY at, id
"""

OUTBOX = """
INSERT INTO outbox (subscription_id, event, key, due_at, details, published_at, sequence)
SELECT n, event, event || ':' || CASE WHEN event LIKE 'invoice.%' THEN id::text ELSE n || '-' || k END,
    starts,
    jsonb_build_object('invoice_id', id, 'user_id', user_id, 'plan_code', plan, 'renews_at', ends,
        'billing_reason', 'subscription_cycle', 'period_start', starts, 'period_end', ends, 'currency', 'EUR',
        'total_cents', price - off, 'gift_cents', 0, 'balance_cents', 0, 'amount_due_cents', price - off,
        'status', 'active', 'change', 'renewed', 'cancel_at_period_end', false, 'scheduled_plan_code', NULL,
        'frozen_until', NULL, 'ended_at', NULL, 'next_action', 'renew', 'next_action_at', ends),
    now(), 4 * k + place
FROM bills, unnest(ARRAY['invoice.finalized', 'invoice.paid', 'subscription.renewed', 'renewal.upcoming'])
    WITH ORDINALITY told (event, place)
ORDER BY id, place
"""

STATEMENTS = (
    *(A_BETTER_PLAN, USERS, LIVES, BILLS, SUBSCRIPTIONS, INVOICES),
    *(LINES, PAYMENTS, PERIODS, TIMELINE, OUTBOX),
)


def fill(database_url: str, count: int) -> None:
    """Of a migrated database without any subscription, as its superuser: triggers stay out of it."""
    engine = create_engine(database_url.replace("postgresql:", "postgresql+psycopg:", 1))
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in STATEMENTS:
            connection.execute(text(statement), {"count": count})
    _vacuum(engine)
    engine.dispose()


def _vacuum(engine: Engine) -> None:
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("VACUUM ANALYZE"))
