"""What a friend sees who was invited: what he gets, what whoever invited him gets, the conditions, and one button."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal
from urllib.parse import quote

from goodword.portal.frame import OtherLanguage, languages
from goodword.portal.light import Scheme, light
from goodword.portal.look import Look
from goodword.portal.promised import promised
from goodword.program.loader import Program
from goodword.words.catalogue import catalogue
from goodword.words.format import isolate
from goodword.words.speaker import Section

PREFIX = "/i/"
Closed = Literal["paused", "ended"]
Met = Literal["own", "customer"]
"""Who looks at an invitation that is not for him: its own advocate, or a customer where only new ones are meant."""


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """A picture that a page names."""

    address: str
    """Whole, with its host: previews take no other."""
    alt: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a page is about."""

    program: Program
    code: str
    """As it is written."""
    language: str
    on: date
    claim_id: str
    """Under which accepting it is told: pressed twice, it is accepted once."""
    closed: Closed | Met | None = None
    """Why it cannot be accepted."""
    by: str | None = None
    """The first name of who invites, if he wants it to be seen."""
    more: str | None = None
    """Where somebody it is not for may go on: to his own page."""
    claim: str | None = None
    """The token, once it was accepted."""
    picture: ShownPicture | None = None
    """For previews of the link."""
    shop: str | None = None
    """Where it goes on, once it was accepted; None where the shop has no page."""
    pass_on: str | None = None
    """Where he invites others himself, once it is a moment to ask him."""
    scheme: Scheme = ""
    """Light or dark, where the reader chose."""


@dataclass(frozen=True, slots=True)
class FriendPage:
    """The page, said."""

    language: str
    direction: Literal["ltr", "rtl"]
    title: str
    label: str
    """That it is advertising, where whoever invites is a partner."""
    preview: str
    picture: ShownPicture | None
    by: str | None
    closed: str | None
    more: str | None
    to_more: str
    open: bool
    accepted: bool
    code: str
    pass_on: str | None
    """Where he invites others."""
    to_pass_on: str
    invited: str
    """That a friend invited him, and that it is his turn."""
    shown_address: str
    """Where it is told that he saw it."""
    claim_token: str
    survey: str | None
    """Where he says what he thinks, once he accepted."""
    to_survey: str
    say_code: str
    copy: str
    copied: str
    shop: str | None
    to_shop: str
    yours_title: str
    yours: tuple[str, ...]
    theirs: str
    claim: str
    claim_address: str
    claim_id: str
    nothing_stored: str
    steps_title: str
    steps: tuple[str, ...]
    terms_title: str
    terms: tuple[Section, ...]
    languages_label: str
    languages: tuple[OtherLanguage, ...]


def friend_page(look: Look, about: Invitation) -> str:
    """The page as HTML."""
    lit = light(about.language, about.scheme, _address(about, about.language))
    return look.render("friend.html", lit, page=_say(about))


def address_of(code: str) -> str:
    """The path of a code's page."""
    return f"{PREFIX}{quote(code, safe='')}"


def _say(about: Invitation) -> FriendPage:
    texts = catalogue(about.language)
    said = promised(about.program, about.language, about.on)
    both = said.sides
    title = texts.text("friend.accepted.title" if about.claim else f"friend.{about.closed or 'open'}.title")
    shown = texts.text("friend.preview", {"benefit": both.friend}) if both.friend else texts.text("friend.preview.none")
    label = texts.text("friend.label") if about.program.model.for_partners else ""
    return FriendPage(
        language=texts.language,
        direction="rtl" if texts.rtl else "ltr",
        title=title,
        label=label,
        preview=f"{label}: {shown}" if label else shown,
        picture=about.picture,
        by=texts.text("friend.by", {"name": isolate(about.by, about.language)}) if about.by else None,
        closed=texts.text(f"friend.{about.closed}.text") if about.closed else None,
        more=about.more,
        to_more=texts.text(f"friend.{'own' if about.closed == 'own' else 'customer'}.go"),
        open=about.claim is None and about.closed is None,
        accepted=about.claim is not None,
        code=about.code,
        pass_on=about.pass_on,
        to_pass_on=texts.text("friend.customer.go"),
        invited=texts.text("portal.invited"),
        shown_address=f"{address_of(about.code)}/shown",
        claim_token=about.claim or "",
        survey=f"{address_of(about.code)}/survey?claim={quote(about.claim, safe='')}" if about.claim else None,
        to_survey=texts.text("survey.recommend"),
        say_code=texts.text("friend.say_code"),
        copy=texts.text("portal.copy.code"),
        copied=texts.text("portal.copied"),
        shop=about.shop,
        to_shop=texts.text("edge.home"),
        yours_title=texts.text("friend.yours"),
        yours=(both.friend,) if both.friend and about.closed is None else (),
        theirs=_theirs(about, both.advocate, both.more),
        claim=texts.text("friend.claim"),
        claim_address=f"{address_of(about.code)}/claim",
        claim_id=about.claim_id,
        nothing_stored=texts.text("friend.nothing_stored"),
        steps_title=texts.text("friend.steps"),
        steps=said.friends_steps if about.closed is None else (),
        terms_title=texts.text("friend.terms"),
        terms=said.terms,
        languages_label=texts.text("friend.languages"),
        languages=tuple(languages(about.language, lambda tag: _address(about, tag))),
    )


def _theirs(about: Invitation, advocate: str, more: bool) -> str:
    """What whoever invited gets: said beside the button, so that nobody learns it later."""
    texts = catalogue(about.language)
    if advocate:
        return texts.text("friend.theirs", {"benefit": advocate})
    return texts.text("friend.theirs.more" if more else "friend.theirs.nothing")


def _address(about: Invitation, tag: str) -> str:
    """Where the same page is read in another language."""
    if about.claim:
        return f"{address_of(about.code)}/accepted?claim={quote(about.claim, safe='')}&lang={tag}"
    return f"{address_of(about.code)}?lang={tag}"
