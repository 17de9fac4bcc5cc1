"""Numbers without gaps, of invoices and of credit notes."""

from sqlalchemy import ScalarSelect, Text, cast, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from db.tables.billing import InvoiceSeries
from domain.invoice import NUMBER_DIGITS


def next_number(series: str, year: int) -> ScalarSelect[str]:
    """Part of the statement that writes the number.

    To be the last one of its transaction that waits for anybody: the counter's row stays locked until the
    commit, and numbers have no gaps only because of that. Who needs both series takes an invoice's first.
    """
    counter = (
        upsert(InvoiceSeries)
        .values(series=series, year=year, last_number=1)
        .on_conflict_do_update(
            index_elements=[InvoiceSeries.series, InvoiceSeries.year],
            set_={"last_number": InvoiceSeries.last_number + 1},
        )
        .returning(InvoiceSeries.last_number)
        .cte("counter")
    )
    digits = cast(counter.c.last_number, Text)
    padded = func.lpad(digits, func.greatest(NUMBER_DIGITS, func.length(digits)), "0")
    return select(func.concat_ws("-", series, str(year), padded)).scalar_subquery()
