"""What is on sale, and from when on."""

from datetime import datetime

from tests.model.terms import Plan, Promo

CATALOGUE = (
    Plan("MONTH", 1_990, months=1),
    Plan("PLUS", 2_990, months=1, freeze_days=10),
    Plan("YEAR", 17_990, months=12),
    Plan("FAMILY", 3_490, months=1, seats=3),
    Plan("TRIAL", 1_490, days=30, trial_days=10),
    Plan("PATIENT", 990, days=30, grace_days=3, retry_days=(2, 5), final_action="unpaid"),
)
STARTS = tuple(
    datetime.fromisoformat(f"{day}T08:30:00Z") for day in ("2035-01-31", "2035-08-31", "2036-02-29")
)
PROMOS = (
    (Promo("", percent=33, periods=2), None),
    (Promo("", cents=500), None),
    (Promo("", percent=100, periods=1), 1),
)
GIFT_CENTS = (2_500, 300, 6_000, 1_980)
