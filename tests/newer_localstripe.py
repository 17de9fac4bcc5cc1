"""localstripe, told what Stripe's API of today says otherwise. A program: its argument is the port.

It lists everybody's PaymentIntents of all times, oldest first, where Stripe filters and begins with the
newest; and it knows `allowed_payment_method_types` by its older name. Nothing else of it is changed, but that
it keeps nothing on disk and listens on this machine only.
"""

import sys
from typing import Any

from aiohttp import web
from localstripe.resources import List, PaymentIntent, Store
from localstripe.server import app

make = PaymentIntent.__init__
list_all = PaymentIntent._api_list_all


def make_today(self: Any, allowed_payment_method_types: list[str] | None = None, **told: Any) -> None:
    make(self, payment_method_types=allowed_payment_method_types, **told)


def list_today(
    _kind: type[Any],
    /,
    url: str,
    customer: str | None = None,
    created: dict[str, str] | None = None,
    **page: Any,
) -> List:
    found = list_all(url, **page)
    since, until = (int((created or {}).get(bound, end)) for bound, end in (("gte", 0), ("lt", 2**63)))
    found._list = [
        intent
        for intent in reversed(found._list)
        if customer in {None, intent.customer} and since <= intent.created < until
    ]
    return found


PaymentIntent.__init__ = make_today
PaymentIntent._api_list_all = classmethod(list_today)
Store.dump_to_disk = lambda _store: None

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
