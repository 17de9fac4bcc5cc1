"""All of them: 25, and five in reserve. Chosen by reading the code, before a test of it was read."""

from tests.seeded_bugs.of_activities import OF_ACTIVITIES
from tests.seeded_bugs.of_api import OF_API
from tests.seeded_bugs.of_db import OF_DB
from tests.seeded_bugs.of_payments import OF_PAYMENTS
from tests.seeded_bugs.of_upkeep import OF_UPKEEP

BUGS = (*OF_API, *OF_ACTIVITIES, *OF_PAYMENTS, *OF_DB, *OF_UPKEEP)
