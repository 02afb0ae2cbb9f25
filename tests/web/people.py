"""People before our pages: each with a browser of his own, that keeps cookies and presses the buttons of forms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from html import unescape
from typing import Any

import httpx

from goodword.delivery.letters import Letters
from goodword.storage.sign_ins import link_token, sign_in_code
from goodword.storage.tables import letters
from tests.web.making import TENANT, Site

_FORM = re.compile(r'<form method="post" action="([^"]+)"[^>]*>(.*?)</form>', re.DOTALL)
_INPUT = re.compile(r"<(?:input|button)\b[^>]*>")
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


@dataclass
class Person:
    """Somebody with a browser."""

    site: Site
    language: str = "en"
    client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        transport = httpx.ASGITransport(self.site.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(
            transport=transport, base_url="https://goodword.test", headers={"accept-language": self.language}
        )

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Open a page, wherever it leads."""
        return self._ask("GET", path, follow_redirects=True, **more)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        """Send a form, wherever it leads."""
        headers = {"content-type": "application/x-www-form-urlencoded", **headers}
        return self._ask("POST", path, data=fields, headers=headers, follow_redirects=True)

    def press(self, page: httpx.Response, where: str, **typed: str) -> httpx.Response:
        """Fill in and send the form whose address contains `where`."""
        action, fields = form(page, where)
        return self.post(action, {**fields, **typed})

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        response: httpx.Response = self.site.loop.run(self.client.request(method, path, **more))
        return response

    def joined(self, email: str, program: str = "demo", **typed: str) -> httpx.Response:
        """Join with an address: the page from which he shares."""
        page = self.get(f"/join/{program}")
        return self.press(page, "/join/", email=email, **typed)

    def signed_in(self, email: str) -> httpx.Response:
        """Sign in by the link of a mail."""
        self.press(self.get("/me/sign-in"), "/me/sign-in", email=email)
        return self.entered()

    def entered(self) -> httpx.Response:
        """Press the button behind the link that was asked for last."""
        asked = last_letter(self.site)
        path = f"/me/in/{link_token(self.site.parts.keyring, asked)}"
        return self.press(self.get(path), "/me/in/")


def form(page: httpx.Response, where: str) -> tuple[str, dict[str, str]]:
    """The form of a page whose address contains `where`: its address, and what stands in it."""
    for action, inside in _FORM.findall(page.text):
        if where in unescape(action):
            found = [dict(_ATTRIBUTE.findall(tag)) for tag in _INPUT.findall(inside) if "checkbox" not in tag]
            return unescape(action), {one["name"]: unescape(one.get("value", "")) for one in found if "name" in one}
    raise AssertionError(f"no form leads to {where}: {page.status_code} {page.url}")


def nothing_to_send(page: str) -> bool:
    """Whether a page has no form but that of its light."""
    return {action for action, _ in _FORM.findall(page)} <= {"/look"} and page.count("<form") == len(
        _FORM.findall(page)
    )


def last_letter(site: Site) -> str:
    """What the last letter is about that waits to be sent."""
    with site.parts.database.read() as connection:
        found = connection.execute(letters.select().order_by(letters.c.created_ms.desc(), letters.c.id.desc()))
        return str(found.mappings().first()["reference"])  # type: ignore[index]


def code_of_mail(site: Site) -> str:
    """The code of the last letter."""
    return sign_in_code(site.parts.keyring, last_letter(site))


def post_office(site: Site, smtp: str = "") -> Letters:
    """What sends the letters, over this server."""

    settings = replace(site.parts.settings, smtp=smtp, tenant=TENANT)
    return Letters(settings, site.parts.database, site.parts.keyring, site.parts.now_ms)
