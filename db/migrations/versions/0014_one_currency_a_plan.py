"""A plan is sold in one currency: what moves to a newer price of it never changes the money that it is in.

Refused when a plan has prices in two: another currency is another plan.

Revision ID: 0014
Revises: 0013
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ONE_CURRENCY = "ex_plan_prices_one_currency"


def upgrade() -> None:
    """An exclusion is always held against what is there; of prices there are tens."""
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\n"
        f"ALTER TABLE plan_prices ADD CONSTRAINT {ONE_CURRENCY}"
        " EXCLUDE USING gist (plan_id WITH =, currency WITH <>)"
    )


def downgrade() -> None:
    op.drop_constraint(ONE_CURRENCY, "plan_prices")
