"""The people of a world: their number, their friends, what they send back, and those who cheat."""

from collections import Counter
from random import Random

import pytest

from goodword.engine.events import Cancel, Claim, Join, Order, Refund
from goodword.forecast import world as worlds_of
from goodword.forecast.world import HeavyTail, Setting, Story, World, draw_figures
from goodword.program.duration import DAY_MS, to_ms
from tests.forecast.making import KEYRING, assumptions, program


def story(seed: str = "s", **changes: str) -> Story:
    demo = program()
    setting = Setting(demo.model, assumptions(demo, **changes), KEYRING)
    return World(setting, draw_figures(setting, seed), seed).story()


def of(told: Story, kind: type) -> list:
    return [event for _, event in told.events if isinstance(event, kind)]


@pytest.mark.parametrize(("tail", "most"), [(1.6, 20), (1.81, 200), (2.5, 5), (0.5, 3)])
def test_friends_have_the_tail_that_is_stated(tail: float, most: int) -> None:
    friends, chance, count = HeavyTail(tail, most), Random(7), 40_000
    drawn = Counter(friends.draw(chance) for _ in range(count))
    whole = sum(n**-tail for n in range(1, most + 1))
    for n in (1, 2, most):
        share = n**-tail / whole
        assert abs(drawn[n] - share * count) < 4 * (count * share * (1 - share)) ** 0.5 + 1
    assert set(drawn) <= set(range(1, most + 1))
    assert abs(friends.mean - sum(n * n**-tail for n in range(1, most + 1)) / whole) < 1e-9


def test_everything_happens_in_the_order_of_time_under_ids_of_its_own() -> None:
    told = story()
    times = [at_ms for at_ms, _ in told.events]
    assert times == sorted(times)
    assert len({event.id for _, event in told.events}) == len(told.events)
    assert all(to_ms(event.occurred_at) == at_ms for at_ms, event in told.events)


def test_one_more_assumption_moves_no_other_figure() -> None:
    demo = program()
    few = draw_figures(Setting(demo.model, assumptions(demo), KEYRING), "s")
    more = assumptions(demo, orders="{value: 30.00 USD - 50.00 USD, spread: 0.5, monthly: 0.1 - 0.9}")
    many = draw_figures(Setting(demo.model, more, KEYRING), "s")
    assert {path: many[path] for path in few} == few
    assert many.keys() - few.keys() == {"orders.monthly"}


def test_goods_come_back_inside_the_return_window() -> None:
    told = story(orders="{value: 40.00 USD, refunds: 50%}", customers="200")
    placed = {order.order: order.occurred_at for order in of(told, Order)}
    back = [*of(told, Refund), *of(told, Cancel)]
    assert len(back) > 20
    for event in back:
        days = (event.occurred_at - placed[event.order]).total_seconds() * 1000 / DAY_MS
        assert 0 < days <= 10
    assert abs(len(of(told, Refund)) / len(placed) - 0.5) < 0.15


def test_those_who_cheat_sit_where_their_advocate_sits() -> None:
    told = story(fraud="{invented: 30%, self_referrals: 100%}", customers="200")
    networks = Counter(person.network for person in told.people.values())
    devices = Counter(person.device for person in told.people.values())
    assert len(told.fakes) > 20
    assert all(networks[told.people[id].network] > 1 for id in told.fakes)
    assert 0 < sum(devices[told.people[id].device] > 1 for id in told.fakes) < len(told.fakes)
    claims = {claim.person.id for claim in of(told, Claim)}
    assert told.fakes & claims
    cancelled = {event.order for event in of(told, Cancel)}
    end = max(at_ms for at_ms, _ in told.events) - 10 * DAY_MS
    early = [o for o in of(told, Order) if o.person.id in told.fakes and to_ms(o.occurred_at) < end]
    assert early
    assert all(order.order in cancelled for order in early)


def test_nobody_cheats_where_nobody_is_assumed_to() -> None:
    told = story(fraud="{invented: 0%}")
    assert (told.fakes, of(told, Cancel)) == (frozenset(), [])


def test_friends_become_advocates_themselves() -> None:
    told = story(customers="100", joins="100%", steps="{purchase: 100%}", months="6")
    joined = {join.person.id for join in of(told, Join)}
    assert joined & {claim.person.id for claim in of(told, Claim)}


def test_growth_without_end_is_cut_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds_of, "EVENTS_MAX", 500)
    told = story(customers="100", joins="100%", shares="100%", steps="{purchase: 100%}", months="12")
    assert (told.cut, len(told.events)) == (True, 500)
    assert not story(customers="3", newcomers="1", months="1").cut
