"""Staff routes by role: `support` reads, `admin` also writes, a student neither."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from fastapi import APIRouter

from api.auth.staff import CurrentStaff
from api.auth.tokens import AccessClaims, TokenIssuer
from tests.api.shell import client_of, shell_app
from tests.client import refusal
from tests.stack import JWT_SECRET

router = APIRouter(prefix="/probe/staff")


@router.get("")
async def read(staff: CurrentStaff) -> str:
    return staff.role


@router.post("")
@router.put("")
@router.patch("")
@router.delete("")
async def write(staff: CurrentStaff) -> str:
    return staff.role


@pytest.fixture(scope="module")
async def probe() -> AsyncIterator[httpx2.AsyncClient]:
    app = shell_app()
    app.include_router(router)
    async with client_of(app) as client:
        yield client


def bearer(role: str) -> dict[str, str]:
    now = datetime.now(UTC)
    token = TokenIssuer((JWT_SECRET,), "HS256").issue_access(
        AccessClaims(1, role), issued_at=now, expires_at=now + timedelta(minutes=5)
    )
    return {"Authorization": f"Bearer {token}"}


READS, WRITES = ("GET",), ("POST", "PUT", "PATCH", "DELETE")
ALLOWED = {
    "admin": {*READS, *WRITES},
    "support": {*READS},
    "student": set[str](),
    "": set[str](),
    "Admin": set[str](),
    "admin ": set[str](),
}


@pytest.mark.parametrize("role", ALLOWED)
@pytest.mark.parametrize("method", [*READS, *WRITES])
async def test_each_role_and_method(probe: httpx2.AsyncClient, role: str, method: str) -> None:
    answer = await probe.request(method, "/probe/staff", headers=bearer(role))

    if method in ALLOWED[role]:
        assert (answer.status_code, answer.json()) == (200, role)
    else:
        assert refusal(answer) == (403, "forbidden")
