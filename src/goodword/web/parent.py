"""A worker process ends with the process that started it: nobody else would end it, and its port would stay taken."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.connection import wait

from goodword.web.serve import KILL_SECONDS

TOLD_EVERY_SECONDS = 1


def end_with_parent() -> None:
    """End as if told to once the serving process is gone, however it ended; killed, it tells nobody."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), name="goodword-parent", daemon=True).start()


def _watch(sentinel: int) -> None:
    wait([sentinel])
    end = time.monotonic() + KILL_SECONDS
    while time.monotonic() < end:
        # Told again and again: a worker that is only starting does not hear it yet.
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(TOLD_EVERY_SECONDS)
    # The parent would have killed by now what does not end. What was answered is stored, and clicks are on the disk.
    os._exit(1)
