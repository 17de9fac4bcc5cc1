"""Which payment providers are set up, and whether the sandbox answers. Stripe is not called."""

import httpx2

from cli.doctor.finding import Finding, fail, warn, well
from ops.setting_kinds import present
from ops.settings import Settings
from payments.providers import Providers

PATIENCE_SECONDS = 3


async def look_at_providers(settings: Settings) -> list[Finding]:
    providers = Providers.from_settings(settings)
    try:
        names = providers.names
    finally:
        await providers.close()
    if not names:
        return [fail("providers", "none is set up: nobody can pay", "set STRIPE_API_KEY, docs/stripe.md")]
    found = [well("providers", ", ".join(names))]
    if settings.psp_url:
        found.append(await _sandbox(settings.psp_url))
    if "stripe" in names and not any(present(settings.stripe_webhook_secret)):
        found.append(
            warn("stripe", "there is no secret for its webhooks", "set STRIPE_WEBHOOK_SECRET, docs/stripe.md")
        )
    return found


async def _sandbox(url: str) -> Finding:
    try:
        async with httpx2.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as http:
            answer = await http.get(f"{url}/healthz")
    except httpx2.TransportError as error:
        return fail("sandbox", f"does not answer: {type(error).__name__}", "italiano sandbox-psp")
    if not answer.is_success:
        return warn("sandbox", f"answers {answer.status_code}", "italiano trigger provider.up")
    return well("sandbox", "answers")
