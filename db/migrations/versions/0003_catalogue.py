"""What is on sale on the first day: four plans with their first prices, and the lessons.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

VAT_RATE_BP = 2_200

# code, name, period, seats, price in cents of EUR, VAT included
PLANS = (
    ("P30D", "Italian lessons, 30 days", "P30D", 1, 1_990),
    ("P6M", "Italian lessons, 6 months", "P6M", 1, 9_990),
    ("P1Y", "Italian lessons, 1 year", "P1Y", 1, 17_990),
    ("P1Y-FAMILY", "Italian lessons for the family, 1 year", "P1Y", 5, 35_990),
)

# code, title, the tier it is part of
MODULES = (
    ("alphabet", "Alfabeto e pronuncia", 1),
    ("greetings", "Saluti e presentazioni", 1),
    ("present-tense", "Il presente indicativo", 1),
    ("at-the-bar", "Al bar e al ristorante", 1),
    ("articles", "Articoli e preposizioni", 1),
    ("past-tense", "Passato prossimo e imperfetto", 1),
    ("travel", "In viaggio", 1),
    ("subjunctive", "Il congiuntivo senza paura", 1),
)


def upgrade() -> None:
    connection = op.get_bind()
    for code, name, period_iso, seats, price_cents in PLANS:
        connection.execute(
            sa.text(
                "WITH plan AS (INSERT INTO plans (code, name, period_iso, seats)"
                " VALUES (:code, :name, :period_iso, :seats) RETURNING id)"
                " INSERT INTO plan_prices (plan_id, version, price_cents, currency, vat_rate_bp)"
                " SELECT id, 1, :price_cents, 'EUR', :vat_rate_bp FROM plan"
            ),
            {
                "code": code,
                "name": name,
                "period_iso": period_iso,
                "seats": seats,
                "price_cents": price_cents,
                "vat_rate_bp": VAT_RATE_BP,
            },
        )
    for position, (code, title, min_tier) in enumerate(MODULES, start=1):
        connection.execute(
            sa.text(
                "INSERT INTO content_modules (code, title, min_tier, position)"
                " VALUES (:code, :title, :min_tier, :position)"
            ),
            {"code": code, "title": title, "min_tier": min_tier, "position": position},
        )


def downgrade() -> None:
    """Refused by the foreign keys once somebody has subscribed: sold plans are not unsold."""
    op.execute("DELETE FROM content_modules")
    op.execute("ALTER TABLE plan_prices DISABLE TRIGGER append_only")
    op.execute("DELETE FROM plan_prices")
    op.execute("ALTER TABLE plan_prices ENABLE TRIGGER append_only")
    op.execute("DELETE FROM plans")
