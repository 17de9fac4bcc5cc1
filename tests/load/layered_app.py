"""A baseline, not part of the product: the two reads as a typical layered service writes them.

Synchronous endpoints in FastAPI's thread pool, an ORM session a request, a repository a table, so several
queries a read: the user of the token, its subscription, the plan, the lessons. Every answer has a request id,
a counter, a latency and a JSON log line, as the product's have. `italiano bench start` runs it on the same
database, with the same tokens and load.
"""

import os
import sys
import threading
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import jwt
import structlog
import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from prometheus_client import Counter, Histogram
from pydantic import BaseModel
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session, sessionmaker

from db.tables.accounts import User
from db.tables.catalogue import ContentModule, Plan
from db.tables.subscriptions import Subscription

JWT_SECRET = os.environ["JWT_SECRET"]
AUDIENCE = "italiano-billing-api"

engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:"))
new_session = sessionmaker(engine)
app = FastAPI()
requests = Counter("http_requests", "Requests", ("method", "path", "status"))
latency = Histogram("http_request_latency_seconds", "Latency", ("method", "path"))
structlog.configure(processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()])
log = structlog.get_logger()


class SubscriptionOut(BaseModel):
    status: str
    subscription_id: int
    plan_code: str
    current_period_start: datetime
    current_period_end: datetime
    cancel_at_period_end: bool


class ModuleOut(BaseModel):
    code: str
    title: str
    min_tier: int


@app.middleware("http")
async def observe(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    began = time.perf_counter()
    response = await call_next(request)
    seconds, path = time.perf_counter() - began, request.url.path
    response.headers["X-Request-ID"] = str(uuid.uuid4())
    requests.labels(request.method, path, response.status_code).inc()
    latency.labels(request.method, path).observe(seconds)
    log.info("request", method=request.method, path=path, status=response.status_code, seconds=seconds)
    return response


def session() -> Iterator[Session]:
    with new_session() as opened:
        yield opened


SessionDep = Annotated[Session, Depends(session)]


def current_user(authorization: Annotated[str, Header()], db: SessionDep) -> User:
    token = authorization.removeprefix("Bearer ")
    claims: dict[str, Any] = jwt.decode(token, JWT_SECRET, algorithms=["HS256"], audience=AUDIENCE)
    user = db.get(User, int(claims["sub"]))
    if user is None:
        raise HTTPException(401)
    return user


UserDep = Annotated[User, Depends(current_user)]


def newest_subscription(db: Session, user: User) -> Subscription:
    query = select(Subscription).where(Subscription.user_id == user.id).order_by(Subscription.id.desc())
    subscription = db.scalars(query.limit(1)).first()
    if subscription is None:
        raise HTTPException(404)
    return subscription


@app.get("/me/subscription")
def my_subscription(user: UserDep, db: SessionDep) -> SubscriptionOut:
    subscription = newest_subscription(db, user)
    plan = db.get_one(Plan, subscription.plan_id)
    return SubscriptionOut(
        status=subscription.status,
        subscription_id=subscription.id,
        plan_code=plan.code,
        current_period_start=subscription.current_period_start,
        current_period_end=subscription.current_period_end,
        cancel_at_period_end=subscription.cancel_at_period_end,
    )


@app.get("/content/modules")
def modules(user: UserDep, db: SessionDep) -> list[ModuleOut]:
    subscription = newest_subscription(db, user)
    if subscription.status != "active" or subscription.current_period_end < datetime.now(UTC):
        raise HTTPException(403)
    lessons = db.scalars(select(ContentModule).order_by(ContentModule.position))
    return [ModuleOut.model_validate(lesson, from_attributes=True) for lesson in lessons]


def end_with_the_bench() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_the_bench, daemon=True).start()
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")
