"""The card that a subscription is charged to, made to behave otherwise: by the control of the sandbox."""

from enum import StrEnum
from urllib.parse import quote

import httpx2

from api.context import Context
from api.problems import RETRY_SOON, Problem
from api.sandbox_token import find_sandbox_token

TIMEOUT_SECONDS = 5.0


class Behavior(StrEnum):
    """As the sandbox's test tokens: docs/sandbox-psp.md."""

    SUCCEEDS = "tok_ok"
    FAILS_ONCE = "tok_decline_1_then_ok"
    FAILS = "tok_insufficient_funds"


async def change_card(context: Context, subscription_id: int, behavior: Behavior) -> None:
    """Raises `Problem`: 404, 409 without such a card, 503 when the sandbox does not answer."""
    async with context.database.read() as connection:
        token = await find_sandbox_token(connection, subscription_id)
    api_key = context.settings.psp_api_key
    headers = {"Authorization": f"Bearer {api_key.get_secret_value()}"} if api_key else {}
    try:
        async with httpx2.AsyncClient(
            base_url=context.settings.psp_url, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False
        ) as sandbox:
            path = f"/v1/control/tokens/{quote(token, safe='')}"
            answer = await sandbox.post(path, json={"behaves_like": behavior.value})
            answer.raise_for_status()
    except httpx2.HTTPError as error:
        raise Problem(
            503, "provider_unavailable", "The sandbox did not do it. Try again.", headers=RETRY_SOON
        ) from error
