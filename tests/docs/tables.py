"""The tables of a page in docs/: under which heading, and row by row."""

from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"

Row = dict[str, str]


def tables_of(page: str) -> dict[str, list[Row]]:
    """By the heading that each is under, which has to be its own. Backticks are left out."""
    found: dict[str, list[Row]] = {}
    heading = ""
    head: list[str] = []
    for line in (DOCS / page).read_text().splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if not line.startswith("|"):
            head = []
            continue
        cells = [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]
        if not head:
            assert heading not in found, f"two tables under {heading!r}"
            head, found[heading] = cells, []
        elif set("".join(cells)) - set("- "):
            found[heading].append(dict(zip(head, cells, strict=True)))
    return found
