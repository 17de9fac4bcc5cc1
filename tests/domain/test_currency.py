import pytest

from domain.currency import check_currency


def test_a_currency_that_counts_in_hundredths() -> None:
    assert check_currency("EUR") == "EUR"


@pytest.mark.parametrize("code", ["JPY", "KWD", "eur", "EURO", ""])
def test_what_is_none_or_counts_otherwise(code: str) -> None:
    with pytest.raises(ValueError, match="hundredths"):
        check_currency(code)
