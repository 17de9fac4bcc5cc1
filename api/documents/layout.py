"""What the papers of an invoice and of a credit note share: how seller, facts and sums stand on them."""

from collections.abc import Iterable
from dataclasses import dataclass

from api.documents.paper import GRAY, Paper

LINE = 5.0
TOTAL_LINE = 7.0
TOTALS = (68, 38)
"""Millimeters: what a sum is of, and how much. They stand below the last columns."""


@dataclass(frozen=True)
class Seller:
    """As the law wants it named on an invoice. The address has a line for each line."""

    name: str
    address: str
    tax_id: str


@dataclass(frozen=True)
class Sum:
    """One line below the table. `is_strong` ones have a rule above them."""

    label: str
    figure: str
    is_strong: bool = False


def write_seller(paper: Paper, seller: Seller, title: str) -> None:
    """On the left, with the word that says what this is on the right."""
    top = paper.get_y()
    paper.use(13, bold=True)
    width = paper.epw * 0.6
    paper.multi_cell(width, 7, paper.drawable(seller.name), align="L", new_x="LMARGIN", new_y="NEXT")
    paper.use(9, shade=GRAY)
    for line in (*seller.address.splitlines(), f"Tax ID {seller.tax_id}"):
        paper.multi_cell(width, LINE, paper.drawable(line), align="L", new_x="LMARGIN", new_y="NEXT")
    bottom = paper.get_y()
    paper.set_xy(paper.l_margin, top)
    paper.use(22, bold=True)
    paper.cell(paper.epw, 10, title, align="R")
    paper.set_xy(paper.l_margin, bottom + 10)


def write_facts(paper: Paper, facts: dict[str, str]) -> None:
    for label, value in facts.items():
        paper.use(9, shade=GRAY)
        paper.cell(35, 6, label)
        paper.use()
        paper.multi_cell(0, 6, paper.drawable(value), align="L", new_x="LMARGIN", new_y="NEXT")
    paper.ln(6)


def write_sums(paper: Paper, sums: Iterable[Sum]) -> None:
    """All of them on one page."""
    shown = list(sums)
    if paper.will_page_break(len(shown) * TOTAL_LINE):
        paper.add_page()
    for each in shown:
        border = "T" if each.is_strong else ""
        paper.use(11 if each.is_strong else 9, bold=each.is_strong)
        paper.set_x(paper.w - paper.r_margin - sum(TOTALS))
        paper.cell(TOTALS[0], TOTAL_LINE, paper.drawable(each.label), border=border)
        paper.cell(TOTALS[1], TOTAL_LINE, each.figure, border=border, align="R", new_y="NEXT")
