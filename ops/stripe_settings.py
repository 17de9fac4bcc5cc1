"""The settings of the adapter for Stripe, by the names that Stripe's own tools use."""

from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints, ValidationInfo, field_validator

from ops.setting_kinds import (
    SHORTEST_WEBHOOK_SECRET,
    EnvironmentSettings,
    UrlOrNothing,
    long_enough,
    named,
    present,
)
from ops.stripe_keys import STRIPE_ITSELF, check_base, check_key, mode_of


class StripeSettings(EnvironmentSettings):
    stripe_api_key: SecretStr | None = Field(None, validation_alias=named("STRIPE_API_KEY"))
    """Whether cards are charged by Stripe, and in which account."""
    stripe_webhook_secret: SecretStr | None = Field(
        None, validation_alias=named("STRIPE_WEBHOOK_SECRET"), validate_default=True
    )
    stripe_webhook_secret_previous: SecretStr | None = Field(
        None, validation_alias=named("STRIPE_WEBHOOK_SECRET_PREVIOUS")
    )
    stripe_return_url: UrlOrNothing = Field("", validation_alias=named("STRIPE_RETURN_URL"))
    """Where customers come back to from their bank; empty where nobody is asked to confirm a charge."""
    stripe_api_base: Annotated[str, StringConstraints(pattern=r"^https?://\S+[^/\s]$")] = Field(
        STRIPE_ITSELF, validation_alias=named("STRIPE_API_BASE")
    )

    @property
    def stripe_webhook_secrets(self) -> tuple[str, ...]:
        return present(self.stripe_webhook_secret, self.stripe_webhook_secret_previous)

    @property
    def stripe_is_live(self) -> bool:
        """Whether its money is real: what Stripe reports has to agree."""
        return any(mode_of(key) == "live" for key in present(self.stripe_api_key))

    @field_validator("stripe_api_key")
    @classmethod
    def _refuse_money_of_another_kind(cls, key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        for value in present(key):
            check_key(value, in_production=info.data.get("environment") == "production")
        return key

    @field_validator("stripe_webhook_secret", "stripe_webhook_secret_previous")
    @classmethod
    def _refuse_short_signing_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        return long_enough(secret, SHORTEST_WEBHOOK_SECRET)

    @field_validator("stripe_webhook_secret")
    @classmethod
    def _refuse_stripe_without_reports(
        cls, secret: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        if present(info.data.get("stripe_api_key")) and not present(secret):
            raise ValueError("is needed with STRIPE_API_KEY")
        return secret

    @field_validator("stripe_api_base")
    @classmethod
    def _refuse_another_stripe_in_production(cls, url: str, info: ValidationInfo) -> str:
        check_base(url, in_production=info.data.get("environment") == "production")
        return url
