"""Everything that can be configured, read from the environment once and frozen.

Names that other tools share keep their standard spelling (`DATABASE_URL`, `JWT_SECRET`, `JWT_ALG`,
`PAYMENTS_WEBHOOK_SECRET`, `TEMPORAL_*`); the rest is prefixed `BILLING_`. No secret has a default.
`TEMPORAL_*` is read by Temporal's own loader in `ops/temporal_client.py`.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, Field, PositiveInt, SecretStr, StringConstraints, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SHORTEST_SECRET: Mapping[str, int] = {"HS256": 32, "HS384": 48, "HS512": 64}
"""Bytes by algorithm: RFC 7518 §3.2 asks as many as the hash has."""

SHORTEST_WEBHOOK_SECRET = 16
EXAMPLE_SECRET_MARK = "change-me"  # noqa: S105 - what .env.example writes where a secret belongs

Secret = Annotated[SecretStr, Field(min_length=1)]


def _named(name: str) -> AliasChoices:
    """An environment variable spelled without the `BILLING_` prefix."""
    return AliasChoices(name, name.lower())


class Settings(BaseSettings):
    """The configuration of every process of the product.

    Raises `pydantic.ValidationError` when something is missing or unsafe for its environment.
    """

    model_config = SettingsConfigDict(
        env_prefix="BILLING_", frozen=True, extra="ignore", populate_by_name=True
    )

    environment: Literal["development", "test", "production"] = "production"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    database_url: SecretStr = Field(validation_alias=_named("DATABASE_URL"))
    database_pool_size: PositiveInt = 10
    database_statement_timeout_ms: PositiveInt = 5_000

    jwt_secret: Secret = Field(validation_alias=_named("JWT_SECRET"))
    jwt_secret_previous: SecretStr | None = Field(None, validation_alias=_named("JWT_SECRET_PREVIOUS"))
    jwt_alg: Literal["HS256", "HS384", "HS512"] = Field("HS256", validation_alias=_named("JWT_ALG"))
    access_token_minutes: PositiveInt = 15
    refresh_token_days: PositiveInt = 14
    refresh_family_days: PositiveInt = 90

    webhook_secret: Secret = Field(validation_alias=_named("PAYMENTS_WEBHOOK_SECRET"))
    webhook_secret_previous: SecretStr | None = Field(
        None, validation_alias=_named("PAYMENTS_WEBHOOK_SECRET_PREVIOUS")
    )

    password_min_length: Annotated[int, Field(ge=8, le=64)] = 12
    argon2_time_cost: PositiveInt = 2
    argon2_memory_kib: Annotated[int, Field(ge=8_192)] = 19_456
    argon2_concurrency: PositiveInt = 2

    # Rate limits. Per account they are the same everywhere; per address a deployment chooses.
    login_failures_per_account: PositiveInt = 10
    login_window_minutes: PositiveInt = 15
    logins_per_address_per_minute: PositiveInt = 60
    signups_per_address_per_hour: PositiveInt = 30
    starts_per_user_per_hour: PositiveInt = 20

    docs_enabled: bool = True
    metrics_enabled: bool = True
    allowed_hosts: tuple[str, ...] = ("*",)
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: Annotated[str, StringConstraints(strip_whitespace=True)] = "127.0.0.1"

    api_host: str = "127.0.0.1"
    api_port: PositiveInt = Field(8000, validation_alias=_named("API_PORT"))
    worker_metrics_host: str = "127.0.0.1"
    worker_metrics_port: PositiveInt = Field(9091, validation_alias=_named("WORKER_METRICS_PORT"))

    workflow_rpc_timeout_ms: PositiveInt = 3_000
    temporal_ui_url: Annotated[str, StringConstraints(pattern=r"^(https?://\S+)?$")] = ""
    """Where staff find Temporal's web UI; empty where there is none."""

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def jwt_secrets(self) -> tuple[str, ...]:
        """The secret that signs, then the one still accepted during a rotation."""
        return _present(self.jwt_secret, self.jwt_secret_previous)

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        return _present(self.webhook_secret, self.webhook_secret_previous)

    @model_validator(mode="after")
    def _refuse_weak_secrets(self) -> Self:
        for secret in self.jwt_secrets:
            if len(secret.encode()) < SHORTEST_SECRET[self.jwt_alg]:
                raise ValueError(
                    f"JWT_SECRET needs at least {SHORTEST_SECRET[self.jwt_alg]} bytes for {self.jwt_alg}"
                )
        for secret in self.webhook_secrets:
            if len(secret.encode()) < SHORTEST_WEBHOOK_SECRET:
                raise ValueError(f"PAYMENTS_WEBHOOK_SECRET needs at least {SHORTEST_WEBHOOK_SECRET} bytes")
        if self.is_production and any(
            EXAMPLE_SECRET_MARK in secret for secret in (*self.jwt_secrets, *self.webhook_secrets)
        ):
            raise ValueError("the example secrets are not accepted in production")
        return self


def _present(*secrets: SecretStr | None) -> tuple[str, ...]:
    return tuple(secret.get_secret_value() for secret in secrets if secret and secret.get_secret_value())


def load_settings() -> Settings:
    return Settings()
