from ops.outcomes import Outcome, note, noting


def test_what_is_noted_within_the_block_is_there_in_its_order() -> None:
    note("lost", where="outside")
    with noting() as outcomes:
        note("payments", outcome="failed")
        note("cases", outcome="opened")
    note("lost", where="afterwards")

    assert outcomes == [
        Outcome("payments", {"outcome": "failed"}),
        Outcome("cases", {"outcome": "opened"}),
    ]


def test_a_block_within_another_keeps_its_own() -> None:
    with noting() as outer:
        with noting() as inner:
            note("inner")
        note("outer")

    assert [outcome.counter for outcome in inner] == ["inner"]
    assert [outcome.counter for outcome in outer] == ["outer"]
