"""docs/inbox.md lists what there is: statuses, reasons, answers and metrics."""

from api.metrics.inbox import read_inbox
from db.database import Database
from db.queries.inbox_counts import REASONS
from db.queries.payment_reports import ReportStatus
from tests.docs.tables import DOCS, tables_of
from upkeep.replay_report import ReplayRefusal
from workflows.schedules import ROUTINES

TABLES = tables_of("inbox.md")


def test_every_status_is_on_the_page() -> None:
    assert [row["status"] for row in TABLES["The life of a report"]] == list(ReportStatus)


def test_every_reason_is_on_the_page() -> None:
    assert [row["reason"] for row in TABLES["Why a report is parked"]] == [str(each) for each in REASONS]


def test_every_refusal_of_a_replay_is_on_the_page() -> None:
    assert [row["answer"] for row in TABLES["Having one judged again"]] == list(ReplayRefusal)


async def test_every_metric_is_on_the_page(database: Database) -> None:
    async with database.read() as connection:
        families = await read_inbox(connection)
    assert [row["metric"] for row in TABLES["Looking at it"]] == [family.name for family in families]


def test_the_schedule_is_as_often_as_the_page_says() -> None:
    [delivers] = [routine for routine in ROUTINES if routine.name == "deliver-inbox"]
    page = " ".join((DOCS / "inbox.md").read_text().split())
    assert f"every {delivers.every.seconds} seconds by the Temporal schedule `{delivers.name}`" in page
