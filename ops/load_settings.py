"""Reads the settings of a process that starts; refused ones end it with a line for each."""

import sys
from collections.abc import Iterator
from typing import TypeVar

from pydantic import AliasChoices, ValidationError
from pydantic_settings import BaseSettings

from ops.settings import Settings

AnySettings = TypeVar("AnySettings", bound=BaseSettings)


def load_settings() -> Settings:
    return load(Settings)


def load(kind: type[AnySettings]) -> AnySettings:
    """For a process that starts: refused settings end it, with one line for each."""
    try:
        return kind()
    except ValidationError as error:
        sys.exit("\n".join(f"FAIL {refusal}" for refusal in refusals_in(error, kind)))


def refusals_in(error: ValidationError, kind: type[BaseSettings] = Settings) -> Iterator[str]:
    """Which variable is refused and why, never with its value."""
    for refusal in error.errors(include_input=False):
        reason = "is not set" if refusal["type"] == "missing" else refusal["msg"]
        yield f"{_variable(str(refusal['loc'][0]), kind)}: {reason.removeprefix('Value error, ')}"


def _variable(name: str, kind: type[BaseSettings]) -> str:
    """A problem names a field or its alias, whichever the value came under."""
    field = kind.model_fields.get(name)
    if field is None:
        return name.upper()
    if isinstance(field.validation_alias, AliasChoices):
        return str(field.validation_alias.choices[0])
    return f"{kind.model_config['env_prefix']}{name}".upper()
