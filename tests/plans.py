"""A plan of a test's own, on sale while it is needed: what was started on it keeps its terms."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.client import Student


@asynccontextmanager
async def plan_on_sale(admin: Student, period_iso: str, **terms: Any) -> AsyncIterator[str]:
    """Its code; `terms` are fields of `POST /admin/plans`. Retired in the end: nobody else finds it."""
    code = f"OWN-{uuid.uuid4().hex[:12]}".upper()
    plan = {"code": code, "name": "A plan of its own", "period_iso": period_iso, "currency": "EUR"}
    made = await admin.post("/admin/plans", plan | {"price_cents": 990} | terms)
    assert made.status_code == 201, made.text
    try:
        yield code
    finally:
        assert (await admin.post(f"/admin/plans/{code}/retire")).is_success
