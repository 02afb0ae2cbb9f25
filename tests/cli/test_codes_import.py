"""Codes of the shop's own system from the command line."""

import json

import pytest

from tests.cli.making import PROGRAM, Shop


@pytest.fixture
def pooled(shop: Shop) -> Shop:
    shop.program.write_text(
        PROGRAM.replace("kind: credit, amount: 20 USD", "kind: coupon, amount: 20 USD, code: {pool: shop}")
    )
    shop.done("publish", shop.program)
    return shop


def test_a_file_comes_in_once_however_often_it_is_told(pooled: Shop) -> None:
    file = pooled.folder / "codes.txt"
    file.write_text("\ufeff" + "\n".join(f"SHOP-{number:04}" for number in range(1200)) + "\n\n")
    assert pooled.done("codes", "import", "shop", file).stdout == "shop: 1,200 new, 0 known before\n"
    file.write_text("SHOP-1199\n  shop 1200 \r\n")
    told = json.loads(pooled.done("codes", "import", "shop", file, "--json").stdout)
    assert told == {"pool": "shop", "new": 1, "known": 1}
    assert pooled.done("codes", "count", "shop").stdout == "shop: 1,201 free, 0 given out, 0 waiting\n"
    counts = json.loads(pooled.done("codes", "count", "shop", "--json").stdout)
    assert counts == {"pool": "shop", "free": 1201, "assigned": 0, "waiting": 0}
    assert pooled.done("audit").exit_code == 0


def test_standard_input(pooled: Shop) -> None:
    assert pooled.done("codes", "import", "shop", "-", input="a1\nb2\n").stdout == "shop: 2 new, 0 known before\n"


@pytest.mark.parametrize(
    ("pool", "text", "message"),
    [
        ("shop", "a1\n\n--\n", "line 3: no letter or digit in it"),
        ("shop", f"a1\n{'x' * 65}\n", "line 2: "),
        ("Shop", "a1\n", "pool: "),
    ],
)
def test_a_line_that_is_no_code_is_named(pooled: Shop, pool: str, text: str, message: str) -> None:
    result = pooled.run("codes", "import", pool, "-", input=text)
    assert result.exit_code == 1
    assert message in result.output
    assert pooled.run("codes", "count", "shop").exit_code == 1


def test_a_file_that_is_not_there(pooled: Shop) -> None:
    result = pooled.run("codes", "import", "shop", pooled.folder / "none.txt")
    assert result.exit_code == 1
    assert "none.txt" in result.output
