"""The API does what its description says: schemathesis asks whatever the description allows, and what it does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from goodword.storage.keys import SCOPES
from tests.faults.judge import findings
from tests.faults.making import Size
from tests.faults.routes import OPEN
from tests.faults.service import parts_of, serving
from tests.faults.test_scopes import World, world
from tests.web.making import PROGRAM, Scopes

__all__ = ["world"]

DESCRIBED = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ALL: Scopes = tuple(sorted(SCOPES))  # type: ignore[assignment]
KEYS: dict[str, Scopes | None] = {"none": None, "few": ("history",), "all": ALL}
ORIGIN = "http://goodword.test"

Ask = Callable[[requests.PreparedRequest], httpx.Response]
Seen = Callable[[Case, httpx.Response], None]


def operations(spec: dict[str, Any]) -> list[APIOperation[Any, Any, Any, Any, Any]]:
    """All that the description describes. How one gets in is tried by keys, not by made-up headers."""
    spec = {name: value for name, value in spec.items() if name != "security"}
    for methods in spec["paths"].values():
        for operation in methods.values():
            operation.pop("security", None)
    return [result.ok() for result in schemathesis.openapi.from_dict(spec).get_all_operations()]


def explore(operation: Any, mode: GenerationMode, examples: int, ask: Ask, seen: Seen) -> None:
    """Ask one operation, and compare what it answers with its description."""

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck), deadline=None, phases=[Phase.generate])
    @given(operation.as_strategy(generation_mode=mode))
    def one(case: Case) -> None:
        prepared = requests.Request(**case.as_transport_kwargs(base_url=ORIGIN)).prepare()
        response = ask(prepared)
        # Of an array, what cannot be accepted has its problem in its place.
        refused = mode == GenerationMode.NEGATIVE and not isinstance(case.body, list)
        # Too large is a refusal too, which that check does not know.
        refused = refused and response.status_code != 413
        case.validate_response(response, checks=[*DESCRIBED, negative_data_rejection] if refused else DESCRIBED)
        seen(case, response)

    one()


def modes(operation: Any) -> list[GenerationMode]:
    """What can be generated: where everything is allowed, nothing is forbidden."""
    found = [GenerationMode.POSITIVE]
    if operation.body or operation.query or operation.path_parameters:
        found.append(GenerationMode.NEGATIVE)
    return found


@pytest.mark.parametrize("key", KEYS)
def test_it_answers_as_described(world: World, size: Size, key: str) -> None:
    site, scopes = world.site, KEYS[key]
    authorised = {} if scopes is None else {"authorization": f"Bearer {site.secret(*scopes)}"}
    # Who may not ask is refused whatever he asks: a few of each kind tell as much as many.
    examples = size.examples if key == "all" else max(size.examples // 3, 3)
    statuses: Counter[int] = Counter()

    def ask(prepared: requests.PreparedRequest) -> httpx.Response:
        url, headers = str(prepared.url), dict(prepared.headers) | authorised
        response: httpx.Response = site.loop.run(
            site.client.request(str(prepared.method), url, headers=headers, content=prepared.body)
        )
        return response

    def seen(case: Case, response: httpx.Response) -> None:
        statuses[response.status_code] += 1
        if key != "all" and case.operation.path not in OPEN:
            assert response.status_code >= 400, (case.operation.label, response.text)

    for operation in operations(site.get("/openapi.json")):
        for mode in modes(operation):
            before, accepted = site.counts(), statuses[200] + statuses[201]
            explore(operation, mode, examples, ask, seen)
            refused = statuses[200] + statuses[201] == accepted
            if operation.method.upper() == "GET" or refused:
                assert site.counts() == before, (operation.label, "it left a trace")
    assert not any(status >= 500 for status in statuses)
    assert statuses[{"none": 401, "few": 403, "all": 200}[key]] > 0


def test_a_real_server_answers_as_described(tmp_path: Path, size: Size) -> None:
    """The same over a real connection: what the server in front of the application makes of it counts too."""
    with serving(tmp_path, f"sqlite:///{tmp_path / 'goodword.db'}", PROGRAM) as service:
        with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=60) as client:
            authorised = {"authorization": f"Bearer {service.secret}"}

            def ask(prepared: requests.PreparedRequest) -> httpx.Response:
                address = str(prepared.url).removeprefix(ORIGIN)
                headers = {name: value for name, value in prepared.headers.items() if name.lower() != "content-length"}
                return client.request(
                    str(prepared.method), address, headers=headers | authorised, content=prepared.body
                )

            for operation in operations(client.get("/openapi.json").json()):
                for mode in modes(operation):
                    explore(operation, mode, size.examples, ask, lambda _, __: None)
        assert service.stop() == 0
        with parts_of(tmp_path, service.database) as parts:
            assert findings(parts, []) == []
