"""docs/reconciliation.md lists the rules as they are, and what becomes of what they find."""

from tests.docs.tables import tables_of
from upkeep.reconciliation.rule import Rule
from upkeep.reconciliation.rules import RULES


def mended(rule: Rule) -> str:
    if rule.mend is None:
        return "by a person"
    return f"{'by itself' if rule.mend.by_itself else 'with --fix'}: {rule.mend.does}"


def test_every_rule_is_on_the_page() -> None:
    told = [(row["rule"], row["kind"], row["mended"]) for row in tables_of("reconciliation.md")["The rules"]]

    assert told == [(rule.name, str(rule.kind), mended(rule)) for rule in RULES]
