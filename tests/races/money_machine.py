"""Moves of money, two at a time, by Hypothesis: who does what, and where the second overtakes the first."""

from collections import Counter
from dataclasses import replace
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from sqlalchemy import text
from temporalio.exceptions import ApplicationError

from db.database import Database
from tests.activities.customer import Customer
from tests.activities.ledger_check import assert_books_are_true
from tests.races import market
from tests.races.market import Market, Newcomer, Person
from tests.races.money_moves import BY_NAME, MAY_BE_REFUSED, choose
from tests.races.two_threads import AT_ONCE, Desk
from tests.races.wishes import Choice, Move, Wish
from tests.violations import find_violations

DONE = "done"
CARD_CENTS = 2_500
OFTEN = ("start", "pay", "pay", "let_time_pass", "send_a_refund")
HEAD_STARTS = st.sampled_from([AT_ONCE, *range(1, 16), 18, 22, 27, 33])
"""The longest move takes some forty statements, most take a dozen."""
WHO = st.integers(0, 99)
WISHES = st.builds(
    Wish,
    move=st.sampled_from([*OFTEN, *BY_NAME]),
    which=st.sampled_from(range(8)),
    cents=st.sampled_from([None, None, 1, 500, 1_200]),
    insists=st.sampled_from([True, False, False]),
)
CONTESTS: st.SearchStrategy[tuple[Newcomer, str, str]] = st.sampled_from(
    [
        (market.overpaid_and_ended, "start", "refund_a_payment"),
        (market.overpaid_and_ended, "refund_a_payment", "start"),
        (market.overpaid_and_ended, "start", "refund_an_invoice"),
        (market.overpaid, "start", "charge_back"),
        (market.overpaid, "charge_back", "start"),
        (market.overpaid, "refund_a_payment", "charge_back"),
        (market.overpaid, "refund_a_payment", "refund_an_invoice"),
        (market.overpaid, "let_time_pass", "refund_a_payment"),
        (market.overpaid, "let_time_pass", "let_time_pass"),
        (market.overpaid, "change_plan", "refund_an_invoice"),
        (market.overpaid, "withdraw", "refund_a_payment"),
        (market.getting_back, "send_a_refund", "charge_back"),
        (market.getting_back, "charge_back", "send_a_refund"),
        (market.unpaid, "pay", "expire"),
        (market.unpaid, "pay", "start"),
        (market.unpaid, "redeem", "start"),
    ]
)
"""Who comes, and what they and others do at once with one balance, one payment, or one subscription."""

NEW_STARTERS: st.SearchStrategy[Newcomer] = st.sampled_from([market.unpaid, market.overpaid_and_ended])
CLAIMS = st.sampled_from(["start", "redeem"])
Wisher = tuple[Person, Wish]

GIVEN_TWICE = text(
    "SELECT t.details->'gift_card_id' FROM timeline_entries t"
    " JOIN subscriptions s ON s.id = t.subscription_id WHERE t.details->'gift_card_id' IS NOT NULL"
    " GROUP BY 1 HAVING count(DISTINCT s.user_id) > 1"
)
"""Gift cards of which two users were told that they are theirs."""


class MoneyMachine(RuleBasedStateMachine):
    """`happened` counts how each move was answered, over all that the machine tries."""

    def __init__(self, desk: Desk, happened: Counter[tuple[str, str]]) -> None:
        super().__init__()
        self.desk = desk
        self.happened = happened

    @initialize()
    def open(self) -> None:
        self.market = self.desk.watch.does(market.open_market)

    @rule(who=WHO, other=st.none() | WHO, first=WISHES, second=st.none() | WISHES, head_start=HEAD_STARTS)
    def two_do_anything(
        self, who: int, other: int | None, first: Wish, second: Wish | None, head_start: int
    ) -> None:
        """Often the same one does both, or the same twice."""
        one, another = self._known(who), self._known(who if other is None else other)
        self._race((one, first), (another, second or first), head_start)

    @rule(contest=CONTESTS, first=WISHES, second=WISHES, head_start=HEAD_STARTS)
    def two_want_what_one_has(
        self, contest: tuple[Newcomer, str, str], first: Wish, second: Wish, head_start: int
    ) -> None:
        newcomer, one, other = contest
        person = self._comes(newcomer)
        first, second = (
            replace(wish, move=move, which=3, insists=True) for wish, move in ((first, one), (second, other))
        )
        self._race((person, first), (person, second), head_start)

    @rule(data=st.data(), head_start=HEAD_STARTS, is_code=st.booleans())
    def two_want_the_last_one(self, data: st.DataObject, head_start: int, *, is_code: bool) -> None:
        """One gets the code, or the card, and the other is told why not."""
        if is_code:
            code = self.desk.watch.does(partial(market.publish_code, redemptions=1))
            prize = replace(self.market, promo_code=code)
            newcomers, moves, which, lost = NEW_STARTERS, st.just("start"), 0, "promo_code_exhausted"
        else:
            card = self.desk.watch.does(partial(market.issue_card, cents=CARD_CENTS))
            prize = replace(self.market, gift_hashes=[card])
            newcomers, moves, which, lost = st.just(market.unpaid), CLAIMS, 1, "gift_card_not_found"
        first, second = ((self._comes(data.draw(newcomers)), Wish(data.draw(moves), which)) for _ in range(2))
        answers = self._race(first, second, head_start, prize)
        assert sorted(answers) == [DONE, lost], answers

    def teardown(self) -> None:
        for person in self.market.people:
            self.desk.watch.does(partial(check_books_of, person))

    def _known(self, who: int) -> Person:
        return self.market.people[who % len(self.market.people)]

    def _comes(self, newcomer: Newcomer) -> Person:
        person = self.desk.watch.does(newcomer)
        self.market.people.append(person)
        return person

    def _race(
        self, first: Wisher, second: Wisher, head_start: int, prize: Market | None = None
    ) -> tuple[str, str]:
        """Both are chosen before either begins."""
        names, works = [], []
        for person, wish in (first, second):
            name, move = self.desk.watch.does(partial(choose_in, prize or self.market, person, wish))
            names.append(name)
            works.append(partial(make, move, person))
        answers = self.desk.serves(works[0], works[1], head_start=head_start)
        for name, answer in zip(names, answers, strict=True):
            self.happened[name, answer] += 1
            assert answer == DONE or answer in MAY_BE_REFUSED[name], f"{name}: {answer}"
        self.desk.watch.does(look_for_violations)
        return answers


async def choose_in(market: Market, person: Person, wish: Wish, database: Database) -> tuple[str, Move]:
    customer = Customer(database, person.user_id, None)
    return await choose(Choice(market, person, customer, wish))


async def make(move: Move, person: Person, database: Database) -> str:
    customer = Customer(database, person.user_id, None)
    try:
        await move(customer)
    except ApplicationError as refused:
        return str(refused.type)
    return DONE


async def look_for_violations(database: Database) -> None:
    async with database.read() as connection:
        violations = await find_violations(connection)
        assert not violations, violations
        twice = (await connection.execute(GIVEN_TWICE)).all()
        assert not twice, twice


async def check_books_of(person: Person, database: Database) -> None:
    customer = Customer(database, person.user_id, None)
    await customer.settle_all(person.now)
    await assert_books_are_true(customer)
