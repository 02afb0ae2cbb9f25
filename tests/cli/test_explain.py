"""Explain: every decision names its rule at its line, its values and its evidence, in each language."""

import json

import pytest

from goodword.words.catalogue import LANGUAGES
from goodword.words.sentences import phrase, term
from tests.cli.making import CAP_LINE, PROGRAM, REWARD_LINE, RIVAL_CODE, Shop, joins, line, one_referral

FRIENDS = 11
"""One more than the cap allows."""
SOURCE = PROGRAM.splitlines()


@pytest.fixture
def filled(shop: Shop) -> Shop:
    rows = joins()
    for number in range(FRIENDS):
        rows += one_referral(f"f{number}", 1 + number)
    rows += [line("back", "refund", 20, order="o-f0"), line("end", "time_passed", 100)]
    shop.events.write_text("\n".join(rows))
    shop.done("publish", shop.program)
    shop.done("import", shop.events)
    return shop


def _data(shop: Shop, reference: str) -> dict[str, list[dict[str, object]]]:
    data: dict[str, list[dict[str, object]]] = json.loads(shop.done("explain", reference, "--json").stdout)
    return data


def _ids(shop: Shop, event: str) -> tuple[str, str]:
    """The referral and the reward of an order."""
    (told,) = _data(shop, event)["events"]
    answer = told["answer"]
    assert isinstance(answer, dict)
    return answer["referrals"][0]["id"], answer["rewards"][0]["id"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_event_names_the_line_of_the_rule_in_each_language(filled: Shop, language: str) -> None:
    told = filled.done("explain", f"order-f{FRIENDS - 1}", "--language", language).stdout

    assert f"{CAP_LINE}:" in told
    assert f"{CAP_LINE} | {SOURCE[CAP_LINE - 1]}" in told
    assert phrase("explain.used_of_limit", language, used=10, limit=10) in told
    assert "rewards.credit.caps.0" in told
    assert "explain." not in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reward_names_its_rule_its_evidence_and_its_postings(filled: Shop, language: str) -> None:
    referral, reward = _ids(filled, "order-f1")

    told = filled.done("explain", reward, "--language", language).stdout

    assert f"{REWARD_LINE} | {SOURCE[REWARD_LINE - 1]}" in told
    assert referral in told
    assert RIVAL_CODE in told
    assert term("status.reward", "issued", language) in told
    assert term("evidence", "claim", language) in told
    for account in ("cost:demo", "pending:demo", "approved:demo", "balance:pt_"):
        assert account in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_referral_tells_its_history_in_order(filled: Shop, language: str) -> None:
    referral, reward = _ids(filled, "order-f0")

    told = filled.done("explain", referral, "--language", language).stdout

    places = [told.index(id) for id in ("claim-f0", "rival-f0", "order-f0", "back")]
    assert places == sorted(places)
    assert term("status.reward", "cancelled", language) in told
    assert reward in told


def test_the_history_of_a_referral_is_data_too(filled: Shop) -> None:
    referral, reward = _ids(filled, "order-f0")

    data = _data(filled, referral)
    entries = _data(filled, reward)["entries"]

    assert [event["id"] for event in data["events"]][:4] == ["claim-f0", "rival-f0", "order-f0", "back"]
    (row,) = data["referrals"]
    assert row["rivals"]
    assert {"rewards.credit", "attribution.replace"} <= {rule["rule"] for rule in data["rules"]}
    sums = [entry["entry"]["amount"] for entry in entries]  # type: ignore[index]
    assert sum(sums) == 0
    assert len(sums) == 4


def test_a_decision_that_a_date_brought_can_be_explained(filled: Shop) -> None:
    _, reward = _ids(filled, "order-f1")
    due = [str(event["id"]) for event in _data(filled, reward)["events"] if event["type"] == "due"]

    assert len(due) == 1
    assert reward in filled.done("explain", due[0]).stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unknown_reference_is_said_to_be_unknown(filled: Shop, language: str) -> None:
    result = filled.run("explain", "rw_nothing", "--language", language)

    assert result.exit_code == 1
    assert phrase("explain.nothing", language, id="rw_nothing") in result.stderr
    assert not result.stdout
