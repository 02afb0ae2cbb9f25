"""Every case of every recipe: in memory, and through a real database in batches."""

import msgspec
import pytest

from demo.cases import KEYRING, Case, as_text, edited, read_cases, read_program, recipes
from demo.cast import CaseFailed
from goodword.engine.reasons import Answer
from goodword.pipeline.process import ProgramCache
from goodword.pipeline.tenant import Tenants
from goodword.program.loader import load_program
from goodword.storage import reads
from goodword.storage.audit import audit
from goodword.storage.database import create_tenant, open_database
from tests.recipes.runner import Played, play

CASES = [pytest.param(case, id=f"{case.recipe}: {case.name}") for recipe in recipes() for case in read_cases(recipe)]


def _play(case: Case) -> Played:
    return play(case, load_program(as_text(edited(read_program(case.recipe), case.edit)), version=1))


@pytest.mark.parametrize("case", CASES)
def test_in_memory(case: Case) -> None:
    _play(case)


@pytest.mark.parametrize("recipe", recipes())
def test_through_a_database(recipe: str, database_url: str) -> None:
    """The same answers byte for byte, decided in batches, each case a tenant; and the books are sound afterwards."""
    database = open_database(database_url)
    database.migrate()
    tenants = Tenants(database, KEYRING, ProgramCache())
    for number, case in enumerate(read_cases(recipe)):
        expected = _play(case)
        tenant = f"case-{number}"
        with database.write(tenant) as connection:
            create_tenant(connection, tenant, 1)
        tenants.publish(tenant, as_text(edited(read_program(recipe), case.edit)), 1)
        answers, rest = [], expected.sealed
        while rest:
            outcome = tenants.decide(tenant, rest)
            assert not outcome.parked, (case.name, outcome.parked)
            answers += [(decision.sealed.event.id, answer) for _, decision, answer in outcome.decisions]
            rest = outcome.rest
        for told, stored in zip(expected.answers, answers, strict=True):
            assert stored == told, f"{recipe}: {case.name}: {told[0]}"
        with database.read() as connection:
            assert list(audit(connection, tenant)) == [], case.name
            people = {msgspec.json.decode(answer, type=Answer).participant for _, answer in answers} - {None}
            for person in people:
                stored_balances = {u: a for u, a in reads.balances(connection, tenant, person).items() if a}
                assert stored_balances == expected.balances(person), case.name
    database.close()


def test_a_mismatch_names_the_case_and_the_step() -> None:
    case = read_cases("dropbox")[0]
    tree = edited(read_program("dropbox"), {"rewards.space.benefit.amount": "501 MB"})
    with pytest.raises(
        CaseFailed, match=r"dropbox: signing up earns .*: step 3 \(2026-03-05 bob does client_installed\)"
    ):
        play(case, load_program(as_text(tree), version=1))
