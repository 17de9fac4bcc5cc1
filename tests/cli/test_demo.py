"""`italiano demo` as a person starts it: a process that tells a story, or fails and says where."""

import asyncio
import re
import tempfile
from pathlib import Path

import psutil
import pytest

from cli.dev.home import Home
from tests.cli.shown_home import italiano, shown_home
from tests.client import Student
from tests.stack import PATIENCE_MS, Stack

TOLD = (
    r"1\. A student signs up and logs in",
    r"POST /auth/signup +201 +\d+ ms",
    r"POST /auth/login +200",
    r"P30D +19\.90 EUR",
    r"GET +/content/modules +403",
    r"subscription_inactive, none:",
    r"POST /subscriptions/start +201",
    r"subscription \d+ is incomplete: payment \d+ of 19\.90 EUR on invoice \d+",
    r"subscription_inactive, payment_required:",
    r"POST /payments/webhook +200",
    r"the lessons are open, \d+ ms after the webhook was sent:",
    r"Alfabeto e pronuncia",
    r"payments_succeeded_total +\d+ → \d+",
    r"http_requests_total +\d+ → \d+",
    r"active_subscriptions +\d+ → \d+",
    r"IT-\d{4}-\d{6}, paid: 19\.90 EUR = 16\.31 EUR \+ 3\.59 EUR VAT at 22 %",
    r"active until \d{4}-\d\d-\d\dT.*, and then it ends",
    r"active, and not canceled any more",
    r"Idempotency-Replayed: true",
    r"POST /me/payment-methods +201",
    r"visa …4242 \(tok_ok-demo-[0-9a-f]{16}\)",
    r"POST /admin/subscriptions/\d+/clock +200",
    *([r"\d{4}-\d\d-\d\d +19\.90 EUR  renewal_opened, renewed"] * 3),
    r"19\.90 EUR  renewal_opened, payment_declined, fell_due",
    r"past_due; the lessons stay open until \d{4}-\d\d-\d\dT",
    r"19\.90 EUR  payment_retried, recovered",
    r"POST /subscriptions/\d+/freeze +200",
    r"frozen until \d{4}-\d\d-\d\dT",
    r"subscription_inactive, frozen:",
    r"\d{4}-\d\d-\d\d +unfrozen",
    r"paid until \d{4}-\d\d-\d\d instead of \d{4}-\d\d-\d\d",
    r"12\. A month later it moves up to six months",
    r"19\.90 EUR  renewal_opened, renewed",
    r"POST /subscriptions/\d+/change-plan/preview +200",
    r" 99\.90 EUR  Italian lessons, 6 months",
    r"-17\.25 EUR  Unused time of Italian lessons, 30 days",
    r" 82\.65 EUR  is due now, as this quote says: \S{24}…",
    r"POST /subscriptions/\d+/change-plan +200",
    r"P6M until \d{4}-\d\d-\d\dT\S+; 82\.65 EUR were charged",
    r"POST /subscriptions/\d+/cancel +200",
    r"\d{4}-\d\d-\d\d +ended",
    r"canceled since \d{4}-\d\d-\d\dT.*, the end of its period",
    r"subscription_inactive, expired:",
    r"14\. Staff make a promo code and two gift cards",
    r"AMICI-[0-9A-F]{8}: 25 % off the first invoice",
    r"(\w{4}-){3}\w{4} and (\w{4}-){3}\w{4}: 10\.00 EUR each",
    r"19\.90 EUR: 4\.98 EUR off, 10\.00 EUR from the gift card, 4\.92 EUR charged to the stored card",
    r"POST /subscriptions/\d+/redeem +200",
    r"10\.00 EUR for the invoices to come",
    r"POST /admin/invoices/\d+/refund +202",
    r"14\.92 EUR: 4\.92 EUR to the card, 10\.00 EUR to the gift card",
    r"NC-\d{4}-\d{6}: 10\.00 EUR = 8\.20 EUR \+ 1\.80 EUR VAT",
    r"NC-\d{4}-\d{6}: 4\.92 EUR = 4\.03 EUR \+ 0\.89 EUR VAT",
    r"20\.00 EUR on gift cards for the invoices to come",
    r"19\.90 EUR  paid: mock succeeded",
    *([r"19\.90 EUR  paid: sandbox succeeded"] * 3),
    r"19\.90 EUR  paid: sandbox failed, sandbox succeeded",
    r"19\.90 EUR  paid: sandbox succeeded",
    r"82\.65 EUR  paid: sandbox succeeded",
    r"14\.92 EUR  paid: 10\.00 EUR by gift card, sandbox succeeded",
    r"8 charges in the provider's book, 187\.07 received, 4\.92 given back: as in ours",
    r"the trial balance: \d+ accounts, [\d.]+ EUR debited, [\d.]+ EUR credited, 0\.00 is left",
)


def assert_told(story: str, *more: str) -> None:
    """Every line of it, in this order."""
    assert re.search(".*".join((*TOLD, *more)), story, re.DOTALL), story


async def test_on_a_running_stack(stack: Stack, admin: Student, tmp_path: Path) -> None:
    with shown_home(stack, tmp_path, admin_email=admin.email, admin_password=admin.password) as home:
        done = await asyncio.to_thread(italiano, home, "demo")
    assert done.returncode == 0, done.stderr
    assert_told(
        done.stdout,
        r"http://127\.0\.0\.1:1/namespaces/default/workflows/\d+%3Ademo-[0-9a-f]{16}",
        re.escape(f"{stack.api_url}/docs"),
    )
    assert "\x1b" not in done.stdout  # plain lines where nobody looks at a terminal


async def test_a_step_that_comes_out_otherwise_fails_it(stack: Stack, tmp_path: Path) -> None:
    with shown_home(stack, tmp_path, webhook_secret="a secret that the API does not have") as home:
        done = await asyncio.to_thread(italiano, home, "demo")
    assert done.returncode == 1
    assert "POST /subscriptions/start         201" in done.stdout
    assert done.stderr.startswith("FAIL POST /payments/webhook answered 401 instead of 200:")
    assert "signature_invalid" in done.stderr


async def test_an_api_that_is_away_fails_it(stack: Stack, tmp_path: Path) -> None:
    with shown_home(stack, tmp_path, api_url="http://127.0.0.1:1") as home:
        done = await asyncio.to_thread(italiano, home, "demo")
    assert (done.returncode, done.stdout.count("POST")) == (1, 0)
    assert done.stderr.startswith("FAIL the API does not answer:")


async def test_without_a_stack_it_runs_its_own_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are too deep for Postgres's socket
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr(tempfile, "tempdir", None)
        monkeypatch.setenv("BILLING_WORKFLOW_RPC_TIMEOUT_MS", str(PATIENCE_MS))
        done = await asyncio.to_thread(italiano, Home(Path(folder) / "no-stack"), "demo")
        assert done.returncode == 0, done.stderr
        assert_told(done.stdout, r"This stack ends with the demo")
        assert left_behind(Path(folder)) == ([], [])


def left_behind(folder: Path) -> tuple[list[Path], list[psutil.Process]]:
    """Files in it, and processes that speak of it."""

    def speaks_of_it(process: psutil.Process) -> bool:
        return any(str(folder) in argument for argument in process.info["cmdline"] or ())

    return list(folder.iterdir()), [p for p in psutil.process_iter(["cmdline"]) if speaks_of_it(p)]
