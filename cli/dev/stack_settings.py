"""The product's settings for what a local stack is asked from here."""

from pydantic import SecretStr, ValidationError

from cli.dev.stack_error import StackError
from ops.load_settings import refusals_in
from ops.settings import Settings


def stack_settings(
    *,
    database_url: str,
    jwt_secret: str,
    webhook_secret: str,
    psp_url: str = "",
    psp_api_key: str = "",
    temporal_ui_url: str = "",
) -> Settings:
    """Without a provider unless it is named.

    Raises `StackError` when settings in the environment are refused.
    """
    try:
        return Settings(
            environment="development",
            database_url=SecretStr(database_url),
            jwt_secret=SecretStr(jwt_secret),
            webhook_secret=SecretStr(webhook_secret),
            psp_url=psp_url,
            psp_api_key=SecretStr(psp_api_key) if psp_api_key else None,
            temporal_ui_url=temporal_ui_url,
        )
    except ValidationError as error:
        raise StackError("; ".join(refusals_in(error))) from error
