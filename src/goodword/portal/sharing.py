"""Sharing: a message with the offer, the link and the disclosure, and the ways that lead into the advocate's own apps.

Nothing is sent from here, and nobody's address is asked for: Directive 2002/58/EC, article 13, and its like elsewhere forbid a
shop to write to friends who have not asked. The disclosure stands in the message, next to the link (16 CFR 255.5); what a partner
passes on for a commission is labelled as advertising at its beginning (Directive 2005/29/EC, annex I, point 11).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from goodword.words.catalogue import FALLBACK, catalogue

WAYS: Final[dict[str, str]] = {
    "whatsapp": "https://wa.me/?text={message}",
    "telegram": "https://t.me/share/url?url={link}&text={text}",
    "messenger": "fb-messenger://share/?link={link}",
    "email": "mailto:?subject={subject}&body={message}",
    "sms": "sms:?&body={message}",
    "facebook": "https://www.facebook.com/sharer/sharer.php?u={link}",
    "x": "https://x.com/intent/post?text={text}&url={link}",
}
"""By channel, where its button leads. What a number or an address would be is chosen in the app."""
PUBLIC: Final = frozenset({"facebook", "x"})
"""Those that post for everybody to read."""
ORDER: Final[dict[str, tuple[str, ...]]] = {
    "ar": ("whatsapp", "telegram", "sms", "email", "messenger", "x", "facebook"),
    "ro": ("whatsapp", "messenger", "facebook", "email", "sms", "telegram", "x"),
    "en": ("whatsapp", "email", "sms", "messenger", "facebook", "telegram", "x"),
}
"""What people of a language use most comes first."""
WITHOUT_PUBLIC: Final[dict[str, str]] = {
    "AE": "Advertiser Permit, announced 2025-07-30: also unpaid promotional posts by individuals",
    "SA": "Mawthooq licence for individuals who advertise",
}
"""Countries in which people may need a permit to post an offer publicly, with the rule; checked in November 2026."""
REMEMBERED_MAX: Final = 1024
"""For how many messages the buttons are remembered."""


@dataclass(frozen=True, slots=True)
class Way:
    """A button that opens an app with the message in it."""

    name: str
    label: str
    href: str
    template: str
    """The same with ``{text}`` and ``{link}`` to be filled in, for a message that is changed in the page."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What is passed on."""

    link: str
    subject: str
    text: str
    """The message without its link."""

    @property
    def message(self) -> str:
        """The whole of it: the link stands last, in a line of its own, where no direction of text can tear it apart."""
        return f"{self.text}\n{self.link}"


def message_for(language: str, link: str, benefit: str, earns: bool, *, partner: bool = False) -> Shared:
    """The message that is suggested: the friend's side first, and that the sender earns something, if he does.

    A `partner` speaks to everybody and to nobody in particular, and says first that it is advertising.
    """
    texts, kind = catalogue(language), "partner" if partner else "message"
    text = texts.text(f"share.{kind}", {"benefit": benefit}) if benefit else texts.text(f"share.{kind}.plain")
    if partner:
        text = f"{texts.text('share.label')} {text}"
    if earns:
        text = f"{text} {texts.text('share.disclosure')}"
    return Shared(link, texts.text("share.subject"), text)


@lru_cache(maxsize=REMEMBERED_MAX)
def ways(language: str, shared: Shared, country: str | None) -> tuple[Way, ...]:
    """The buttons in the order of a language. Public posts are left out where they may need a permit.

    In Arabic they are also left out where the country is not known.
    """
    texts = catalogue(language)
    private = country in WITHOUT_PUBLIC or (country is None and texts.language == "ar")
    names = [name for name in ORDER.get(texts.language, ORDER[FALLBACK]) if not (private and name in PUBLIC)]
    return tuple(_way(name, texts.text(f"share.{name}"), shared) for name in names)


def _way(name: str, label: str, shared: Shared) -> Way:
    link = f"{shared.link}?ch={name}"
    told = {"link": link, "text": shared.text, "subject": shared.subject, "message": f"{shared.text}\n{link}"}
    href = WAYS[name].format(**{key: quote(value, safe="") for key, value in told.items()})
    kept = WAYS[name].replace("{message}", "{text}%0A{link}")
    later = kept.format(link=quote(link, safe=""), subject=quote(shared.subject, safe=""), text="{text}")
    return Way(name, label, href, later)
