"""`italiano doctor`: what is configured and reachable, a line each, with how to mend what is not well."""

import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import redirect_stdout
from dataclasses import asdict

from cli.doctor.finding import Finding, Health, fail, warn, well
from cli.doctor.of_books import look_at_books
from cli.doctor.of_providers import look_at_providers
from cli.doctor.of_temporal import look_at_temporal
from cli.operator_settings import operator_settings
from cli.terminal import plain, print_json
from db.database import Database
from ops.logging import configure_logging
from ops.settings import Settings
from ops.temporal_client import connect_temporal

PATIENCE_SECONDS = 20


def see_doctor(*, as_json: bool) -> None:
    """Ends the process with 1 when something fails; a warning is for a person to look at."""
    settings = operator_settings()
    with redirect_stdout(sys.stderr):  # what is told on stdout is for a program, too
        configure_logging("cli", settings.log_level)
    found = asyncio.run(look(settings))
    if as_json:
        print_json([asdict(finding) for finding in found])
    else:
        _tell(found)
    if any(finding.health is Health.FAIL for finding in found):
        sys.exit(1)


async def look(settings: Settings) -> list[Finding]:
    """Each engine is looked at also while another one is away."""
    found = _settings(settings)
    found += await _reached("postgres", lambda: _books(settings), "DATABASE_URL names it; is it up?")
    found += await _reached("temporal", _temporal, "TEMPORAL_ADDRESS names it; is it up?")
    return found + await _reached("providers", lambda: look_at_providers(settings), "see the log")


def _settings(settings: Settings) -> list[Finding]:
    found = [well("settings", f"environment {settings.environment}, all accepted")]
    if not settings.temporal_ui_url:
        found.append(
            warn("temporal UI", "is not linked from anywhere", "set BILLING_TEMPORAL_UI_URL to its address")
        )
    if settings.virtual_clock:
        found.append(well("virtual clock", "clocks of subscriptions can be turned: never in production"))
    return found


async def _reached(name: str, look_at: Callable[[], Awaitable[list[Finding]]], mend: str) -> list[Finding]:
    """The kind of an error is told and never its text, which may name what is secret."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await look_at()
    except Exception as error:  # noqa: BLE001 - whatever it is, the rest is looked at
        return [fail(name, f"cannot be reached or looked at: {type(error).__name__}", mend)]


async def _books(settings: Settings) -> list[Finding]:
    database = Database.from_settings(settings)
    try:
        return await look_at_books(database)
    finally:
        await database.close()


async def _temporal() -> list[Finding]:
    return await look_at_temporal(await connect_temporal(lazy=True))


def _tell(found: list[Finding]) -> None:
    for finding in found:
        print(f"{finding.health.upper():<4}  {finding.name}: {plain(finding.says)}")
        if finding.mend:
            print(f"      mend: {plain(finding.mend)}")
    counts = Counter(finding.health for finding in found)
    print(f"\n{counts[Health.OK]} ok, {counts[Health.WARN]} to look at, {counts[Health.FAIL]} failing")
