"""The commands of the description that the product started from, run as they are written there."""

import asyncio
import json
import os
import shutil
import subprocess

import pytest

from tests.conftest import FreshStack

TOOLS = ("bash", "curl", "openssl", "sed")

WEBHOOK_AS_WRITTEN = r"""
   body='{"payment_id":1,"status":"SUCCEEDED","provider":"mock"}'
   sig='sha256='$(echo -n $body | openssl dgst -sha256 -hmac "$PAYMENTS_WEBHOOK_SECRET" | sed 's/^.* //')
   curl -X POST http://127.0.0.1:8000/payments/webhook         -H "X-Signature: $sig" -H "Content-Type: application/json" -d "$body"
"""  # noqa: E501 - word for word

BEFORE_PAYMENT = r"""
curl -X POST http://127.0.0.1:8000/auth/signup -H "Content-Type: application/json" -d "$credentials"
echo
curl -X POST http://127.0.0.1:8000/auth/login -H "Content-Type: application/json" -d "$credentials"
"""

START = r"""
curl -X POST http://127.0.0.1:8000/subscriptions/start -H "Authorization: Bearer $token" \
  -H "Idempotency-Key: any-unique-key" -H "Content-Type: application/json" -d '{"plan_code":"P30D"}'
"""

LESSONS = r"""
curl --retry 20 --retry-delay 0 --retry-all-errors --fail \
  -H "Authorization: Bearer $token" http://127.0.0.1:8000/content/modules
"""

METRICS = "curl http://127.0.0.1:8000/metrics"


@pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in TOOLS), reason=f"needs {', '.join(TOOLS)} on the machine"
)
async def test_the_first_payment_of_a_fresh_stack_opens_the_lessons(fresh_stack: FreshStack) -> None:
    stack = await fresh_stack()

    async def shell(script: str, **variables: str) -> str:
        return await asyncio.to_thread(run, script.replace("http://127.0.0.1:8000", stack.api_url), variables)

    credentials = json.dumps({"email": "anna@example.com", "password": "quattro gatti sul tetto"})
    signup, login = (await shell(BEFORE_PAYMENT, credentials=credentials)).strip().split("\n")
    assert json.loads(signup)["role"] == "student"
    token = json.loads(login)["access_token"]

    started = json.loads(await shell(START, token=token))
    assert (started["payment_id"], started["status"]) == (1, "incomplete")

    told = await shell(WEBHOOK_AS_WRITTEN, PAYMENTS_WEBHOOK_SECRET=stack.webhook_secret)
    assert json.loads(told) == {"ok": True}

    lessons = json.loads(await shell(LESSONS, token=token))
    assert lessons[0] == {"code": "alphabet", "title": "Alfabeto e pronuncia", "min_tier": 1}
    metrics = (await shell(METRICS)).splitlines()
    assert "payments_succeeded_total 1.0" in metrics
    assert "active_subscriptions 1.0" in metrics
    assert any(line.startswith("http_requests_total{") for line in metrics)


def run(script: str, variables: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout
