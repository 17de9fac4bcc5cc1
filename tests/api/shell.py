"""The application without its engines, with a few routes that only tests have."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx2
from fastapi import APIRouter, FastAPI, Request
from pydantic import EmailStr, Field

from api.app import create_app
from api.context import ContextDep
from api.problems import Problem
from api.schemas.base import RequestBody, RowId, UtcInstant
from ops.settings import Settings
from tests.stack import settings_for

NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
SECRET_OF_THE_HOUSE = "SELECT password_hash FROM users -- /srv/italiano"

router = APIRouter(prefix="/probe")


class Note(RequestBody):
    text: str = ""
    count: Annotated[int, Field(ge=0, le=1_000)] = 0
    loud: bool = False
    email: EmailStr | None = None
    at: UtcInstant | None = None


@router.post("/notes")
async def write_note(note: Note) -> dict[str, Any]:
    return note.model_dump(mode="json")


@router.post("/raw")
async def write_raw(request: Request) -> dict[str, int]:
    return {"size": len(await request.body())}


@router.get("/items/{item_id}")
async def read_item(item_id: RowId, limit: int = 10) -> dict[str, int]:
    return {"item_id": item_id, "limit": limit}


@router.get("/refused")
async def refuse() -> None:
    raise Problem(409, "seats_full", "All seats are taken.", headers={"Retry-After": "7"}, seats=5)


@router.get("/broken")
async def break_down() -> None:
    raise KeyError(SECRET_OF_THE_HOUSE)


@router.get("/workflow")
async def ask_workflow(context: ContextDep) -> None:
    await context.temporal.get_workflow_handle("nobody").describe()


def shell_settings(**changes: Any) -> Settings:
    return settings_for(NOWHERE).model_copy(update=changes)


def shell_app(settings: Settings | None = None) -> FastAPI:
    app = create_app(settings or shell_settings())
    app.include_router(router)
    return app


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://api.example") as client,
    ):
        yield client
