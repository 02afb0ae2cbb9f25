"""The worker process: the application, from the settings that the serving process left in the environment.

Apart from `serve`, so that the command line starts without the web framework.
"""

from __future__ import annotations

from fastapi import FastAPI

from goodword.parts import open_parts
from goodword.settings import read_settings
from goodword.web.app import create_app
from goodword.web.serve import configure_log


def make_app() -> FastAPI:
    """The application of a worker."""
    settings = read_settings()
    configure_log(settings.log_level)
    return create_app(settings, open_parts(settings))
