"""Codes: unlike any other, the same again for the same batch, and known however they are typed."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.gift_codes import ALPHABET, BITS_OF_A_LETTER, LENGTH, GiftCodes, normalized

CODES = GiftCodes(b"a secret of thirty-two bytes, no less")
OTHERS = GiftCodes(b"another secret of thirty-two bytes...")
SHAPE = re.compile(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}")

BATCHES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)


def test_a_code_has_eighty_bits_in_letters_that_nobody_mistakes() -> None:
    assert BITS_OF_A_LETTER * LENGTH == 80
    assert len(set(ALPHABET)) == len(ALPHABET) == 2**BITS_OF_A_LETTER
    assert not set("OILU") & set(ALPHABET)


@given(BATCHES, st.integers(1, 50))
def test_codes_of_a_batch(batch: str, count: int) -> None:
    codes = CODES.of_batch(batch, count)

    assert all(SHAPE.fullmatch(code) for code in codes)
    assert len(set(codes)) == count
    assert codes == CODES.of_batch(batch, 50)[:count]


def test_no_two_of_many_are_alike_and_every_letter_is_used_everywhere() -> None:
    codes = [code for batch in ("a", "b", "a:1") for code in CODES.of_batch(batch, 500)]

    assert len({CODES.hash_of(code) for code in codes}) == len(set(codes)) == 1_500
    for place in range(LENGTH):
        assert {normalized(code)[place] for code in codes} == set(ALPHABET)


@given(BATCHES)
def test_another_secret_makes_other_codes_and_knows_none_of_these(batch: str) -> None:
    [code] = CODES.of_batch(batch, 1)

    assert OTHERS.of_batch(batch, 1) != [code]
    assert OTHERS.hash_of(code) != CODES.hash_of(code)


@pytest.mark.parametrize(
    "typed",
    [
        str.lower,
        lambda code: code.replace("-", ""),
        lambda code: code.replace("-", " "),
        lambda code: code.replace("-", "\N{EN DASH}"),
        lambda code: f"\t {code}\n",
        lambda code: code.replace("0", "O").replace("1", "I"),
        lambda code: code.replace("0", "o").replace("1", "l"),
        lambda code: "-".join(code.replace("-", "")),
    ],
)
def test_a_code_is_known_however_it_is_typed(typed: Callable[[str], str]) -> None:
    codes = CODES.of_batch("batch", 100)
    assert {"0", "1"} <= set("".join(codes))

    assert [CODES.hash_of(typed(code)) for code in codes] == [CODES.hash_of(code) for code in codes]


@given(st.text(max_size=64))
def test_anything_may_be_typed(typed: str) -> None:
    assert len(CODES.hash_of(typed)) == 32
    assert normalized(normalized(typed)) == normalized(typed)


@given(st.data())
def test_one_wrong_letter_is_another_code(data: st.DataObject) -> None:
    [code] = CODES.of_batch(data.draw(BATCHES), 1)
    letters = list(normalized(code))
    place = data.draw(st.integers(0, LENGTH - 1))
    letters[place] = data.draw(st.sampled_from(sorted(set(ALPHABET) - {letters[place]})))

    assert CODES.hash_of("".join(letters)) != CODES.hash_of(code)


def test_the_secret_is_in_no_repr() -> None:
    assert "secret" not in repr(CODES)


def test_codes_that_were_printed_stay_what_they_are() -> None:
    """Whoever has a card redeems it after the next release, too."""
    codes = CODES.of_batch("batch", 2)

    assert codes == ["1F8Y-8HV2-3H7A-JKFV", "X1SH-JC8P-E4WG-3CAD"]
    assert CODES.hash_of(codes[0]).hex() == "ef435571cc36f0b3a806a355c9c13d984df2f097c2a9dfcb2e791690149ff04c"
