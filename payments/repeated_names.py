"""A JSON object that has a name twice: readers differ in which of the two values they take."""

import json

from payments.provider_report import ReportRefusedError


def refuse_repeated_names(body: bytes) -> None:
    """Of a body that a model has read, so that it is JSON of no great depth. Raises `ReportRefusedError`."""
    json.loads(body, object_pairs_hook=_refuse, parse_int=str, parse_float=str)


def _refuse(members: list[tuple[str, object]]) -> None:
    if len(members) > len(dict(members)):
        raise ReportRefusedError("invalid_payload", "A name is there twice.")
