"""What the routes share for the life of the process: opened once, handed in, closed at the end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from temporalio.client import Client

from api.auth.passwords import PasswordHasher
from api.auth.sessions import Sessions
from api.auth.tokens import TokenIssuer
from db.database import Database
from ops.settings import Settings
from ops.temporal_client import connect_temporal


@dataclass(frozen=True)
class Context:
    settings: Settings
    database: Database
    temporal: Client
    tokens: TokenIssuer
    passwords: PasswordHasher
    sessions: Sessions


@asynccontextmanager
async def open_context(settings: Settings) -> AsyncIterator[Context]:
    """Neither Postgres nor Temporal has to be there yet: both are reached at the first use."""
    database = Database.from_settings(settings)
    tokens = TokenIssuer.from_settings(settings)
    try:
        yield Context(
            settings=settings,
            database=database,
            temporal=await connect_temporal(lazy=True),
            tokens=tokens,
            passwords=PasswordHasher.from_settings(settings),
            sessions=Sessions(settings, tokens),
        )
    finally:
        await database.close()


async def get_context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


ContextDep = Annotated[Context, Depends(get_context)]
