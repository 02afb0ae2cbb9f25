"""The page on which somebody becomes an advocate: what both get, how it goes, one form, and the terms in full view."""

from __future__ import annotations

from dataclasses import dataclass

from goodword.portal.friend import Closed
from goodword.portal.promised import Promised

PREFIX = "/join/"


@dataclass(frozen=True, slots=True)
class JoinView:
    """What the page shows besides its frame."""

    promised: Promised
    action: str
    id: str
    """Under which joining is told: pressed twice, it is joined once."""
    version: int
    """Of the terms that are shown."""
    closed: Closed | None = None
    email: str = ""
    name: str = ""
    token: str = ""
    """With which the shop says who he is; then no address is asked for."""
    error: str = ""
    """What is wrong with the address that was typed, as the key of a text."""
    refused: tuple[str, ...] = ()
    """Why he cannot join, in sentences."""
