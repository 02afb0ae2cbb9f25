"""What the application says about itself: health, description, reference page, headers, log."""

import re
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from goodword.engine.events import SourceEvent
from goodword.pipeline.intake import decode_event
from goodword.storage.keys import create_key, revoke_key
from goodword.web.keys import TTL_SECONDS
from goodword.web.problems import all_problems
from tests.web.making import TENANT, Site, event, order


def test_it_is_ready_while_its_writer_runs(site: Site) -> None:
    assert site.ask("GET", "/healthz").json() == {"status": "up"}
    ready = site.ask("GET", "/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "database": "up", "writer": "up"})
    site.app.state.context.batcher.stop()
    assert site.ask("GET", "/readyz").json()["writer"] == "down"
    assert site.ask("GET", "/readyz").status_code == 503
    assert site.tell(order("a")).status_code == 503
    assert site.publish().status_code == 503
    assert site.ask("GET", "/healthz").status_code == 200


def test_it_is_not_ready_on_tables_of_another_release(site: Site) -> None:
    with site.parts.database.write(TENANT) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'r9999'")
    answer = site.ask("GET", "/readyz")
    assert answer.status_code == 503
    assert "r9999" in answer.json()["database"]


def test_a_revoked_key_stops_within_seconds(site: Site) -> None:
    now = 100.0
    keys = site.app.state.context.keys
    keys._clock = lambda: now
    with site.parts.database.write(TENANT) as connection:
        key, secret = create_key(connection, TENANT, "shop", ["read"], 1)
    headers = {"authorization": f"Bearer {secret}"}
    assert site.ask("GET", "/v1/participants", headers=headers).status_code == 200
    with site.parts.database.write(TENANT) as connection:
        revoke_key(connection, TENANT, key.id, 2)
    now += TTL_SECONDS
    assert site.ask("GET", "/v1/participants", headers=headers).status_code == 401


def test_a_key_of_another_tenant_is_unknown(site: Site) -> None:
    with site.parts.database.write("other") as connection:
        _, secret = create_key(connection, "other", "shop", ["read"], 1)
    assert site.ask("GET", "/v1/participants", headers={"authorization": f"Bearer {secret}"}).status_code == 401


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*map(references, node.values()))
    return set().union(*map(references, node)) if isinstance(node, list) else set()


def test_the_description_is_complete(site: Site) -> None:
    spec = site.ask("GET", "/openapi.json").json()
    assert spec["openapi"].startswith("3.1")
    assert {
        "/v1/events", "/v1/events/{event}", "/v1/answers", "/v1/participants", "/v1/participants/{participant}",
        "/v1/participants/{participant}/balances", "/v1/participants/{participant}/rewards", "/v1/referrals",
        "/v1/referrals/{referral}", "/v1/rewards", "/v1/rewards/{reward}", "/v1/rewards/{reward}/{action}",
        "/v1/programs", "/v1/programs/{program}", "/healthz", "/readyz", "/v1/endpoints", "/v1/endpoints/{endpoint}",
        "/v1/endpoints/{endpoint}/rotate", "/v1/endpoints/{endpoint}/test", "/v1/endpoints/{endpoint}/replay",
        "/v1/deliveries", "/v1/deliveries/{delivery}", "/v1/deliveries/{delivery}/replay",
    } == set(spec["paths"])  # fmt: skip
    names = {ref.removeprefix("#/components/schemas/") for ref in references(spec)}
    assert names <= spec["components"]["schemas"].keys()
    tags = {variant.__struct_config__.tag for variant in SourceEvent.__args__}
    schema = spec["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(schema["anyOf"][0]["discriminator"]["mapping"]) == tags
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            assert operation.get("description"), (method, path)
            if operation.get("security") != []:
                assert {"401", "403", "500", "503"} <= operation["responses"].keys(), (method, path)
            for parameter in operation.get("parameters", []):
                assert parameter["schema"], (method, path)
    assert spec["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert spec["paths"]["/healthz"]["get"]["security"] == []


def test_every_answer_has_the_shape_that_is_described(shop: Site) -> None:
    shop.tell(event("join", "j", program="demo", person={"id": "ann"}))
    spec = shop.ask("GET", "/openapi.json").json()
    shown = shop.get("/v1/events/j")
    described = spec["components"]["schemas"]["EventOut"]
    assert set(shown) == set(described["properties"]) == set(described["required"])


class Page(HTMLParser):
    """What a page refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not any(name.startswith("on") or name == "style" for name, _ in attrs)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]
        self.ids += [value or "" for name, value in attrs if name == "id"]


def test_the_reference_page_asks_for_nothing_from_elsewhere(site: Site) -> None:
    response = site.ask("GET", "/docs")
    page = Page(response.text)
    assert not page.tags & {"script", "iframe", "img", "style"}
    assert len(page.ids) == len(set(page.ids))
    for address in page.addresses:
        assert re.fullmatch(r"#.+|/docs\.css|/openapi\.json", address)
        assert not address.startswith("#") or address[1:] in page.ids, address
    assert {kind.code() for kind in all_problems()} <= set(page.ids)
    assert site.ask("GET", "/docs.css").headers["content-type"].startswith("text/css")
    assert site.ask("GET", "/").headers["location"] == "/docs"


@pytest.mark.parametrize("path", ["/docs", "/healthz", "/nowhere", "/v1/participants", "/openapi.json"])
def test_every_response_is_guarded(site: Site, path: str) -> None:
    headers = site.ask("GET", path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_the_log_names_nobody(shop: Site) -> None:
    with capture_logs() as lines:
        shop.tell(event("join", "ann@example.com", program="demo", person={"email": "ann@example.com"}))
        shop.ask("GET", "/v1/events/ann@example.com", "read", params={"language": "en"})
        shop.ask("GET", "/ann@example.com", "read")
        shop.tell(order("o", person={"email": "ann at example.com"}))
    assert "ann" not in str(lines)
    requests = [line for line in lines if line["event"] == "request"]
    assert [line["route"] for line in requests] == ["post_events", "/v1/events/{event:path}", None, "post_events"]
    assert [line["status"] for line in requests] == [200, 200, 404, 422]
    assert requests[0]["key"].startswith("key_")


def test_an_unexpected_error_is_answered_and_its_text_is_not_logged(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("ann@example.com")

    monkeypatch.setattr("goodword.storage.reads.participants", fail)
    with capture_logs() as lines:
        response = site.ask("GET", "/v1/participants", "read")
    assert (response.status_code, response.json()["type"]) == (500, "/docs#internal_error")
    assert "ann" not in response.text + str(lines)
    assert "RuntimeError" in str(lines)


def test_an_event_of_the_description_is_what_intake_reads() -> None:
    assert decode_event(msgspec.json.encode(order("a"))).id == "a"
