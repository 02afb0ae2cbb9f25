"""The worker process: the application, from the settings that the serving process left in the environment.

Apart from `serve`, so that the command line starts without the web framework.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import wait

from fastapi import FastAPI

from goodword.collector import relax_collector
from goodword.log import configure_log
from goodword.parts import open_parts
from goodword.settings import read_settings
from goodword.web.app import create_app


def make_app() -> FastAPI:
    """The application of a worker."""
    settings = read_settings()
    configure_log(settings.log_level)
    _end_with_parent()
    app = create_app(settings, open_parts(settings, make_secret=False))
    relax_collector()
    return app


def _end_with_parent() -> None:
    """End as if told to when the serving process is gone: nobody else would, and the port would stay taken."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch(sentinel: int) -> None:
        wait([sentinel])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, args=(parent.sentinel,), name="goodword-parent", daemon=True).start()
