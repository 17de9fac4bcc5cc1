"""For the platform that runs us: is it alive, can it serve, how does it do."""

import asyncio

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.responses import PlainTextResponse, Response

from api.context import ContextDep
from api.metrics.from_database import DatabaseMetrics
from api.metrics.process import ProcessMetrics
from api.problems import RETRY_SOON, Problem, problem_responses
from api.readiness import OK, check_readiness, is_stopping
from api.schemas.plumbing import AliveBody, ReadyBody

router = APIRouter(tags=["Plumbing"])


@router.get("/healthz")
async def healthz() -> AliveBody:
    """The process is alive. Says nothing about Postgres or Temporal: restarting us would not mend them."""
    return AliveBody()


@router.get("/readyz", responses=problem_responses((503, "not_ready")))
async def readyz(request: Request, context: ContextDep) -> ReadyBody:
    """Postgres, its migrations and Temporal are there; else, and while it is stopping, 503 with `checks`."""
    checks = await check_readiness(context)
    if is_stopping(request.app):
        checks["process"] = "stopping"
    missing = [name for name, state in checks.items() if state != OK]
    if missing:
        raise Problem(
            503,
            "not_ready",
            f"Not ready: {', '.join(missing)}.",
            headers=RETRY_SOON,
            checks={**checks},
        )
    return ReadyBody(checks=checks)


def metrics_router(registry: CollectorRegistry) -> APIRouter:
    """A router of its own, so that a public listener can go without."""
    metrics = APIRouter(tags=["Plumbing"])
    from_database, of_process = DatabaseMetrics(), ProcessMetrics()
    registry.register(from_database)
    registry.register(of_process)

    @metrics.get("/metrics", response_class=PlainTextResponse)
    async def read_metrics(context: ContextDep) -> Response:
        """Prometheus metrics in text format."""
        await asyncio.gather(from_database.refresh(context.database), of_process.refresh(context))
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return metrics
