"""Bugs of `payments/`: how we know that it was the provider, and what it is asked for."""

from tests.seeded_bugs.bug import Bug

OF_PAYMENTS = (
    Bug(
        name="half-a-signature",
        file="payments/signed_webhook.py",
        old="""\
    matches = [hmac.compare_digest(given, _digest(secret, body, timestamp)) for secret in secrets]\
""",
        new="""\
    matches = [
        hmac.compare_digest(given[:16], _digest(secret, body, timestamp)[:16]) for secret in secrets
    ]\
""",
        cost="half of a webhook's signature is never looked at",
        near=(
            "tests/payments/test_signed_webhook_signature.py",
            "tests/attack/test_mutated_webhooks.py",
        ),
    ),
    Bug(
        name="signed-in-the-future",
        file="payments/stripe_webhook.py",
        old="""\
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:\
""",
        new="""\
    if now - int(timestamp) > TOLERANCE_SECONDS:\
""",
        cost="what was signed for next year can be sent again until then",
        near=("tests/payments/test_stripe_signature.py",),
    ),
    Bug(
        name="key-trusted-for-ever",
        file="payments/stripe_intents.py",
        old="""\
        made = await self.find(order.key, order.method_token) or await self._create(order, wanted)\
""",
        new="""\
        made = await self._create(order, wanted)\
""",
        cost="Stripe forgets keys after a day: a charge that is repeated after an outage is made twice",
        near=(
            "tests/payments/test_stripe_charges.py",
            "tests/payments/test_provider_contract.py",
        ),
    ),
)
