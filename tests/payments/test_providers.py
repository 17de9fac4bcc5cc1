"""Which providers a deployment works with."""

import pytest
from pydantic import SecretStr, ValidationError

from ops.settings import Settings
from payments.providers import Providers, UnknownProviderError
from tests.stack import SELLER


def settings_with(**changes: object) -> Settings:
    good: dict[str, object] = {
        "environment": "test",
        "database_url": SecretStr("postgresql+psycopg://nobody@127.0.0.1:1/nothing"),
        "jwt_secret": SecretStr("x" * 32),
        "webhook_secret": SecretStr("x" * 16),
        "gift_code_secret": SecretStr("x" * 32),
        "events_secret": SecretStr("x" * 32),
        "allowed_hosts": ("billing.example",),
        **SELLER,
    }
    return Settings.model_validate(good | changes)


SANDBOX = {"psp_url": "http://psp.example:8088", "psp_api_key": SecretStr("a key")}


async def test_the_mock_is_always_there_and_the_sandbox_where_it_has_an_address() -> None:
    alone, both = Providers.from_settings(settings_with()), Providers.from_settings(settings_with(**SANDBOX))

    assert (alone.names, both.names) == (("mock",), ("mock", "sandbox"))
    assert [both.named(name).name for name in both.names] == ["mock", "sandbox"]
    with pytest.raises(UnknownProviderError, match="sandbox"):
        alone.named("sandbox")
    await alone.close()
    await both.close()


async def test_stripe_is_there_where_it_has_a_key_in_production_too() -> None:
    here = Providers.from_settings(settings_with(**STRIPE))
    there = Providers.from_settings(settings_with(**LIVE, environment="production"))

    assert (here.names, there.names) == (("mock", "stripe"), ("stripe",))
    assert here.named("stripe").name == "stripe"
    for providers in (here, there):
        await providers.close()


def test_whose_money_it_is_shows_in_the_key() -> None:
    restricted = STRIPE | {"stripe_api_key": SecretStr("rk_test_1")}

    assert settings_with(**LIVE, environment="production").stripe_is_live
    assert not settings_with(**STRIPE).stripe_is_live
    assert not settings_with(**restricted).stripe_is_live
    assert not settings_with().stripe_is_live


async def test_production_has_neither() -> None:
    providers = Providers.from_settings(settings_with(environment="production"))

    assert providers.names == ()
    with pytest.raises(UnknownProviderError, match="mock"):
        providers.named("mock")


STRIPE = {
    "stripe_api_key": SecretStr("sk_test_1"),
    "stripe_webhook_secret": SecretStr("whsec_0123456789"),
}
LIVE = STRIPE | {"stripe_api_key": SecretStr("sk_live_1")}
PRODUCTION = {"environment": "production"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (STRIPE | PRODUCTION, "a test key is not accepted in production"),
        (LIVE, "a live key is accepted in production only"),
        (LIVE | {"environment": "development"}, "a live key is accepted in production only"),
        (STRIPE | {"stripe_api_key": SecretStr("pk_test_1")}, "has to begin with sk_test_"),
        (STRIPE | {"stripe_api_key": SecretStr("sk_test_")}, "has to begin with sk_test_"),
        ({"stripe_api_key": SecretStr("sk_test_1")}, "needed with STRIPE_API_KEY"),
        (STRIPE | {"stripe_webhook_secret": SecretStr("")}, "needs at least 16 bytes"),
        (STRIPE | {"stripe_webhook_secret_previous": SecretStr("short")}, "needs at least 16 bytes"),
        (
            LIVE | PRODUCTION | {"stripe_api_base": "http://localhost:8420"},
            "speaks to https://api.stripe.com",
        ),
        (
            LIVE | PRODUCTION | {"stripe_webhook_secret": SecretStr("change-me-0123456789")},
            "example secrets are not accepted",
        ),
        (STRIPE | {"stripe_return_url": "italiano.example"}, "should match pattern"),
        (SANDBOX | {"environment": "production"}, "not accepted in production"),
        ({"psp_url": "http://psp.example"}, "needed with BILLING_PSP_URL"),
        (SANDBOX | {"psp_api_key": SecretStr("")}, "needed with BILLING_PSP_URL"),
        (SANDBOX | {"psp_url": "psp.example"}, "should match pattern"),
    ],
)
def test_settings_that_are_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        settings_with(**changes)
