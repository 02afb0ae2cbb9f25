"""The worker process of `goodword edge`: the redirect alone, without the web framework and without a database to wait for."""

from __future__ import annotations

from importlib.metadata import version

from goodword.collector import relax_collector
from goodword.edge.app import Edge, EdgeAlone
from goodword.log import configure_log
from goodword.measure import Measures
from goodword.parts import now_ms, read_secret, tenant_keyring
from goodword.settings import read_settings
from goodword.storage.database import unopened_database
from goodword.web.parent import end_with_parent


def make_edge() -> EdgeAlone:
    """The application of a worker."""
    settings = read_settings()
    configure_log(settings.log_level)
    end_with_parent()
    database = unopened_database(settings.database)
    database.serves()
    keyring = tenant_keyring(read_secret(settings), settings.tenant)
    measures = Measures(version("goodword")) if settings.metrics_open else None
    relax_collector()
    return EdgeAlone(Edge(settings, database, keyring, now_ms), database.close, measures)
