"""`italiano trigger`: through the sandbox's own control interface, as a test or a drill would."""

import sys
from typing import Any
from urllib.parse import quote

import httpx2

from api.sandbox_token import find_sandbox_token
from cli.amounts import parse_cents, shown_cents
from cli.asking import ask_books
from cli.operator_settings import operator_settings
from cli.terminal import plain
from db.database import Connection

HTTP_SECONDS = 10
MOST_CHARGES = 1_000


def change_card(subscription_id: int, like: str) -> None:
    """From its next charge on. A card that several subscriptions are charged to changes for all of them."""

    async def ask(connection: Connection) -> str:
        return await find_sandbox_token(connection, subscription_id)

    with _sandbox() as sandbox:
        token = ask_books(ask)
        _call(sandbox, "POST", f"/v1/control/tokens/{quote(token, safe='')}", {"behaves_like": like})
    print(f"from its next charge on {plain(token)} behaves like {like}, for whoever is charged to it")
    print(f"to have it charged: italiano sub retry-payment {subscription_id}, or italiano clock advance")


def answer_for_customer(subscription_id: int, outcome: str) -> None:
    with _sandbox() as sandbox:
        charge = _newest(sandbox, subscription_id, "pending")
        _call(sandbox, "POST", f"/v1/charges/{charge['id']}/complete-action", {"outcome": outcome})
    print(f"charge {charge['id']} has {outcome}; the product is told at once")


def charge_back(subscription_id: int, amount: str | None) -> None:
    body = {} if amount is None else {"amount_cents": parse_cents(amount)}
    with _sandbox() as sandbox:
        charge = _newest(sandbox, subscription_id, "succeeded")
        _call(sandbox, "POST", f"/v1/control/charges/{charge['id']}/charge-back", body)
    taken = shown_cents(body.get("amount_cents", charge["amount_cents"]), charge["currency"])
    print(f"the bank takes {taken} of charge {charge['id']} back; the product is told at once")


def switch_outage(*, on: bool) -> None:
    with _sandbox() as sandbox:
        _call(sandbox, "POST", "/v1/control/outage", {"on": on})
    print("the provider is down for everybody" if on else "the provider is up")


def switch_webhooks(*, muted: bool) -> None:
    with _sandbox() as sandbox:
        _call(sandbox, "POST", "/v1/control/webhooks", {"muted": muted})
    print("nothing that happens is reported" if muted else "what happens is reported as usual")


def _sandbox() -> httpx2.Client:
    """Ends the process where none is configured, so also in production."""
    settings = operator_settings()
    if not settings.psp_url or settings.psp_api_key is None:
        sys.exit("FAIL sandbox_not_configured: Only the sandbox payment provider does what it is told.")
    key = settings.psp_api_key.get_secret_value()
    headers = {"Authorization": f"Bearer {key}"}
    return httpx2.Client(base_url=settings.psp_url, headers=headers, timeout=HTTP_SECONDS, trust_env=False)


def _call(sandbox: httpx2.Client, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """What it answers. A refusal, or no answer, ends the process."""
    try:
        answer = sandbox.request(method, path, json=body)
    except httpx2.RequestError as error:
        sys.exit(f"FAIL the sandbox payment provider does not answer: {type(error).__name__}")
    if answer.is_success:
        return answer.json() if answer.content else None
    try:
        told = answer.json()
        sys.exit(f"FAIL {plain(told['code'])}: {plain(told['message'])}")
    except (ValueError, KeyError, TypeError):
        sys.exit(f"FAIL the sandbox payment provider answered {answer.status_code}")


def _newest(sandbox: httpx2.Client, subscription_id: int, status: str) -> dict[str, Any]:
    path = f"/v1/charges?subscription_id={subscription_id}&limit={MOST_CHARGES}"
    charges: list[dict[str, Any]] = _call(sandbox, "GET", path)["charges"]
    found = [charge for charge in charges if charge["status"] == status]
    if found:
        return found[-1]
    sys.exit(f"FAIL charge_not_found: The sandbox has no charge of it that is {status}.")
