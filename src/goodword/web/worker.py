"""The worker process: the application, from the settings that the serving process left in the environment.

Apart from `serve`, so that the command line starts without the web framework.
"""

from __future__ import annotations

from fastapi import FastAPI

from goodword.collector import relax_collector
from goodword.log import configure_log
from goodword.parts import open_parts
from goodword.settings import read_settings
from goodword.web.app import create_app
from goodword.web.parent import end_with_parent


def make_app() -> FastAPI:
    """The application of a worker."""
    settings = read_settings()
    configure_log(settings.log_level)
    end_with_parent()
    parts = open_parts(settings, make_secret=False)
    parts.database.serves()
    app = create_app(settings, parts)
    relax_collector()
    return app
