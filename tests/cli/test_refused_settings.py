"""Every way to start a process: refused settings are one line each, and nobody's secret is in it."""

import subprocess

import pytest

from ops.load_settings import load_settings
from tests.cli.test_commands import run

WAYS_TO_START = {
    "api": ("cli.main", "api"),
    "worker": ("cli.main", "worker"),
    "create-admin": (
        "cli.main",
        "create-admin",
        "--email",
        "a@italiano.example",
        "--password",
        "canary-password",
    ),
    "dev": ("cli.main", "dev"),
    "sandbox-psp": ("cli.main", "sandbox-psp"),
    "worker by hand": ("worker.main",),
    "uvicorn": ("uvicorn", "api.main:app", "--port", "1"),
}
GOOD = {
    "BILLING_ENVIRONMENT": "production",
    "BILLING_ALLOWED_HOSTS": "billing.example",
    "DATABASE_URL": "postgresql+psycopg://canary-of-the-database@127.0.0.1:1/nothing",
    "JWT_SECRET": "canary-of-the-tokens-0123456789ab",
    "PAYMENTS_WEBHOOK_SECRET": "canary-of-the-webhook",
    "BILLING_GIFT_CODE_SECRET": "canary-of-the-gift-codes-01234567",
    "BILLING_EVENTS_SECRET": "canary-of-the-events-0123456789012",
    "BILLING_SELLER_NAME": "Scuola",
    "BILLING_SELLER_ADDRESS": "Via Garibaldi, 1",
    "BILLING_SELLER_TAX_ID": "IT01234567890",
}
NOT_SET = "is not set"
NO_SELLER = "production needs the seller that invoices name"
EXAMPLE = "the example secrets are not accepted in production"


async def start(way: str, **changed: str) -> subprocess.CompletedProcess[str]:
    """An empty variable is one that is not set."""
    return await run(*WAYS_TO_START[way], **GOOD | changed)


@pytest.mark.parametrize("way", [way for way in WAYS_TO_START if way not in {"dev", "sandbox-psp"}])
async def test_every_refusal_is_told_at_once_and_no_secret_with_it(way: str) -> None:
    changed = {"JWT_SECRET": "canary", "BILLING_LOG_LEVEL": "canary", "DATABASE_URL": ""}
    ended = await start(way, **changed)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.splitlines() == [
        "FAIL BILLING_LOG_LEVEL: Input should be 'debug', 'info', 'warning' or 'error'",
        "FAIL DATABASE_URL: is not set",
        "FAIL JWT_SECRET: needs at least 32 bytes for HS256",
    ]


async def test_the_sandbox_tells_it_too_and_is_never_run_in_production() -> None:
    ended = await start("sandbox-psp", BILLING_PSP_API_KEY="canary", BILLING_PSP_WEBHOOK_URL="canary")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.splitlines() == [
        "FAIL BILLING_ENVIRONMENT: the sandbox payment provider is never run in production",
        "FAIL BILLING_PSP_API_KEY: Value should have at least 16 items after validation, not 6",
        "FAIL BILLING_PSP_DATABASE: is not set",
        r"FAIL BILLING_PSP_WEBHOOK_URL: String should match pattern '^https?://\S+$'",
    ]


async def test_the_local_stack_tells_it_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = str(tmp_path_factory.mktemp("home") / "italiano")
    ended = await start("dev", ITALIANO_HOME=home, JWT_SECRET="canary", PAYMENTS_WEBHOOK_SECRET="canary")

    assert ended.returncode == 1
    assert ended.stderr == (
        "FAIL JWT_SECRET: needs at least 32 bytes for HS256; "
        "PAYMENTS_WEBHOOK_SECRET: needs at least 16 bytes\n"
    )


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("DATABASE_URL", "", NOT_SET),
        ("DATABASE_URL", "postgresql+psycopg://italiano:change-me-italiano@postgres:5432/italiano", EXAMPLE),
        ("JWT_SECRET", "", NOT_SET),
        ("JWT_SECRET", "canary", "needs at least 32 bytes for HS256"),
        ("JWT_SECRET", "change-me-to-32-random-bytes-or-more", EXAMPLE),
        ("JWT_SECRET_PREVIOUS", "canary", "needs at least 32 bytes for HS256"),
        ("PAYMENTS_WEBHOOK_SECRET", "", NOT_SET),
        ("PAYMENTS_WEBHOOK_SECRET", "canary", "needs at least 16 bytes"),
        ("PAYMENTS_WEBHOOK_SECRET", "change-me-webhook-secret", EXAMPLE),
        ("PAYMENTS_WEBHOOK_SECRET_PREVIOUS", "canary", "needs at least 16 bytes"),
        ("BILLING_GIFT_CODE_SECRET", "", "production needs a secret that outlives rotations of JWT_SECRET"),
        ("BILLING_GIFT_CODE_SECRET", "canary", "needs at least 32 bytes"),
        ("BILLING_EVENTS_SECRET", "", "production needs a secret that outlives rotations of JWT_SECRET"),
        ("BILLING_EVENTS_SECRET", "canary", "needs at least 32 bytes"),
        ("BILLING_EVENTS_SECRET", "change-me-to-32-more-random-bytes-or-more", EXAMPLE),
        ("BILLING_EVENTS_ALLOW_PRIVATE", "true", "production sends events to the public internet only"),
        ("BILLING_GIFT_CODE_SECRET", "change-me-to-32-other-random-bytes-or-more", EXAMPLE),
        ("BILLING_ALLOWED_HOSTS", "", "production needs the host names that it is reached under, without *"),
        (
            "BILLING_ALLOWED_HOSTS",
            "a, *",
            "production needs the host names that it is reached under, without *",
        ),
        ("BILLING_SELLER_NAME", "", NO_SELLER),
        ("BILLING_SELLER_ADDRESS", "  ", NO_SELLER),
        ("BILLING_SELLER_TAX_ID", "IT00000000000", NO_SELLER),
        ("BILLING_PSP_URL", "http://canary", "the sandbox payment provider is not accepted in production"),
    ],
)
def test_each_setting_that_production_refuses(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, reason: str
) -> None:
    """What every way to start ends with, if it is the only one."""
    for name, good in (GOOD | {variable: value}).items():
        monkeypatch.setenv(name, good)

    with pytest.raises(SystemExit) as ended:
        load_settings()

    assert ended.value.code == f"FAIL {variable}: {reason}"


def test_what_is_refused_nowhere_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, good in GOOD.items():
        monkeypatch.setenv(name, good)

    assert load_settings().environment == "production"
