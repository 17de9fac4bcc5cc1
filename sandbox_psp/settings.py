"""The settings of the sandbox payment provider. What it shares with the product has the product's names."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, NonNegativeFloat, PositiveInt, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ops.setting_kinds import SHORTEST_WEBHOOK_SECRET

SHORTEST_API_KEY = 16


class SandboxSettings(BaseSettings):
    """Raises `pydantic.ValidationError` when something is missing, and always in production."""

    model_config = SettingsConfigDict(
        env_prefix="BILLING_PSP_",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    environment: Literal["development", "test", "production"] = Field(
        "production", validation_alias=AliasChoices("BILLING_ENVIRONMENT"), validate_default=True
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", validation_alias=AliasChoices("BILLING_LOG_LEVEL")
    )
    host: str = "127.0.0.1"
    port: PositiveInt = Field(8088, validation_alias=AliasChoices("PSP_PORT"))
    public_url: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""
    """Under which a customer's browser reaches it; by default on this machine."""

    api_key: Annotated[SecretStr, Field(min_length=SHORTEST_API_KEY)]
    database: Path
    webhook_url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    webhook_secret: Annotated[SecretStr, Field(min_length=SHORTEST_WEBHOOK_SECRET)] = Field(
        validation_alias=AliasChoices("PAYMENTS_WEBHOOK_SECRET")
    )

    slow_seconds: NonNegativeFloat = 4.0
    """How long `tok_slow` takes: a little less than our adapter waits."""
    action_seconds: NonNegativeFloat = 2.0
    """How long a customer takes who confirms by himself."""

    @field_validator("environment")
    @classmethod
    def _refuse_production(cls, environment: str) -> str:
        if environment == "production":
            raise ValueError("the sandbox payment provider is never run in production")
        return environment

    @property
    def own_url(self) -> str:
        return self.public_url or f"http://127.0.0.1:{self.port}"
