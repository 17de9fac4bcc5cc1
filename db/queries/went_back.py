"""Where more went back than had come: what `db.queries.book_invariants` asks about payments and invoices."""

MORE_THAN_CAME_BY_A_PAYMENT = """
    SELECT p.id AS payment_id, NULL AS invoice_id FROM payments p WHERE coalesce(p.received_cents, 0) <
        (SELECT coalesce(sum(r.amount_cents), 0) FROM refunds r
            WHERE r.payment_id = p.id AND r.status = 'succeeded')
        + (SELECT coalesce(sum(d.amount_cents), 0) FROM disputes d WHERE d.payment_id = p.id)
"""
"""By refunds and a chargeback together."""

MORE_THAN_PAID_THE_INVOICE = """
    WITH given AS (
        SELECT invoice_id, amount_cents AS to_purse, 0 AS to_card, recorded_at FROM credit_notes
            WHERE refund_id IS NULL
        UNION ALL SELECT i.id, 0, r.amount_cents - r.unapplied_cents, r.recorded_at
            FROM refunds r JOIN invoices i ON i.paid_by_payment_id = r.payment_id
            WHERE r.status <> 'failed' AND r.amount_cents > r.unapplied_cents)
    SELECT NULL AS payment_id, i.id AS invoice_id FROM invoices i JOIN given g ON g.invoice_id = i.id
    LEFT JOIN payments p ON p.id = i.paid_by_payment_id LEFT JOIN disputes d ON d.payment_id = p.id
    GROUP BY i.id, p.id, d.id
    HAVING sum(g.to_purse) + greatest(sum(g.to_card),
            least(sum(g.to_card) + coalesce(d.amount_cents, 0), coalesce(p.amount_cents, 0))) > i.total_cents
        AND (d.id IS NULL OR max(g.recorded_at) > d.recorded_at)
    UNION SELECT NULL, i.id FROM invoices i JOIN credit_notes c ON c.invoice_id = i.id
    GROUP BY i.id HAVING sum(c.amount_cents) > i.total_cents
"""
"""By credit notes, refunds and a chargeback together, or by credit notes alone.

What goes back to a card is counted by its refund; of a refund under way and a chargeback that do not fit, the
refund fails. A bank may take what was credited before, as long as nothing was opened after it.
"""
