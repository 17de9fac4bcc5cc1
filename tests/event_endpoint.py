"""An endpoint as staff see it, over HTTP."""

from typing import Any

import httpx2

from tests.client import Student
from tests.lives import Life

ENDPOINTS = "/admin/webhook-endpoints"
NEW_ENDPOINT: dict[str, Any] = {"url": "http://127.0.0.1:9/", "events": ["subscription.expired"]}
"""Nobody listens there, and hardly anything is told."""


class Endpoint:
    """One that nobody else uses."""

    def __init__(self, admin: Student, made: dict[str, Any]) -> None:
        self.admin = admin
        self.id: int = made["id"]
        self.path = f"{ENDPOINTS}/{self.id}"
        self.secret: str = made["secret"]

    @classmethod
    async def make(cls, admin: Student, url: str, events: list[str] | None = None) -> "Endpoint":
        made = await admin.post(ENDPOINTS, {"url": url, "events": events})
        assert made.status_code == 201, made.text
        return cls(admin, made.json())

    async def read(self) -> dict[str, Any]:
        body: dict[str, Any] = (await self.admin.get(self.path)).json()
        return body

    async def post(self, what: str, json: Any = None, **options: Any) -> httpx2.Response:
        return await self.admin.post(f"{self.path}/{what}", json, **options)

    async def deliveries(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.admin.get(f"{self.path}/deliveries", limit=100)).json()[
            "items"
        ]
        return items

    async def deliveries_of(self, life: Life) -> list[dict[str, Any]]:
        return [each for each in await self.deliveries() if each["subscription_id"] == life.subscription_id]


async def all_delivered(endpoint: Endpoint, life: Life) -> bool:
    deliveries = await endpoint.deliveries_of(life)
    return bool(deliveries) and all(each["status"] == "delivered" for each in deliveries)


async def endpoint_of_nobody(admin: Student, *, anew: bool = False) -> int:
    """There can't be many: unless a test wants to stop it, one that is enabled does for all."""
    for endpoint in [] if anew else (await admin.get(ENDPOINTS)).json()["items"]:
        if endpoint["url"] == NEW_ENDPOINT["url"] and endpoint["status"] == "enabled":
            endpoint_id: int = endpoint["id"]
            return endpoint_id
    made: int = (await admin.post(ENDPOINTS, NEW_ENDPOINT)).json()["id"]
    return made
