-- So many (:count) copies of one subscription (:original) that was started by card and paid: its rows once more,
-- with ids, keys and an invoice's number of their own. What needs no workflow: they have none yet.
-- A copy was never charged: the provider's book knows only the original. Triggers stay out of it, those of foreign
-- keys among them; all other constraints hold. Prints which they are.

BEGIN;
SET LOCAL session_replication_role = replica;

CREATE TEMPORARY TABLE copies ON COMMIT DROP AS
SELECT row_number() OVER () AS n, gen_random_uuid()::text AS key,
    nextval(pg_get_serial_sequence('users', 'id')) AS user_id,
    nextval(pg_get_serial_sequence('payment_methods', 'id')) AS method_id,
    nextval(pg_get_serial_sequence('subscriptions', 'id')) AS subscription_id,
    nextval(pg_get_serial_sequence('invoices', 'id')) AS invoice_id,
    nextval(pg_get_serial_sequence('payments', 'id')) AS payment_id
FROM generate_series(1, :count);

-- What of a copy's JSON differs from the original's, where it says such a thing at all.
CREATE FUNCTION pg_temp.of_copy(original jsonb, copy copies) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT original || coalesce(jsonb_object_agg(own.key, own.value) FILTER (WHERE original ? own.key), '{}')
    FROM jsonb_each(jsonb_build_object('user_id', copy.user_id, 'subscription_id', copy.subscription_id,
        'invoice_id', copy.invoice_id, 'payment_id', copy.payment_id, 'payment_method_id', copy.method_id)) own
$$;

-- `invoice:7:finalized` is the key of something about the invoice 7.
CREATE FUNCTION pg_temp.key_of(original text, id bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT regexp_replace(original, ':\d+', ':' || id)
$$;

INSERT INTO users OVERRIDING SYSTEM VALUE
SELECT own.* FROM copies c, subscriptions s JOIN users u ON u.id = s.user_id, LATERAL jsonb_populate_record(u,
    jsonb_build_object('id', c.user_id, 'email', 'bench-' || c.key || '@example.test')) own
WHERE s.id = :original;

INSERT INTO payment_methods OVERRIDING SYSTEM VALUE
SELECT own.* FROM copies c, subscriptions s JOIN payment_methods m ON m.id = s.payment_method_id,
LATERAL jsonb_populate_record(m, jsonb_build_object('id', c.method_id, 'user_id', c.user_id)) own
WHERE s.id = :original;

INSERT INTO subscriptions OVERRIDING SYSTEM VALUE
SELECT own.* FROM copies c, subscriptions s, LATERAL jsonb_populate_record(s, jsonb_build_object(
    'id', c.subscription_id, 'user_id', c.user_id, 'payment_method_id', c.method_id,
    'idempotency_key', c.key, 'workflow_id', c.user_id || ':' || c.key,
    'state', pg_temp.of_copy(s.state, c), 'start_answer', pg_temp.of_copy(s.start_answer, c))) own
WHERE s.id = :original;

CREATE TEMPORARY TABLE series ON COMMIT DROP AS
SELECT series, year, last_number FROM invoice_series
WHERE (series, year::text) = (SELECT split_part(number, '-', 1), split_part(number, '-', 2)
    FROM invoices WHERE subscription_id = :original) FOR UPDATE;

UPDATE invoice_series s SET last_number = s.last_number + :count FROM series
WHERE s.series = series.series AND s.year = series.year;

INSERT INTO invoices OVERRIDING SYSTEM VALUE
SELECT own.* FROM copies c, series, invoices i, LATERAL (SELECT (series.last_number + c.n)::text) given (digits),
LATERAL jsonb_populate_record(i, jsonb_build_object(
    'id', c.invoice_id, 'subscription_id', c.subscription_id, 'user_id', c.user_id, 'paid_by_payment_id', c.payment_id,
    'number', concat_ws('-', series.series, series.year, lpad(digits, greatest(6, length(digits)), '0')))) own
WHERE i.subscription_id = :original;

INSERT INTO invoice_lines OVERRIDING SYSTEM VALUE
SELECT own.* FROM copies c, invoices i JOIN invoice_lines l ON l.invoice_id = i.id, LATERAL jsonb_populate_record(l,
    jsonb_build_object('id', nextval(pg_get_serial_sequence('invoice_lines', 'id')), 'invoice_id', c.invoice_id)) own
WHERE i.subscription_id = :original;

INSERT INTO payments OVERRIDING SYSTEM VALUE
SELECT own.* FROM copies c, invoices i JOIN payments p ON p.id = i.paid_by_payment_id,
LATERAL jsonb_populate_record(p, jsonb_build_object('id', c.payment_id, 'invoice_id', c.invoice_id,
    'payment_method_id', c.method_id, 'idempotency_key', pg_temp.key_of(p.idempotency_key, c.invoice_id))) own
WHERE i.subscription_id = :original;

INSERT INTO periods OVERRIDING SYSTEM VALUE
SELECT own.* FROM copies c, periods p, LATERAL jsonb_populate_record(p, jsonb_build_object(
    'id', nextval(pg_get_serial_sequence('periods', 'id')),
    'subscription_id', c.subscription_id, 'invoice_id', c.invoice_id)) own
WHERE p.subscription_id = :original;

CREATE TEMPORARY TABLE movements ON COMMIT DROP AS
SELECT nextval(pg_get_serial_sequence('ledger_transactions', 'id')) AS id, t.id AS original_id, c.subscription_id,
    pg_temp.key_of(t.key, CASE WHEN t.key LIKE 'payment:%' THEN c.payment_id ELSE c.invoice_id END) AS key
FROM copies c, ledger_transactions t WHERE t.subscription_id = :original;

INSERT INTO ledger_transactions OVERRIDING SYSTEM VALUE
SELECT own.* FROM movements m JOIN ledger_transactions t ON t.id = m.original_id, LATERAL jsonb_populate_record(t,
    jsonb_build_object('id', m.id, 'subscription_id', m.subscription_id, 'key', m.key)) own;

INSERT INTO ledger_entries (transaction_id, account, amount_cents, currency)
SELECT m.id, e.account, e.amount_cents, e.currency
FROM movements m JOIN ledger_entries e ON e.transaction_id = m.original_id;

INSERT INTO timeline_entries OVERRIDING SYSTEM VALUE
SELECT own.* FROM copies c, timeline_entries t, LATERAL jsonb_populate_record(t, jsonb_build_object(
    'id', nextval(pg_get_serial_sequence('timeline_entries', 'id')), 'subscription_id', c.subscription_id,
    'details', pg_temp.of_copy(t.details, c))) own
WHERE t.subscription_id = :original;

-- As published; only the announcement of the renewal is still to come.
INSERT INTO outbox OVERRIDING SYSTEM VALUE
SELECT own.* FROM copies c, outbox o, LATERAL jsonb_populate_record(o, jsonb_build_object(
    'id', nextval(pg_get_serial_sequence('outbox', 'id')), 'subscription_id', c.subscription_id,
    'published_at', CASE WHEN o.event <> 'renewal.upcoming' THEN coalesce(o.published_at, now()) END,
    'key', pg_temp.key_of(o.key, CASE WHEN o.event LIKE 'invoice.%' THEN c.invoice_id ELSE c.subscription_id END),
    'details', pg_temp.of_copy(o.details, c))) own
WHERE o.subscription_id = :original;

SELECT subscription_id, user_id, key FROM copies ORDER BY n;

COMMIT;
ANALYZE;
