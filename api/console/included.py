"""Which pages the console has: those for development are there only where what they turn is."""

from collections.abc import Iterator

from fastapi import APIRouter

from api.console.routes import (
    commands,
    development,
    findings,
    nowhere,
    overview,
    payments,
    signing_in,
    subscriptions,
    webhooks,
)
from ops.settings import Settings


def console_routers(settings: Settings) -> Iterator[APIRouter]:
    """In this order; none where the console is switched off."""
    if not settings.console_enabled:
        return
    yield signing_in.router
    yield overview.router
    yield subscriptions.router
    yield commands.router
    yield payments.router
    yield webhooks.router
    yield findings.router
    if settings.virtual_clock:
        yield development.clock_router
    if settings.psp_url:
        yield development.card_router
    yield nowhere.router
