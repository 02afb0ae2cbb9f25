"""What visits pay: each once, in whatever steps they are told, and nothing that is not trusted."""

import json

import pytest

from goodword.pipeline.process import visits_so_far
from goodword.program.loader import ProgramError, load_program
from tests.engine.world import World
from tests.properties.worlds import DAY_MS, START_MS

BLOG = """
goodword: 1
program: blog
currency: USD
time_zone: Pacific/Auckland
steps: {bought: {event: order}}
budgets: {all: {amount: 9 USD}}
rewards:
  visits:
    when: {visits: day}
    to: advocate
    benefit: {kind: credit, amount: 0.05 USD}
    caps: [{per: participant, period: day, amount: 1 USD, partial: true}]
    budget: all
"""
WITHOUT = BLOG.replace("{visits: day}", "{step: bought}")
POINTS = """\
  stars:
    when: {visits: day}
    to: advocate
    benefit: {kind: points, amount: 2 stars}
    caps: [{per: participant, period: week, amount: 100 stars}]
"""
TODAY = START_MS // DAY_MS


class Blog(World):
    """A world in which visits are told: of a day, counted from the first; on the day after it if not said otherwise."""

    def visit(self, code: str, day: int, count: int, now: float | None = None, program: str = "blog") -> list[str]:
        now_ms = self.at(day + 1.1 if now is None else now)
        event = visits_so_far(program, code, TODAY + day - 1, count, now_ms)
        answer = self.tenant.decide([event])[event.event.id]
        self.said = json.loads(answer)
        return [reason["code"] for reason in self.said["reasons"]]

    def paid(self, rule: str = "visits") -> list[int]:
        return [reward.amount for reward in self.all_rewards() if reward.rule == rule]


@pytest.fixture
def blog() -> Blog:
    world = Blog(BLOG)
    world.join(1, "ann", "blog")
    return world


def test_the_same_visits_pay_once_in_whatever_steps_they_are_told(blog: Blog) -> None:
    code = blog.codes["ann"]
    granted = ["reward_granted", "reward_approved", "reward_issued", "visits_counted"]
    assert blog.visit(code, 1, 4) == granted
    assert blog.values("visits_counted") == {"visits": 4, "day": "2026-01-05", "code": code}
    assert blog.visit(code, 1, 4) == granted, "told again it is the same event"
    assert blog.visit(code, 1, 3) == ["nothing_due"]
    assert blog.visit(code, 1, 9, now=5) == granted
    assert blog.visit(code, 2, 9, now=5) == granted
    assert blog.paid() == [20, 25, 45]
    assert blog.referrals() == []
    at_once = Blog(BLOG)
    at_once.visit(at_once.join(1, "ann", "blog"), 1, 9, now=5)
    assert at_once.paid() == [45]


def test_a_cap_of_a_day_holds_for_its_visits_wherever_the_program_is(blog: Blog) -> None:
    """Noon UTC of one day is another day in Auckland than noon of the next: each has the whole cap."""
    code = blog.codes["ann"]
    for day in (1, 2, 3):
        assert "cap_partial" in blog.visit(code, day, 30)
    assert blog.paid() == [100, 100, 100]
    assert blog.balance("budget:blog:all:spent") + blog.balance("budget:blog:all:reserved") == 300
    assert blog.visit(code, 1, 31, now=6) == ["cap_reached", "visits_counted"]
    assert blog.said["outcome"] == "refused"


def test_every_rule_pays_for_the_same_visits() -> None:
    world = Blog(BLOG.replace("rewards:\n", "rewards:\n" + POINTS))
    code = world.join(1, "ann", "blog")
    world.visit(code, 1, 3)
    world.visit(code, 1, 5)
    assert (world.paid(), world.paid("stars")) == ([15, 10], [6, 4])


def test_codes_that_are_not_to_be_paid(blog: Blog) -> None:
    code = blog.codes["ann"]
    assert blog.visit("N0B0DY", 1, 3) == ["unknown_code"]
    assert blog.visit(code, 1, 3, program="other") == ["unknown_program"]
    blog.publish(BLOG.replace("program: blog", "program: other"))
    assert blog.visit(code, 1, 4, program="other") == ["unknown_code"]
    blog.tell(2, "link", "ann", program="blog", code="SHORT", expires_at="2026-01-07T10:00:00Z")
    assert "reward_granted" in blog.visit("SH0RT", 3, 3), "it came to its end on that day"
    assert blog.visit("SH0RT", 4, 3) == ["code_expired"]
    blog.tell(4, "handle", code=code, action="disable")
    assert blog.visit(code, 1, 5, now=5) == ["code_disabled"]
    blog.tell(5, "handle", code=code, action="enable")
    assert blog.visit(code, 1, 6, now=6)[-1] == "visits_counted"
    assert blog.paid() == [15, 5], "of six visits five were decided while the code was switched off"


def test_visits_from_before_a_program_paid_for_them_are_not_paid() -> None:
    world = Blog(WITHOUT)
    code = world.join(1, "ann", "blog")
    assert world.visit(code, 1, 3) == ["nothing_due"]
    world.tell(4, "time_passed")
    world.publish(BLOG)
    assert world.visit(code, 3, 7, now=4.5) == ["nothing_due"]
    assert "reward_granted" in world.visit(code, 4, 7)
    world.publish(BLOG.replace("0.05", "0.07"))  # goes on paying: the days before stay paid for
    assert "reward_granted" in world.visit(code, 4, 8, now=6)
    world.publish(WITHOUT)
    assert world.visit(code, 5, 8) == ["nothing_due"]
    world.tell(8, "time_passed")
    world.publish(BLOG)
    assert world.visit(code, 7, 8, now=8.5) == ["nothing_due"]
    assert "reward_granted" in world.visit(code, 8, 8)
    assert world.paid() == [35, 7, 40]


def test_visits_make_no_tenant_live(blog: Blog) -> None:
    blog.visit(blog.codes["ann"], 1, 3)
    assert not blog.tenant.rows.tenant.live
    assert "history_is_facts" not in blog.tell(3, "order", "bob", order="o", total=1, currency="USD")


REFUSED = [
    ("to: advocate", "to: friend", "to whose link it followed"),
    ("to: advocate", "to: both", "to whose link it followed"),
    ("kind: credit", "kind: coupon", "pays one fixed amount"),
    ("amount: 0.05 USD}", "amount: {percent_of: order.total, percent: 1%, ceiling: 1 USD}}", "pays one fixed amount"),
    ("amount: 0.05 USD}", "amount: {schedule: [{since: 2026-01-01, amount: 1 USD}]}}", "pays one fixed amount"),
    ("    caps: [{per: participant, period: day, amount: 1 USD, partial: true}]\n", "", "clicks are easy to make"),
    ("per: participant", "per: program", "clicks are easy to make"),
    ("period: day", "period: ever", "clicks are easy to make"),
    ("period: day", "period: year", "clicks are easy to make"),
    ("period: day", "period: 30 days", ""),
    ("amount: 1 USD, partial: true", "count: 1", "clicks are easy to make"),
    ("{visits: day}", "{visits: week}", ""),
    ("{visits: day}", "{visits: day, step: bought}", "write one of"),
    ("{visits: day}", "{visits: day, date: 2026-01-01}", "`date` stands alone"),
    ("{visits: day}", "{visits: day, every: month}", "`every: month` go with `step`"),
]


@pytest.mark.parametrize(("old", "new", "why"), REFUSED)
def test_files_that_are_refused(old: str, new: str, why: str) -> None:
    assert BLOG.count(old) == 1
    with pytest.raises(ProgramError) as caught:
        load_program(BLOG.replace(old, new).lstrip())
    assert why in str([problem.message for problem in caught.value.problems])
