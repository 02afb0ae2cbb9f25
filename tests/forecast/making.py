"""A shop without history: a small program, its assumptions, and a short way to play worlds."""

from goodword.engine.ids import Keyring
from goodword.forecast.assumptions import Assumptions, load_assumptions
from goodword.forecast.outcomes import Outcome, play
from goodword.forecast.world import Setting
from goodword.program.loader import Program, load_program

KEYRING = Keyring(b"a key for tests of 32 bytes long")
PROGRAM = """\
goodword: 1
program: demo
currency: USD
time_zone: UTC
economics: {margin: 50%, smallest_order: 10.00 USD, return_window: 10 days}
steps:
  purchase: {event: order}
rewards:
  credit:
    when: {step: purchase}
    to: advocate
    benefit: {kind: credit, amount: 5.00 USD}
"""
ASSUMPTIONS = """\
assumptions: 1
starts: 2027-01-01
months: 2
customers: 30 - 60
newcomers: 5
joins: 40% - 80%
shares: 50%
friends: {tail: 1.6, most: 20}
steps: {purchase: 30% - 50%}
pace: {join: 3 days, share: 3 days, answer: 3 days, step: 1 day}
orders: {value: 30.00 USD - 50.00 USD, spread: 0.5}
rewards: {used: 80%, after: 5 days}
fraud: {invented: 10%, self_referrals: 10%}
"""


def program(text: str = PROGRAM, **changes: str) -> Program:
    """The program, with some of its words replaced."""
    return load_program(changed(text, changes))


def assumptions(of: Program, text: str = ASSUMPTIONS, **changes: str) -> Assumptions:
    """The assumptions, with whole lines given anew: ``customers="5"``; nothing takes a line out."""
    lines = [line for line in text.splitlines() if line.partition(":")[0] not in changes]
    return load_assumptions("\n".join(lines + [f"{key}: {value}" for key, value in changes.items() if value]), of)


def changed(text: str, changes: dict[str, str]) -> str:
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    return text


def worlds(of: Program, assumed: Assumptions, count: int, seed: str = "tests") -> list[Outcome]:
    """Some worlds."""
    setting = Setting(of.model, assumed, KEYRING)
    return [play(setting, of, f"{seed}/{number}") for number in range(count)]
