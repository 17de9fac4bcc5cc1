"""The sandbox: a payment provider of its own, which charges nobody. For development, demos and tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from fastapi import FastAPI

from sandbox_psp.book import open_book
from sandbox_psp.context import Context
from sandbox_psp.problems import install_problem_handlers
from sandbox_psp.routes import charges, control, customer, refunds
from sandbox_psp.sender import Customers, Sender
from sandbox_psp.settings import SandboxSettings

ROUTERS = (charges.router, refunds.router, control.router, customer.router)


def create_app(settings: SandboxSettings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _open_context(settings) as context:
            app.state.context = context
            yield

    app = FastAPI(title="Sandbox payment provider", lifespan=lifespan, docs_url=None, redoc_url=None)
    install_problem_handlers(app)
    for router in ROUTERS:
        app.include_router(router)

    @app.get("/healthz")
    async def is_alive() -> dict[str, str]:
        return {"status": "alive"}

    return app


@asynccontextmanager
async def _open_context(settings: SandboxSettings) -> AsyncIterator[Context]:
    book = open_book(settings.database)
    async with httpx2.AsyncClient(trust_env=False) as http:
        sender = Sender(book, settings, http)
        customers = Customers(book, sender)
        running = [asyncio.create_task(sender.run()), asyncio.create_task(customers.run())]
        try:
            yield Context(settings, book, sender, customers)
        finally:
            for task in running:
                task.cancel()
            await asyncio.wait(running)
            book.close()
