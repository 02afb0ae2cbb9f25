"""What changed between two versions of a program."""

from goodword.program.diff import Change, changes
from goodword.program.loader import load_program

OLD = """\
goodword: 1
program: sample
currency: USD
time_zone: UTC
steps:
  bought: {event: order}
rewards:
  credit:
    when: {step: bought}
    to: advocate
    benefit: {kind: credit, amount: 20.00 USD}
    hold: 30 days
"""


def test_each_part_that_is_spelt_otherwise_is_told_with_its_place() -> None:
    new = OLD.replace("20.00 USD", "10.00 USD").replace("    hold: 30 days\n", "    expires: 90 days\n")
    assert changes(load_program(OLD), load_program(new)) == [
        Change("rewards.credit.benefit.amount", "changed", "20.00 USD", "10.00 USD", "11:29"),
        Change("rewards.credit.expires", "added", None, "90 days", "12:5"),
        Change("rewards.credit.hold", "removed", "30 days", None, "12:5"),
    ]


def test_comments_and_order_are_no_change() -> None:
    lines = OLD.splitlines()
    shuffled = "\n".join([lines[0], "# a comment", lines[3], lines[2], lines[1], *lines[4:]]) + "\n"
    assert changes(load_program(OLD), load_program(shuffled)) == []


def test_lists_are_compared_as_wholes() -> None:
    caps = "    caps: [{per: participant, count: 3}]\n"
    (change,) = changes(load_program(OLD), load_program(OLD + caps))
    assert (change.path, change.kind, change.after) == (
        "rewards.credit.caps", "added", [{"per": "participant", "count": 3}],
    )  # fmt: skip
