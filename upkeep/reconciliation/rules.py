"""Every rule there is, in the order in which they are asked: what is put right first spares the others."""

from upkeep.reconciliation.of_books import BOOK_RULES, OVERDUE_RULES
from upkeep.reconciliation.of_providers import PROVIDER_RULES
from upkeep.reconciliation.of_rows import ROW_RULES
from upkeep.reconciliation.of_workflows import WORKFLOW_RULES
from upkeep.reconciliation.rule import Rule

RULES: tuple[Rule, ...] = (*WORKFLOW_RULES, *PROVIDER_RULES, *OVERDUE_RULES, *ROW_RULES, *BOOK_RULES)


def rule_named(name: str) -> Rule:
    """Raises `LookupError`."""
    for rule in RULES:
        if rule.name == name:
            return rule
    raise LookupError(f"there is no rule {name}")
