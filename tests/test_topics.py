"""Every topic that is told stands in the one table, and every one in the table is told."""

import ast
from pathlib import Path

import goodword.engine
from goodword.engine.payout_states import PAYOUT_MOVES
from goodword.engine.referral_states import REFERRAL_MOVES
from goodword.engine.reward_states import REWARD_MOVES
from goodword.engine.topics import NOTICES, TEST_TOPIC, TOPICS, matches
from goodword.engine.turn import _PAST
from goodword.words.catalogue import LANGUAGES, catalogue

ENGINE = Path(next(iter(goodword.engine.__path__)))


def written() -> set[str]:
    """The topics that stand in calls of `tell` in full."""
    return {
        node.args[0].value
        for path in ENGINE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "tell"
        if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    }


def moved() -> set[str]:
    """The topics that moves between states make."""
    referrals = {f"referral.{_PAST.get(move, status)}" for (_, move), status in REFERRAL_MOVES.items()}
    rewards = {f"reward.{status}" for (_, move), status in REWARD_MOVES.items() if move != "restore"}
    payouts = {f"payout.{status}" for status in PAYOUT_MOVES.values()}
    return referrals | rewards | payouts | {"reward.restored"}


def test_the_table_holds_what_is_told_and_nothing_else() -> None:
    assert written() | moved() == set(TOPICS)


def test_every_topic_has_its_words_in_every_language() -> None:
    for language in LANGUAGES:
        words = {key.removeprefix("topic.") for key in catalogue(language).counts if key.startswith("topic.")}
        assert words == {*TOPICS, *NOTICES, TEST_TOPIC}


def test_a_pattern_covers_what_it_says() -> None:
    assert matches(("*",), "reward.issued")
    assert matches(("a.b", "reward.*"), "reward.issued")
    assert matches(("reward.issued",), "reward.issued")
    assert not matches(("reward.issue", "reward", "rew*", "*.issued", ""), "reward.issued")
