"""Counts what providers' webhooks were answered with, by provider and answer: both are words of ours."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.problem_handlers import code_of
from api.schemas.payments import AcceptedBody
from ops.metrics import WebhookMetrics

UNVERIFIED = "unverified"
STORED, DUPLICATE, IGNORED = "stored", "duplicate", "ignored"


@dataclass
class Webhook:
    """`provider` is known once its signature holds."""

    provider: str = UNVERIFIED
    answer: str = STORED

    def answered(self, body: AcceptedBody) -> AcceptedBody:
        self.answer = IGNORED if body.ignored else DUPLICATE if body.duplicate else STORED
        return body


async def _counted(request: Request) -> AsyncIterator[Webhook]:
    metrics: WebhookMetrics = request.app.state.webhook_metrics
    webhook = Webhook()
    try:
        yield webhook
    except Exception as error:
        metrics.count(webhook.provider, code_of(error))
        raise
    metrics.count(webhook.provider, webhook.answer)


WebhookDep = Annotated[Webhook, Depends(_counted)]
"""To be asked for before anything that refuses."""
