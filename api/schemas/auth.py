"""Bodies of `/auth/*`."""

from typing import Annotated, Literal

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, WithJsonSchema

from api.schemas.base import RequestBody, ResponseBody

LONGEST_EMAIL = 254  # RFC 5321 §4.5.3.1.3
LONGEST_RESET_TOKEN = 200
A_TOKEN = "pD0tRrm7m1R9vD9ZtWc2lT8yqQv0cXoQm4b1sYkLhEs"  # noqa: S105 - an example


def normalized_email(address: str) -> str:
    """One spelling per mailbox, in lower case. Raises `ValueError` when it is no address.

    Only its form is looked at. Names under `.test` are nobody's, and good for trying things out.
    """
    try:
        checked = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError("must be a valid e-mail address") from error  # its own words quote the address
    return checked.normalized.lower()


Email = Annotated[
    str,
    Field(max_length=LONGEST_EMAIL),
    AfterValidator(normalized_email),
    WithJsonSchema({"type": "string", "format": "email", "examples": ["anna@example.com"]}),
]
Locale = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$", examples=["it", "en-GB"])]
Password = Annotated[
    str,
    Field(repr=False, json_schema_extra={"format": "password"}, examples=["quattro gatti sul tetto"]),
]


class SignupBody(RequestBody):
    email: Email
    password: Password
    locale: Locale = "en"


class LoginBody(RequestBody):
    email: Email
    password: Password


class PasswordBody(RequestBody):
    current: Password
    new: Password


class ResetRequestBody(RequestBody):
    email: Email


class ResetBody(RequestBody):
    """`token` as the event `user.password_reset_requested` carried it."""

    token: Annotated[str, Field(min_length=1, max_length=LONGEST_RESET_TOKEN, repr=False, examples=[A_TOKEN])]
    new: Password


class UserBody(ResponseBody):
    id: int
    email: str
    role: Literal["student", "support", "admin"]
    locale: str


class SessionBody(ResponseBody):
    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of the scheme
    expires_in: int
