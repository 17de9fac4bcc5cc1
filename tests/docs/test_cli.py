"""docs/cli.md has an example of every command, and each is one that can be typed."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from cli.main import app
from tests.docs.tables import DOCS

EXAMPLES = re.findall(r"^italiano (.+)$", (DOCS / "cli.md").read_text(), re.MULTILINE)
ROOT: Any = get_command(app)


def commands(group: Any, *path: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *path, name)
        else:
            yield (*path, name)


def found(words: list[str]) -> tuple[tuple[str, ...], Any, list[str]]:
    """The command that is named, and what follows it."""
    command: Any = ROOT
    path: list[str] = []
    while hasattr(command, "commands"):
        path.append(words[len(path)])
        command = command.commands[path[-1]]
    return tuple(path), command, words[len(path) :]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_can_be_typed(example: str) -> None:
    path, command, words = found(shlex.split(example))

    is_json = "--json" in words
    context = command.make_context(path[-1], words)

    assert context.params.get("as_json", False) is is_json


def test_every_command_has_an_example() -> None:
    assert set(commands(ROOT)) - {found(shlex.split(example))[0] for example in EXAMPLES} == set()


@pytest.mark.parametrize("path", list(commands(ROOT)), ids=" ".join)
def test_every_command_tells_what_it_does(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    _, command, _ = found(list(path))

    with pytest.raises(SystemExit) as ended:
        command.main(["--help"], prog_name=path[-1])

    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert command.help.split(".")[0].split()[0] in told
    assert max(map(len, told.splitlines())) <= 80


def named(*names: str) -> set[tuple[str, ...]]:
    return {tuple(name.split()) for name in names}


READS = named(
    "sub list",
    "sub show",
    "sub timeline",
    "invoice list",
    "invoice show",
    "payment list",
    "payment show",
    "dunning list",
    "webhook list",
    "webhook show",
    "event list",
    "event show",
    "clock show",
    "doctor",
    "status",
    "report mrr",
    "report churn",
    "report recovery",
    "report renewals",
    "report trial-balance",
    "report revenue",
    "report deferred-revenue",
    "report gift-liability",
    "replay-check",
)
WRITES = named(
    "sub start",
    "sub cancel",
    "sub uncancel",
    "sub freeze",
    "sub unfreeze",
    "sub change-plan",
    "sub retry-payment",
    "sub refund",
    "sub unpark",
    "webhook replay",
    "event replay",
)
WRITES_ON_REQUEST = named("plan migrate", "create-admin", "create-support")
"""They take a reason, and do not always want one."""
MENDS = named("reconcile", "ordered")
"""Reads, unless they are told to put right: by rules, or by what was ordered once, so no reason is given."""
DRILLS = {path for path in commands(ROOT) if path[0] == "trigger"} | named("clock advance")
"""Of the sandbox and of turned clocks: there is nothing to look at later."""
RUNS = {path for path in commands(ROOT) if path[0] == "bench"} | named(
    "dev", "reset", "demo", "chaos", "migrate", "api", "worker", "sandbox-psp", "trace-collector"
)
TABLES = (READS, WRITES, WRITES_ON_REQUEST, MENDS, DRILLS, RUNS)


def test_every_command_is_of_one_kind() -> None:
    """A new one is written into a table: then it is known what it has to take."""
    listed = [path for table in TABLES for path in table]

    assert sorted(listed) == sorted(commands(ROOT))


def options_of(path: tuple[str, ...]) -> dict[str, bool]:
    """Whether each is needed."""
    _, command, _ = found(list(path))
    return {option: parameter.required for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize("path", sorted(READS | MENDS | {("clock", "advance")}), ids=" ".join)
def test_what_reads_takes_json(path: tuple[str, ...]) -> None:
    assert "--json" in options_of(path)


@pytest.mark.parametrize("path", sorted(WRITES), ids=" ".join)
def test_what_writes_needs_a_reason(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """A group is asked as a whole, as it is typed."""
    group = ROOT.commands[path[0]]
    arguments = {
        "start": ["1", "P30D"],
        "change-plan": ["1", "P30D"],
        "refund": ["1", "all"],
        ("event", "replay"): ["1", "--endpoint", "1"],
    }
    typed = arguments.get(path, arguments.get(path[1], ["1"]))

    with pytest.raises(SystemExit) as ended:
        group.main([path[1], *typed], prog_name=path[0])

    assert ended.value.code == 2
    assert "--reason" in capsys.readouterr().err
    assert options_of(path)["--reason"]
    assert "--json" in options_of(path)


@pytest.mark.parametrize("path", sorted(WRITES_ON_REQUEST), ids=" ".join)
def test_what_writes_on_request_takes_a_reason(path: tuple[str, ...]) -> None:
    assert not options_of(path)["--reason"]


@pytest.mark.parametrize("amount", ["12,5", "-1", "0", "1.234", "1e3", "all of it", "", "9" * 20])
def test_what_is_no_amount_is_refused_before_anything_is_asked(
    amount: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        ROOT.commands["sub"].main(
            ["refund", "--payment", "1", "--reason", "why", "--", "1", amount], prog_name="sub"
        )

    assert ended.value.code == 2
    assert "12.50" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["0", "-1", "x", "9223372036854775808"])
def test_what_is_no_id_is_refused(number: str) -> None:
    with pytest.raises(SystemExit) as ended:
        ROOT.commands["sub"].main(["show", "--", number], prog_name="sub")

    assert ended.value.code == 2
