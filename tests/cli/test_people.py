"""Erasing a person on the command line."""

import json
from datetime import UTC, datetime

from tests.cli.making import Shop


def test_a_person_is_erased_once_somebody_said_yes(shop: Shop) -> None:
    shop.done("publish", shop.program)
    event = {
        "type": "objection",
        "id": "words",
        "occurred_at": datetime.now(UTC).isoformat(),
        "program": "demo",
        "person": {"id": "anna", "email": "anna@example.test"},
        "why": "I am anna",
    }
    file = shop.folder / "events.jsonl"
    file.write_text(json.dumps(event) + "\n")
    shop.done("import", file)
    (waiting,) = json.loads(shop.done("objections", "--json").stdout)
    assert waiting["text"] == "I am anna"
    assert shop.run("erase", waiting["participant"], input="n\n").exit_code == 1
    assert len(json.loads(shop.done("objections", "--json").stdout)) == 1
    assert "is erased" in shop.done("erase", waiting["participant"], "--yes").stdout
    (closed,) = json.loads(shop.done("objections", "--status", "closed", "--json").stdout)
    assert closed["text"] is None
    assert "before" in shop.done("erase", waiting["participant"], "--yes").stdout
    nobody = shop.run("erase", "pt_nobody", "--yes")
    assert (nobody.exit_code, "pt_nobody" in nobody.stderr) == (1, True)
    assert shop.done("audit").exit_code == 0
