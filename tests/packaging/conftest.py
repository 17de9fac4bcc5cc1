from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values
from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from ops.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return parsed


@pytest.fixture(scope="session")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    parsed: dict[str, dict[str, Any]] = compose["services"]
    return parsed


@pytest.fixture(scope="session")
def example_environment() -> dict[str, str]:
    """The variables of `.env.example`, expanded as compose expands them."""
    return {name: value or "" for name, value in dotenv_values(ROOT / ".env.example").items()}


@pytest.fixture(scope="session")
def variables_of_settings() -> dict[str, FieldInfo]:
    """Every field of `Settings` under the environment variable that it is read from."""
    return {_variable(name, field): field for name, field in Settings.model_fields.items()}


def _variable(name: str, field: FieldInfo) -> str:
    if isinstance(field.validation_alias, AliasChoices):
        return str(field.validation_alias.choices[0])
    return f"BILLING_{name}".upper()
