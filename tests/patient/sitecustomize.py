"""Loaded by processes that are not to be tried for their haste (by PYTHONPATH): a busy machine is no outage.

Whoever is queued on purpose, such as fifty who log in at once, is not refused for its patience.
"""

import api.metrics.from_database
import api.payment_outcome
import api.readiness
import db.database

PATIENCE_SECONDS = 20

api.metrics.from_database.SLOWEST_SECONDS = PATIENCE_SECONDS
api.payment_outcome.OUTCOME_SECONDS = PATIENCE_SECONDS
api.readiness.SLOWEST_CHECK_SECONDS = PATIENCE_SECONDS
db.database.CONNECT_SECONDS = PATIENCE_SECONDS
db.database.LOCK_TIMEOUT_MS = PATIENCE_SECONDS * 1_000
db.database.POOL_WAIT_SECONDS = PATIENCE_SECONDS
