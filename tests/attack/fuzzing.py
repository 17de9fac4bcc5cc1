"""Schemathesis as one caller of a running API: it keeps to the document, or breaks it on purpose."""

import asyncio
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import httpx2
import schemathesis
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder

from tests.api_description import check_answer, document

ALL_PHASES = ("examples", "coverage", "fuzzing", "stateful")

NOT_A_METHOD_OF_ITS_OWN = ["/subscriptions/preview", "/subscriptions/start"]
"""Read as `/subscriptions/{subscription_id}`, and refused as an id that is none."""

SETTINGS: dict[str, Any] = {
    "continue-on-failure": True,
    "request-timeout": 60,
    "checks": {
        # What is well-formed may be refused: with a code of the document, which our own check holds it to.
        "positive_data_acceptance": {"enabled": False},
    },
    "operations": [
        {
            "include-path": NOT_A_METHOD_OF_ITS_OWN,
            "checks": {
                "unsupported_method": {"enabled": False},
                "allow_header_conformance": {"enabled": False},
            },
        }
    ],
}


@schemathesis.check
def answers_as_described(
    _ctx: schemathesis.CheckContext, response: schemathesis.Response, _case: schemathesis.Case[Any]
) -> None:
    """Closer than Schemathesis looks: no key that is not named, no refusal with a code that is not told."""
    asked = response.request
    answer = httpx2.Response(
        response.status_code,
        headers={name: values[0] for name, values in response.headers.items() if name != "content-encoding"},
        content=response.content,
        request=httpx2.Request(str(asked.method), str(asked.url)),
    )
    asyncio.run(check_answer(answer))


@dataclass
class Fuzzed:
    """What came of it. `failures` are told with what was sent."""

    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def take(self, recorder: ScenarioRecorder) -> None:
        for interaction in recorder.interactions.values():
            if interaction.response is not None:
                self.statuses[interaction.response.status_code] += 1
        for checks in recorder.checks.values():
            for check in checks:
                if check.failure_info is not None:
                    told = check.failure_info
                    self.failures.append(f"{check.name}: {told.failure.message}\n{told.code_sample}")


def fuzz(
    api_url: str, token: str | None, *, examples: int, seed: int, phases: tuple[str, ...] = ALL_PHASES
) -> Fuzzed:
    """`examples` are for each operation, in each phase that draws them; who has no token is nobody."""
    config = schemathesis.Config.from_dict(
        {
            **SETTINGS,
            "base-url": api_url,
            "seed": seed,
            "headers": {} if token is None else {"Authorization": f"Bearer {token}"},
            "generation": {"max-examples": examples, "database": "none", "no-shrink": True},
            "phases": {name: {"enabled": name in phases} for name in ALL_PHASES},
        }
    )
    fuzzed = Fuzzed()
    its_own = deepcopy(document())  # it writes into what it reads
    for event in from_schema(schemathesis.openapi.from_dict(its_own, config=config)).execute():
        match event:
            case events.ScenarioFinished():
                fuzzed.take(event.recorder)
            case events.NonFatalError():
                fuzzed.failures.append(f"{event.label}: {event.value}")
            case events.FatalError():
                raise event.exception
    return fuzzed
