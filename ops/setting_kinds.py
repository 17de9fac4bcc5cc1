"""What the settings of every process are made of: how they are read, spelled and refused."""

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "BILLING_"
SHORTEST_WEBHOOK_SECRET = 16


def _listed(value: Any) -> Any:
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
"""Separated by commas in the environment."""

UrlOrNothing = Annotated[str, StringConstraints(pattern=r"^(https?://\S+)?$")]


class EnvironmentSettings(BaseSettings):
    """Where it runs, which all other settings may depend on."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    environment: Literal["development", "test", "production"] = "production"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def is_production(self) -> bool:
        return self.environment == "production"


def named(name: str) -> AliasChoices:
    """An environment variable spelled without the `BILLING_` prefix."""
    return AliasChoices(name, name.lower())


def present(*secrets: SecretStr | None) -> tuple[str, ...]:
    return tuple(secret.get_secret_value() for secret in secrets if secret and secret.get_secret_value())


def long_enough(secret: SecretStr | None, shortest: int, purpose: str = "") -> SecretStr | None:
    """Raises `ValueError` for fewer bytes than `shortest`."""
    if secret is not None and len(secret.get_secret_value().encode()) < shortest:
        raise ValueError(f"needs at least {shortest} bytes{purpose}")
    return secret
