"""The reference page: the API's description as HTML. No script, and nothing from anywhere else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from goodword.storage.keys import SCOPES
from goodword.web.problems import all_problems

CSS = """\
:root { color-scheme: light dark; --line: #8885; --soft: #8881; --link: light-dark(#0b57d0, #9bc1ff); }
* { box-sizing: border-box; }
body { font: 16px/1.55 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1.5rem; }
h1 { margin-block: 0 .25rem; } h2 { border-block-end: 1px solid var(--line); margin-block: 3rem 1rem; }
h3 { margin-block: 2rem .5rem; overflow-wrap: anywhere; }
a { color: var(--link); overflow-wrap: anywhere; } p code { overflow-wrap: anywhere; } nav ul { columns: 18rem; padding-inline-start: 1.25rem; }
code { background: var(--soft); border-radius: .25rem; font: .9em ui-monospace, monospace; padding: .1em .3em; }
.method { font-weight: 700; text-transform: uppercase; }
.table { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
pre { background: var(--soft); border-radius: .25rem; overflow-x: auto; padding: .75rem 1rem; }
pre code { background: none; padding: 0; }
@media (width < 40rem) {
  thead { position: absolute; clip-path: inset(50%); }
  tr { border-block-end: 1px solid var(--line); display: block; padding-block: .35rem; }
  table td { border: 0; display: block; overflow-wrap: anywhere; padding-block: 0; }
}
th, td { border-block-end: 1px solid var(--line); padding: .35rem .75rem .35rem 0; text-align: start; vertical-align: top; }
"""


EXAMPLE = """\
curl ORIGIN/v1/events -H "Authorization: Bearer $KEY" -d '
  {"type": "order", "id": "e1", "occurred_at": "2026-03-05T10:00:00Z", "order": "1001",
   "person": {"id": "bob"}, "total": 8000, "currency": "USD"}'

{"event": "e1", "type": "order", "outcome": "accepted", "reasons": [{"code": "no_referral"}, …], …}"""
"""The first thing somebody wants to try; amounts are in the smallest unit."""


def reference(spec: dict[str, Any]) -> str:
    """The whole page."""
    title = escape(f"{spec['info']['title']} API")
    parts = [
        f"<h1>{title}</h1>",
        f"<p>{_text(spec['info'].get('summary', ''))}</p>",
        "<p>Send <code>Authorization: Bearer gw_…</code> with each request. "
        'The same as data: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>',
        f"<pre><code>{escape(EXAMPLE)}</code></pre>",
        _contents(spec),
        *_operations(spec),
        *_all_scopes(),
        *_problems(),
        *_schemas(spec),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{title}</title><link rel="stylesheet" href="/docs.css"></head>'
        f"<body><main>{''.join(parts)}</main></body></html>"
    )


def _contents(spec: dict[str, Any]) -> str:
    items = "".join(
        f'<li><a href="#{_anchor(method, path)}">{_signature(method, path)}</a></li>'
        for path, method, _ in _each_operation(spec)
    )
    return (
        f'<nav aria-label="Contents"><ul>{items}<li><a href="#scopes">Scopes</a></li><li><a href="#problems">Problems</a></li>'
        '<li><a href="#schemas">Schemas</a></li></ul></nav>'
    )


def _each_operation(spec: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            yield path, method, operation


def _operations(spec: dict[str, Any]) -> Iterator[str]:
    yield "<h2>Routes</h2>"
    for path, method, operation in _each_operation(spec):
        yield f'<section id="{_anchor(method, path)}"><h3>{_signature(method, path)}</h3>'
        yield f"<p>{_text(operation.get('description', ''))}</p>"
        yield _scopes(operation)
        yield _parameters(operation)
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            yield f"<p>Body: <code>{escape(media)}</code>, {_type(content['schema'])}</p>"
        yield _responses(operation)
        yield "</section>"


def _scopes(operation: dict[str, Any]) -> str:
    scopes = [scope for one in operation.get("security", []) for scope in one.get("bearer", [])]
    names = " or ".join(f'<a href="#scopes"><code>{escape(scope)}</code></a>' for scope in scopes)
    return f"<p>Scope: {names}</p>" if names else ""


def _all_scopes() -> Iterator[str]:
    yield '<h2 id="scopes">Scopes</h2>'
    yield "<p>What an API key may do. Each route names the scopes of which one suffices.</p>"
    yield _table(
        ("Scope", "What it allows"), [(f"<code>{scope}</code>", _text(meaning)) for scope, meaning in SCOPES.items()]
    )


def _parameters(operation: dict[str, Any]) -> str:
    rows = [
        (
            f"<code>{escape(one['name'])}</code>",
            escape(one["in"]) + ("" if one.get("required") else ", optional"),
            _type(one.get("schema", {})),
            _text(one.get("description", "")),
        )
        for one in operation.get("parameters", [])
    ]
    return _table(("Parameter", "In", "Type", "Meaning"), rows) if rows else ""


def _responses(operation: dict[str, Any]) -> str:
    rows, problems = [], []
    for status, response in sorted(operation["responses"].items()):
        if not status.startswith("2"):
            problems.append(f"<code>{escape(status)}</code>")
            continue
        kinds = " or ".join(_type(content["schema"]) for content in response.get("content", {}).values())
        rows.append((f"<code>{escape(status)}</code>", _text(response["description"]), kinds))
    told = f'<p><a href="#problems">Problems</a>: {" ".join(problems)}</p>' if problems else ""
    return "<h4>Answer</h4>" + _table(("Status", "Meaning", "Body"), rows) + told


def _problems() -> Iterator[str]:
    yield '<h2 id="problems">Problems</h2>'
    yield "<p>What goes wrong is answered as <code>application/problem+json</code> (RFC 9457).</p>"
    for kind in all_problems():
        yield f'<section id="{kind.code()}"><h3><code>{kind.code()}</code> {kind.status}: {escape(kind.title)}</h3>'
        yield f"<p>{_text(kind.__doc__ or '')}</p></section>"


def _schemas(spec: dict[str, Any]) -> Iterator[str]:
    yield '<h2 id="schemas">Schemas</h2>'
    for name, schema in spec["components"]["schemas"].items():
        yield f'<section id="schema-{escape(name)}"><h3>{escape(name)}</h3><p>{_text(schema.get("description", ""))}</p>'
        required = schema.get("required", [])
        rows = [
            (
                f"<code>{escape(field)}</code>",
                _type(value) + ("" if field in required else ", optional"),
                _text(value.get("description", "")),
            )
            for field, value in schema.get("properties", {}).items()
        ]
        yield _table(("Field", "Type", "Meaning"), rows) + "</section>"


def _type(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " | ".join(dict.fromkeys(_type(one) for one in schema[key]))
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"array of {_type(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map to {_type(schema['additionalProperties'])}"
    if kind == "object" and "items" in schema.get("properties", {}):
        return f"page of {_type(schema['properties']['items']['items'])}"
    return escape(" | ".join(kind) if isinstance(kind, list) else str(kind))


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    head = "".join(f'<th scope="col">{one}</th>' for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="table"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _text(text: str) -> str:
    """A sentence; what stands between backticks is code."""
    pieces = escape(" ".join(text.split())).split("`")
    return "".join(f"<code>{piece}</code>" if index % 2 else piece for index, piece in enumerate(pieces))


def _signature(method: str, path: str) -> str:
    return f'<span class="method">{escape(method)}</span>&nbsp;<code>{escape(path)}</code>'


def _anchor(method: str, path: str) -> str:
    words = "".join(c if c.isalnum() else "-" for c in path).strip("-")
    return escape(f"{method}-{words}")
