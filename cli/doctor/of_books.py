"""Whether Postgres is as we need it, and whether the books say that something waits for a person."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from cli.doctor.finding import Finding, fail, warn, well
from db.database import Connection, Database
from db.queries import event_views, health, inbox_counts, reconciliation, standing

OLDEST_POSTGRES = 16
TOLERATED_SKEW = timedelta(seconds=5)
LONG_IN_THE_INBOX = 120.0
LONG_UNPUBLISHED = timedelta(minutes=5)
LONG_SINCE_RECONCILED = 2 * 3_600.0

Question = Callable[[Connection], Awaitable[Finding]]


async def look_at_books(database: Database) -> list[Finding]:
    """Raises what Postgres raises when it is away."""
    async with database.read() as connection:
        found = [await _server(connection), await _clock(connection), await _schema(connection)]
        if any(finding.name == "migrations" and finding.mend for finding in found):
            return found  # the questions below are of another schema
        return found + [await ask(connection) for ask in QUESTIONS]


async def _server(connection: Connection) -> Finding:
    server = await standing.read_server(connection)
    says = f"version {server.version}"
    if server.is_read_only:
        return fail("postgres", f"{says}, and it takes no writes", "DATABASE_URL must name the primary")
    if int(server.version.split(".")[0]) < OLDEST_POSTGRES:
        return fail("postgres", says, f"it is tested with {OLDEST_POSTGRES} and newer")
    return well("postgres", says)


async def _clock(connection: Connection) -> Finding:
    before = datetime.now(UTC)
    server = await standing.read_server(connection)
    after = datetime.now(UTC)
    skew = max(before - server.now, server.now - after, timedelta())
    if skew > TOLERATED_SKEW:
        return fail(
            "clocks", f"Postgres and this machine are {skew.total_seconds():.0f} s apart", "run NTP on both"
        )
    return well("clocks", "Postgres and this machine agree")


async def _schema(connection: Connection) -> Finding:
    revision = await health.read_schema_revision(connection)
    newest = health.shipped_revisions()[-1]
    if not health.is_recent_enough(revision):
        return fail("migrations", f"at {revision or 'none'}, this release needs {newest}", "italiano migrate")
    return well("migrations", f"at {revision}")


async def _inbox(connection: Connection) -> Finding:
    counts = await inbox_counts.count_inbox(connection)
    parked = sum(counts.parked.values())
    says = f"{counts.received} waiting, the oldest for {counts.oldest_seconds:.0f} s; {parked} parked"
    if counts.oldest_seconds > LONG_IN_THE_INBOX:
        return fail("inbox", says, "the relay is stuck: look at the logs of API and worker")
    if parked:
        return warn("inbox", says, "italiano webhook list --status parked")
    return well("inbox", says)


async def _events(connection: Connection) -> Finding:
    counts = await event_views.count_events(connection)
    says = f"{counts.undelivered} on their way, {counts.endpoints_disabled} endpoints disabled"
    if counts.unpublished_for > LONG_UNPUBLISHED:
        waits = f"unpublished for {counts.unpublished_for.total_seconds():.0f} s; {says}"
        return fail("events", waits, "the dispatcher runs in every worker: look at its logs")
    if counts.endpoints_disabled:
        return warn("events", says, "GET /admin/webhook-endpoints says why; enable them there")
    return well("events", says)


async def _parked(connection: Connection) -> Finding:
    count = await standing.count_parked(connection)
    if count:
        return warn("parked", f"{count} subscriptions wait for an operator", "italiano sub list --parked")
    return well("parked", "no subscription waits for an operator")


async def _unknown(connection: Connection) -> Finding:
    payments, refunds = await standing.count_unknown(connection)
    if payments or refunds:
        says = f"{payments} payments and {refunds} refunds of which nobody knows the end"
        return warn(
            "unknown", says, "italiano payment list --status unknown; they are looked up by themselves"
        )
    return well("unknown", "the end of every payment is known, or waited for")


async def _reconciliation(connection: Connection) -> Finding:
    stands = await reconciliation.standing(connection)
    name, found = "reconciliation", sum(stands.open_findings.values())
    if stands.seconds_since_last_run is None:
        return warn(name, "it has never run", "italiano reconcile; workers run it every hour")
    says = f"{found} open findings, last run {stands.seconds_since_last_run / 60:.0f} minutes ago"
    if found or stands.failed_rules:
        return fail(name, f"{says}, {stands.failed_rules} rules not asked", "italiano reconcile")
    if stands.seconds_since_last_run > LONG_SINCE_RECONCILED:
        return warn(name, says, "its schedule runs every hour: is a worker there?")
    return well(name, says)


QUESTIONS: tuple[Question, ...] = (_inbox, _events, _parked, _unknown, _reconciliation)
