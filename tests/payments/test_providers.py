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


async def test_production_has_neither() -> None:
    providers = Providers.from_settings(settings_with(environment="production"))

    assert providers.names == ()
    with pytest.raises(UnknownProviderError, match="mock"):
        providers.named("mock")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (SANDBOX | {"environment": "production"}, "not accepted in production"),
        ({"psp_url": "http://psp.example"}, "needed with BILLING_PSP_URL"),
        (SANDBOX | {"psp_api_key": SecretStr("")}, "needed with BILLING_PSP_URL"),
        (SANDBOX | {"psp_url": "psp.example"}, "should match pattern"),
    ],
)
def test_settings_that_are_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        settings_with(**changes)
