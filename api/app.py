"""Puts the API together: what every answer has in common, then the routes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from prometheus_client import CollectorRegistry
from starlette.middleware.cors import CORSMiddleware

from api.console.included import console_routers
from api.context import open_context
from api.docs_page import ASSETS_URL, OPENAPI_URL, add_docs_page
from api.middleware.admission import Admission
from api.middleware.failures import Failures
from api.middleware.observation import Observation
from api.middleware.request_body import RequestBody
from api.middleware.security_headers import SecurityHeaders
from api.middleware.trusted_host import TrustedHost
from api.openapi import DESCRIPTION, SUMMARY, TITLE, describe
from api.problem_handlers import install_problem_handlers
from api.routes import (
    auth,
    clock,
    commands,
    content,
    credit_note_documents,
    exports,
    family,
    gift_cards,
    invoice_documents,
    invoices,
    me,
    payment_methods,
    personal_data,
    plan_changes,
    plans,
    plumbing,
    previews,
    reconciliation,
    signed_webhook,
    staff_actions,
    staff_commands,
    staff_events,
    staff_gift_cards,
    staff_invoices,
    staff_payments,
    staff_plans,
    staff_promo_codes,
    staff_subscriptions,
    staff_unpark,
    staff_users,
    staff_webhook_endpoints,
    staff_webhooks,
    stripe_webhook,
    subscriptions,
)
from api.routes.plumbing import metrics_router
from ops.load_settings import load_settings
from ops.metrics import HttpMetrics, WebhookMetrics
from ops.settings import ANY_HOST, Settings
from ops.span_export import stop_tracing
from ops.version import VERSION
from payments.providers import EVERY_NAME

ROUTERS = (
    auth.router,
    personal_data.router,
    plans.router,
    previews.router,
    subscriptions.router,
    commands.router,
    plan_changes.router,
    family.router,
    me.router,
    gift_cards.router,
    payment_methods.router,
    invoice_documents.router,
    credit_note_documents.router,
    invoices.router,
    signed_webhook.router,
    stripe_webhook.router,
    content.router,
    staff_subscriptions.router,
    staff_unpark.router,
    staff_commands.router,
    staff_users.router,
    personal_data.admin_router,
    exports.router,
    invoice_documents.admin_router,
    credit_note_documents.admin_router,
    staff_payments.router,
    staff_invoices.router,
    staff_plans.router,
    staff_promo_codes.router,
    staff_gift_cards.router,
    staff_webhooks.router,
    reconciliation.router,
    staff_webhook_endpoints.router,
    staff_events.router,
    staff_actions.router,
    plumbing.router,
)


THEIRS_OFF = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""The framework's own spans tell addresses with their queries. Ours: api/middleware/request_span.py."""


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or load_settings()
    app = _new_app(settings)
    registry = CollectorRegistry()
    app.state.webhook_metrics = WebhookMetrics(registry, EVERY_NAME)
    _add_middleware(app, settings, HttpMetrics(registry))
    install_problem_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    if settings.metrics_enabled:
        app.include_router(metrics_router(registry))
    if settings.virtual_clock:
        app.include_router(clock.router)
    for router in console_routers(settings):
        app.include_router(router)
    return app


def _new_app(settings: Settings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_context(settings) as context:
            app.state.context = context
            yield
        await asyncio.to_thread(stop_tracing)

    described: dict[str, Any] = {
        "title": TITLE,
        "version": VERSION,
        "summary": SUMMARY,
        "description": DESCRIPTION,
        "license_info": {"name": "MIT", "identifier": "MIT"},
        "generate_unique_id_function": _operation_id,
        "lifespan": lifespan,
        "redirect_slashes": False,
        "telemetry": THEIRS_OFF,
    }
    if not settings.docs_enabled:
        return FastAPI(**described, openapi_url=None)
    app: FastAPI = FastAPIOffline(
        docs_url=None, redoc_url=None, openapi_url=OPENAPI_URL, static_url=ASSETS_URL, **described
    )
    add_docs_page(app)
    describe(app)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name


def _add_middleware(app: FastAPI, settings: Settings, metrics: HttpMetrics) -> None:
    """From the innermost to the outermost: each one added wraps those before it."""
    app.add_middleware(RequestBody)
    app.add_middleware(Failures)
    app.add_middleware(Admission, at_once=settings.requests_at_once)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=("GET", "POST", "PATCH", "DELETE"),
            allow_headers=("Authorization", "Content-Type", "Idempotency-Key", "X-Request-ID", "traceparent"),
            expose_headers=("X-Request-ID", "Idempotency-Replayed", "Retry-After", "Location"),
        )
    if ANY_HOST not in settings.allowed_hosts:
        app.add_middleware(TrustedHost, allowed_hosts=settings.allowed_hosts)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Observation, metrics=metrics)
