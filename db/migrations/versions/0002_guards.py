"""The last line: append-only tables, ledger transactions that sum to zero, invoices immutable once finalized.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

from db.migrations.parts import forbid_changes

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("plan_prices", "ledger_transactions", "ledger_entries", "timeline_entries", "invoice_lines")

FORBID_CHANGE = """
CREATE FUNCTION forbid_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""

CHECK_LEDGER_TRANSACTION = """
CREATE FUNCTION check_ledger_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM ledger_entries WHERE transaction_id = NEW.transaction_id
        GROUP BY currency HAVING sum(amount_cents) <> 0;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger transaction % does not sum to zero', NEW.transaction_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""

# Lines come before the number: an invoice is finalized whole, and only a draft takes lines.
GUARD_INVOICE = """
CREATE FUNCTION guard_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'invoices are never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'draft' THEN
            RAISE EXCEPTION 'an invoice begins as a draft' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.status, NEW.status) NOT IN
        (('draft', 'draft'), ('draft', 'open'), ('open', 'open'), ('open', 'paid'), ('open', 'void')) THEN
        RAISE EXCEPTION 'invoice % cannot go from % to %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status = 'draft' AND NEW.status = 'open' AND NEW.total_cents IS DISTINCT FROM
        (SELECT sum(amount_cents) FROM invoice_lines WHERE invoice_id = NEW.id) THEN
        RAISE EXCEPTION 'invoice % is not the sum of its lines', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status <> 'draft' AND
        (OLD.number, OLD.subscription_id, OLD.user_id, OLD.billing_reason, OLD.currency, OLD.total_cents,
         OLD.net_cents, OLD.vat_cents, OLD.vat_rate_bp, OLD.period_start, OLD.period_end, OLD.finalized_at)
        IS DISTINCT FROM
        (NEW.number, NEW.subscription_id, NEW.user_id, NEW.billing_reason, NEW.currency, NEW.total_cents,
         NEW.net_cents, NEW.vat_cents, NEW.vat_rate_bp, NEW.period_start, NEW.period_end, NEW.finalized_at)
    THEN
        RAISE EXCEPTION 'invoice % is finalized', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""

# The lock makes a finalization wait for the line, and then count it.
GUARD_INVOICE_LINE = """
CREATE FUNCTION guard_invoice_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM invoices WHERE id = NEW.invoice_id AND status = 'draft' FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'invoice % is finalized', NEW.invoice_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    for function in (FORBID_CHANGE, CHECK_LEDGER_TRANSACTION, GUARD_INVOICE, GUARD_INVOICE_LINE):
        op.execute(function)
    for table in APPEND_ONLY:
        forbid_changes(table)
    op.execute(
        "CREATE CONSTRAINT TRIGGER sums_to_zero AFTER INSERT ON ledger_entries"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_ledger_transaction()"
    )
    op.execute(
        "CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON invoices"
        " FOR EACH ROW EXECUTE FUNCTION guard_invoice()"
    )
    op.execute(
        "CREATE TRIGGER guard BEFORE INSERT ON invoice_lines"
        " FOR EACH ROW EXECUTE FUNCTION guard_invoice_line()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER guard ON invoice_lines")
    op.execute("DROP TRIGGER guard ON invoices")
    op.execute("DROP TRIGGER sums_to_zero ON ledger_entries")
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER append_only ON {table}")
    for function in ("guard_invoice_line", "guard_invoice", "check_ledger_transaction", "forbid_change"):
        op.execute(f"DROP FUNCTION {function}()")
