"""What a running local stack tells about itself: kept in its home, shown as a panel or as JSON."""

import json
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from rich.console import Console

from cli.dev.home import Home
from cli.dev.stack_error import StackError

PRODUCT = "Italiano Billing"
FILE = "status.json"
SOON = timedelta(hours=24)


@dataclass(frozen=True)
class Status:
    api_url: str
    temporal_address: str
    temporal_ui_url: str
    metrics_urls: list[str]
    database_url: str
    webhook_secret: str
    psp_url: str
    psp_api_key: str
    admin_email: str
    admin_password: str
    processes: dict[str, int]

    def keep(self, home: Home) -> None:
        home.write(FILE, asdict(self))

    @classmethod
    def of_running(cls, home: Home) -> "Status":
        """Raises `StackError` when no stack is ready on this home."""
        kept = home.read(FILE)
        if not kept or not home.is_in_use:
            raise StackError(f"no stack is running on {home.folder}; start it with `make up`")
        return cls(**kept)


def show_status(*, as_json: bool) -> None:
    home = Home.from_environment()
    try:
        running = Status.of_running(home)
    except StackError as error:
        sys.exit(f"FAIL {error}")
    if as_json:
        print(json.dumps(asdict(running), indent=2))
    else:
        print_panel(Console(highlight=False), running, f"{PRODUCT} is running", home)


def print_panel(console: Console, status: Status, title: str, home: Home) -> None:
    """Plain text between two rules, so that every line can be copied whole."""
    now = datetime.now(UTC)
    console.rule(f"[bold]{title}")
    for heading, lines in _groups(status, now, home.logs).items():
        console.print(f"[bold]{heading}", soft_wrap=True)
        for label, value in lines:
            console.print(f"  {label:<24}{value}", markup=False, highlight=False, soft_wrap=True)
    console.rule()


def _groups(status: Status, now: datetime, logs: Path) -> dict[str, list[tuple[str, str]]]:
    api_metrics, worker_metrics = status.metrics_urls
    return {
        "API": [
            ("address", status.api_url),
            ("documentation", f"{status.api_url}/docs"),
            ("console for staff", f"{status.api_url}/console"),
        ],
        "Temporal": [
            ("address", status.temporal_address),
            ("web UI", status.temporal_ui_url),
            ("waiting for payment", _workflows(status, 'SubscriptionStatus="incomplete"')),
            ("active", _workflows(status, 'SubscriptionStatus="active"')),
            ("past due", _workflows(status, 'SubscriptionStatus="past_due"')),
            ("parked", _workflows(status, "Parked=true")),
            ("next due within 24 h", _workflows(status, f'NextActionAt < "{_rfc3339(now + SOON)}"')),
        ],
        "Sandbox payment provider": [
            ("address", status.psp_url),
            ("API key", status.psp_api_key),
            (
                "test cards",
                "tok_ok, tok_stolen, tok_3ds, tok_decline_2_then_ok: docs/sandbox-psp.md has them all",
            ),
        ],
        "Metrics": [("API", api_metrics), ("worker", worker_metrics)],
        "Secrets of this stack": [
            ("DATABASE_URL", status.database_url),
            ("webhook secret", status.webhook_secret),
            ("admin", f"{status.admin_email} / {status.admin_password}"),
        ],
        "Try": [
            ("a subscription's life", "make demo"),
            ("the plans", f"curl -s {status.api_url}/plans"),
            ("the database", f"psql '{status.database_url}'"),
        ],
        "Logs": [("folder", str(logs))],
    }


def _workflows(status: Status, query: str) -> str:
    running = f'{query} AND ExecutionStatus="Running"'
    return f"{status.temporal_ui_url}/namespaces/default/workflows?query={quote(running, safe='')}"


def _rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
