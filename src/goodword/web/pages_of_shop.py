"""Whether the page that an advocate wants for a code is one of the shop: the redirect goes to no other, and he is told so."""

from __future__ import annotations

from goodword.edge.links import program_links
from goodword.edge.targets import is_of_shop, read_places, shop_origins
from goodword.engine.events import Link
from goodword.settings import Settings
from goodword.storage.database import Database
from goodword.storage.load import load_known, load_live_programs, load_program_texts


class PagesOfShop:
    """For one request. A host that no setting names may be that of a landing page, which stands in the database."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._landings: dict[str, str | None] = {}
        """By program; those that were looked up."""
        self._stored: frozenset[str] = frozenset()
        self._doubtful: list[Link] = []

    def doubts(self, event: Link) -> bool:
        """Whether its page is none of the shop's, as far as is known. An event that was decided before is told again, as it was."""
        if event.target is None or event.id in self._stored:
            return False
        origins = shop_origins(read_places(self._settings), self._landings.get(event.program))
        if is_of_shop(event.target, origins):
            return False
        if event.program not in self._landings:
            self._doubtful.append(event)
        return True

    @property
    def may_learn(self) -> bool:
        """Whether the database may know more."""
        return bool(self._doubtful)

    def look_up(self) -> None:
        """Ask the database about what is doubtful."""
        doubtful, self._doubtful = self._doubtful, []
        tenant = self._settings.tenant
        with self._database.read() as connection:
            live = load_live_programs(connection, tenant)
            wanted = {(event.program, live.get(event.program, 0)) for event in doubtful}
            texts = load_program_texts(connection, tenant, {key for key in wanted if key[1]})
            self._stored |= load_known(connection, tenant, [event.id for event in doubtful]).keys()
        self._landings |= {name: None for name, _ in wanted}
        self._landings |= {key[0]: program_links(key, text).landing for key, text in texts.items()}
