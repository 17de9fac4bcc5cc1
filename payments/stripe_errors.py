"""What Stripe's errors mean in the words of the port. A declined card is none: it is an answer."""

from collections.abc import Iterator
from contextlib import contextmanager

import stripe
from pydantic import ValidationError

from payments.provider import OutcomeUnknownError, ProviderRejectedError, ProviderUnavailableError
from payments.stripe_transport import NeverSentError

SENT_AWAY = (
    NeverSentError,
    stripe.RateLimitError,
    # A key that was revoked or may not do this: nothing was done, and what waits goes on once it is replaced.
    stripe.AuthenticationError,
    stripe.PermissionError,
)
METHOD_GONE = frozenset({"resource_missing", "payment_method_unexpected_state"})

REFUSED = (stripe.InvalidRequestError, stripe.IdempotencyError)


class MethodGoneError(Exception):
    """Its holder has taken the card away at Stripe, or it was deleted there: nothing was made."""


@contextmanager
def asking() -> Iterator[None]:
    """Around a question: whatever it comes to, nothing was done."""
    try:
        with doing():
            yield
    except OutcomeUnknownError as error:
        raise ProviderUnavailableError(str(error)) from error


@contextmanager
def doing() -> Iterator[None]:
    """Around a request that changes something. Lets `stripe.CardError` pass.

    A 5xx may stand for something done, and so does a 409: the same key is at work at this moment.
    """
    try:
        yield
    except stripe.CardError:
        raise
    except SENT_AWAY as error:
        raise ProviderUnavailableError(_told(error)) from error
    except REFUSED as error:
        raise ProviderRejectedError(_told(error)) from error
    except stripe.StripeError as error:
        raise OutcomeUnknownError(_told(error)) from error
    except ValidationError as error:
        raise OutcomeUnknownError("Stripe's answer cannot be read") from error


def is_method_gone(error: stripe.InvalidRequestError) -> bool:
    return error.code in METHOD_GONE and error.param in {"payment_method", "customer"}


def is_missing(error: stripe.InvalidRequestError) -> bool:
    """Whether what was asked for is not there, as opposed to a question that was put wrongly."""
    return error.http_status == 404 or error.code == "resource_missing"  # noqa: PLR2004 - Not Found


def _told(error: stripe.StripeError) -> str:
    """With the id that Stripe's dashboard finds the request by."""
    status = "no answer" if error.http_status is None else str(error.http_status)
    return f"{type(error).__name__} ({status}): {error}"
