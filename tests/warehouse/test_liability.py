"""What figures say is what the ledger and the rows say, in random worlds and in those of the recipes."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.cases import KEYRING as CASES
from demo.cases import as_text, edited, read_cases, read_program
from goodword.engine.events import Sealed
from goodword.engine.ids import Keyring
from goodword.pipeline.tenant import Tenants
from goodword.program.loader import load_program
from goodword.storage.database import Database, create_tenant
from tests.properties.worlds import KEYRING, play, program_files, wishes
from tests.recipes.runner import play as play_case
from tests.warehouse.agreeing import Copied, books_agree, counts_agree, gifts_agree, in_memory

NUMBERS = itertools.count()


def tenant_with(database: Database, *texts: str) -> str:
    """A new tenant with programs in force."""
    tenant = f"t{next(NUMBERS)}"
    with database.write(tenant) as connection:
        create_tenant(connection, tenant, 1)
    for text in texts:
        Tenants(database, KEYRING).publish(tenant, text, 0)
    return tenant


def agree(database: Database, root: Path, text: str, events: list[Sealed], keyring: Keyring = KEYRING) -> Copied:
    """Everything agrees for a tenant with one program to whom these events are told."""
    tenant, program = tenant_with(database, text), load_program(text, 1)
    outcome = Tenants(database, keyring).decide_all(tenant, events)
    assert not outcome.parked
    copied, state = Copied(database, tenant, root), in_memory([program], events, keyring)
    counts_agree(copied, program, state)
    books_agree(database, tenant, copied, program)
    gifts_agree(database, tenant, copied, program, state)
    return copied


def test_in_random_worlds(database: Database, tmp_path: Path) -> None:
    numbers = itertools.count()

    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(program_files(), wishes())
    def check(text: str, wished: Any) -> None:
        events = play(load_program(text, 1), wished)
        agree(database, tmp_path / f"w{next(numbers)}", text, events).duck.close()

    check()


@pytest.mark.stress
def test_in_many_random_worlds(database: Database, tmp_path: Path) -> None:
    numbers = itertools.count()

    @settings(max_examples=400, suppress_health_check=list(HealthCheck))
    @given(program_files(), wishes())
    def check(text: str, wished: Any) -> None:
        events = play(load_program(text, 1), wished)
        agree(database, tmp_path / f"w{next(numbers)}", text, events).duck.close()

    check()


@pytest.mark.parametrize(
    "recipe", ["bombas", "dropbox", "amazon-associates", "coffee-shop", "paypal", "starbucks", "tiki-pets"]
)
def test_in_the_cases_of_recipes(database: Database, tmp_path: Path, recipe: str) -> None:
    for number, case in enumerate(read_cases(recipe)):
        text = as_text(edited(read_program(recipe), case.edit))
        played = play_case(case, load_program(text, 1))
        agree(database, tmp_path / str(number), text, played.sealed, CASES).duck.close()


def test_in_steps_as_at_once(database: Database, tmp_path: Path) -> None:
    """Figures as of a seq are the same however often facts were copied on the way."""
    numbers = itertools.count()
    asked = ("leads", "new_customers", "reward_cost", "open_liability", "orders", "conversion_rate", "referral_rate")

    @settings(max_examples=10, suppress_health_check=list(HealthCheck))
    @given(program_files(), wishes(), st.lists(st.integers(0, 100), min_size=1, max_size=3))
    def check(text: str, wished: Any, cuts: list[int]) -> None:
        program, root = load_program(text, 1), tmp_path / f"s{next(numbers)}"
        tenant, events = tenant_with(database, text), play(program, wished)
        tenants, places = Tenants(database, KEYRING), sorted({cut % (len(events) + 1) for cut in cuts})
        for begin, end in itertools.pairwise([0, *places, len(events)]):
            tenants.decide_all(tenant, events[begin:end])
            steps = Copied(database, tenant, root / "steps")
        once = Copied(database, tenant, root / "once")
        for metric in asked:
            assert steps.ask(program, metric) == once.ask(program, metric), metric
        steps.duck.close()
        once.duck.close()

    check()
