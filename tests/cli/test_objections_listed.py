"""Objections on the command line: what waits, and answering."""

import json
from datetime import UTC, datetime

from tests.cli.making import Shop

WHY = "Bob bought with my code"


def object_once(shop: Shop, number: int) -> None:
    event = {
        "type": "objection",
        "id": f"objection {number}",
        "occurred_at": datetime.now(UTC).isoformat(),
        "program": "demo",
        "person": {"id": f"anna {number}"},
        "why": WHY,
    }
    file = shop.folder / "events.jsonl"
    file.write_text(json.dumps(event) + "\n")
    shop.done("import", file)


def test_what_waits_is_listed_and_answered(shop: Shop) -> None:
    shop.done("publish", shop.program)
    assert "no objection is open" in shop.done("objections").stdout
    object_once(shop, 1)
    (waiting,) = json.loads(shop.done("objections", "--json").stdout)
    assert (waiting["text"], waiting["status"], waiting["about"]) == (WHY, "open", None)
    assert waiting["objection"][:10] in shop.done("objections").stdout
    answered = shop.done("objections", "answer", waiting["objection"], "rejected", "--why", "we saw no order").stdout
    assert "we saw no order" in answered
    assert json.loads(shop.done("objections", "--json").stdout) == []
    (row,) = json.loads(shop.done("objections", "--status", "answered", "--json").stdout)
    assert (row["verdict"], row["why"]) == ("rejected", "we saw no order")
    twice = shop.run("objections", "answer", waiting["objection"], "upheld")
    assert (twice.exit_code, "not waiting" in twice.stderr) == (1, True)
    assert shop.run("objections", "answer", "ob_nothing", "upheld").exit_code == 1
