"""Everything that can be configured, read from the environment once and frozen.

Names that other tools share keep their standard spelling (`DATABASE_URL`, `JWT_SECRET`, `JWT_ALG`,
`PAYMENTS_WEBHOOK_SECRET`, `STRIPE_*`, `TEMPORAL_*`); the rest is prefixed `BILLING_`. No secret has a
default. `TEMPORAL_*` is read by Temporal's own loader in `ops/temporal_client.py`.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from domain.refund import WithdrawalRule
from ops.console_settings import ConsoleSettings
from ops.limit_settings import LimitSettings
from ops.setting_kinds import SHORTEST_WEBHOOK_SECRET, Listed, UrlOrNothing, long_enough, named, present
from ops.stripe_settings import StripeSettings

SHORTEST_SECRET: Mapping[str, int] = {"HS256": 32, "HS384": 48, "HS512": 64}
"""Bytes by algorithm: RFC 7518 §3.2 asks as many as the hash has."""

SHORTEST_TO_DERIVE_FROM = 32
EXAMPLE_SECRET_MARK = "change-me"  # noqa: S105 - what .env.example writes where a secret belongs

EXAMPLE_SELLER: Mapping[str, str] = {
    "seller_name": "Italiano Billing (example)",
    "seller_address": "Via Esempio, 1\n00100 Roma RM\nItaly",
    "seller_tax_id": "IT00000000000",
}

ANY_HOST = "*"


class Settings(StripeSettings, LimitSettings, ConsoleSettings):
    """The configuration of every process of the product.

    Raises `pydantic.ValidationError` when something is missing or unsafe for its environment.
    """

    database_url: SecretStr = Field(validation_alias=named("DATABASE_URL"))
    database_pool_size: PositiveInt = 10
    database_statement_timeout_ms: PositiveInt = 5_000

    # Before the secrets, whose length depends on it.
    jwt_alg: Literal["HS256", "HS384", "HS512"] = Field("HS256", validation_alias=named("JWT_ALG"))
    jwt_secret: SecretStr = Field(validation_alias=named("JWT_SECRET"))
    jwt_secret_previous: SecretStr | None = Field(None, validation_alias=named("JWT_SECRET_PREVIOUS"))
    access_token_minutes: PositiveInt = 15
    refresh_token_days: PositiveInt = 14
    refresh_family_days: PositiveInt = 90

    webhook_secret: SecretStr = Field(validation_alias=named("PAYMENTS_WEBHOOK_SECRET"))
    webhook_secret_previous: SecretStr | None = Field(
        None, validation_alias=named("PAYMENTS_WEBHOOK_SECRET_PREVIOUS")
    )

    gift_code_secret: SecretStr | None = Field(None, validate_default=True)
    """What codes of gift cards are made and known by. It is never rotated, or no code is known any more."""

    events_secret: SecretStr | None = Field(None, validate_default=True)
    """What the secrets of webhook endpoints are derived from. With another one each of them is another."""
    events_allow_private: bool = False
    """Whether events may go to http and to addresses that are not public: for development only."""
    events_first_retry_seconds: PositiveFloat = 5.0
    events_give_up_seconds: PositiveFloat = 3 * 24 * 3_600.0

    psp_url: UrlOrNothing = ""
    """Where the sandbox payment provider is; empty where there is none."""
    psp_api_key: SecretStr | None = Field(None, validate_default=True)

    password_min_length: Annotated[int, Field(ge=8, le=64)] = 12
    argon2_time_cost: PositiveInt = 2
    argon2_memory_kib: Annotated[int, Field(ge=8_192)] = 19_456
    argon2_concurrency: PositiveInt = 2

    charges_per_second: PositiveInt = 50
    """How many calls of providers all workers together make at most."""

    routines_enabled: bool = True
    """Whether a worker keeps the schedules of what runs by the clock, such as reconciliation."""

    withdrawal: WithdrawalRule = WithdrawalRule.FULL
    """What a withdrawal within 14 days gives back."""

    seller_name: str = Field(EXAMPLE_SELLER["seller_name"], validate_default=True)
    """Who sells, as the law wants it on an invoice: name, address (with line breaks), VAT or tax number."""
    seller_address: str = Field(EXAMPLE_SELLER["seller_address"], validate_default=True)
    seller_tax_id: str = Field(EXAMPLE_SELLER["seller_tax_id"], validate_default=True)

    docs_enabled: bool = True
    metrics_enabled: bool = True
    allowed_hosts: Listed = (ANY_HOST,)
    cors_origins: Listed = ()
    trusted_proxies: Annotated[str, StringConstraints(strip_whitespace=True)] = "127.0.0.1"

    api_host: str = "127.0.0.1"
    api_port: PositiveInt = Field(8000, validation_alias=named("API_PORT"))
    drain_seconds: NonNegativeFloat = 0.0
    """How long an API that is asked to stop goes on, not ready: until a balancer has heard of it."""
    worker_metrics_host: str = "127.0.0.1"
    worker_metrics_port: PositiveInt = Field(9091, validation_alias=named("WORKER_METRICS_PORT"))

    workflow_rpc_timeout_ms: PositiveInt = 3_000
    temporal_ui_url: UrlOrNothing = ""
    """Where staff find Temporal's web UI; empty where there is none."""

    virtual_clock: bool = False
    """Whether staff may turn the clock of a subscription. Temporal has to allow time skipping for it."""

    @property
    def jwt_secrets(self) -> tuple[str, ...]:
        """The secret that signs, then the one still accepted during a rotation."""
        return present(self.jwt_secret, self.jwt_secret_previous)

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        return present(self.webhook_secret, self.webhook_secret_previous)

    @property
    def gift_code_key(self) -> bytes:
        return self._key_of(self.gift_code_secret)

    @property
    def events_key(self) -> bytes:
        return self._key_of(self.events_secret)

    def _key_of(self, own: SecretStr | None) -> bytes:
        """Outside of production the secret that signs tokens serves for it, if there is no other."""
        return (present(own) or self.jwt_secrets)[0].encode()

    @field_validator("jwt_secret", "jwt_secret_previous")
    @classmethod
    def _refuse_short_jwt_secret(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        algorithm = info.data.get("jwt_alg", "HS256")
        return long_enough(secret, SHORTEST_SECRET[algorithm], f" for {algorithm}")

    @field_validator("webhook_secret", "webhook_secret_previous")
    @classmethod
    def _refuse_short_webhook_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        return long_enough(secret, SHORTEST_WEBHOOK_SECRET)

    @field_validator("gift_code_secret", "events_secret")
    @classmethod
    def _refuse_nothing_to_derive_from(
        cls, secret: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        if info.data.get("environment") == "production" and not present(secret):
            raise ValueError("production needs a secret that outlives rotations of JWT_SECRET")
        return long_enough(secret, SHORTEST_TO_DERIVE_FROM)

    @field_validator("events_allow_private")
    @classmethod
    def _refuse_private_targets_in_production(cls, allowed: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic hands it in by position
        if allowed and info.data.get("environment") == "production":
            raise ValueError("production sends events to the public internet only")
        return allowed

    @field_validator("psp_url")
    @classmethod
    def _refuse_a_sandbox_in_production(cls, url: str, info: ValidationInfo) -> str:
        if url and info.data.get("environment") == "production":
            raise ValueError("the sandbox payment provider is not accepted in production")
        return url

    @field_validator("psp_api_key")
    @classmethod
    def _refuse_a_psp_without_a_key(cls, key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if info.data.get("psp_url") and not present(key):
            raise ValueError("is needed with BILLING_PSP_URL")
        return key

    @field_validator(
        "database_url",
        "jwt_secret",
        "jwt_secret_previous",
        "webhook_secret",
        "webhook_secret_previous",
        "stripe_webhook_secret",
        "stripe_webhook_secret_previous",
        "gift_code_secret",
        "events_secret",
    )
    @classmethod
    def _refuse_examples(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        is_example = any(EXAMPLE_SECRET_MARK in value for value in present(secret))
        if is_example and info.data.get("environment") == "production":
            raise ValueError("the example secrets are not accepted in production")
        return secret

    @field_validator(*EXAMPLE_SELLER)
    @classmethod
    def _refuse_an_example_seller(cls, value: str, info: ValidationInfo) -> str:
        is_example = value == EXAMPLE_SELLER[str(info.field_name)] or not value.strip()
        if is_example and info.data.get("environment") == "production":
            raise ValueError("production needs the seller that invoices name")
        return value

    @field_validator("allowed_hosts")
    @classmethod
    def _refuse_any_host(cls, hosts: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if (ANY_HOST in hosts or not hosts) and info.data.get("environment") == "production":
            raise ValueError("production needs the host names that it is reached under, without *")
        return hosts

    @field_validator("virtual_clock")
    @classmethod
    def _refuse_a_virtual_clock_in_production(cls, enabled: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic hands it in by position
        if enabled and info.data.get("environment") == "production":
            raise ValueError("a virtual clock is not accepted in production")
        return enabled
