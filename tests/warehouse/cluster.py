"""A Spark cluster of this machine: a master, two workers, and in front of them a server that speaks Spark Connect.

It takes the package `pyspark` (a cluster and its jars), which is not among the locked dependencies, and Java 17. `GOODWORD_SPARK_HOME` says
where it is: the folder of the package, or of any Spark that has its connect jar.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

LOOPBACK = "127.0.0.1"
WORKERS = 2
START_SECONDS = 180
"""How long each part may take until it answers."""
MASTER = "org.apache.spark.deploy.master.Master"
WORKER = "org.apache.spark.deploy.worker.Worker"
CONNECT = "org.apache.spark.sql.connect.service.SparkConnectServer"


@contextmanager
def running_cluster(home: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """Its address for Spark Connect, and that of the page where the master tells of its workers. It ends with the block.

    Args:
        home: where Spark is.
        folder: where logs and what workers put aside go.
    """
    spark, page, connect = (free_port() for _ in range(3))
    master = f"spark://{LOOPBACK}:{spark}"
    with ExitStack() as stack:
        started = ["--host", LOOPBACK, "--port", str(spark), "--webui-port", str(page)]
        stack.enter_context(_running(home, folder, "master", [MASTER, *started]))
        _wait_for(spark)
        for number in range(WORKERS):
            place = folder / f"worker-{number}"
            own = ["--host", LOOPBACK, "--cores", "1", "--memory", "1g", "--work-dir", str(place)]
            stack.enter_context(
                _running(home, folder, place.name, [WORKER, *own, "--webui-port", str(free_port()), master])
            )
        options = {
            "spark.connect.grpc.binding.address": LOOPBACK,
            "spark.connect.grpc.binding.port": connect,
            "spark.driver.host": LOOPBACK,
            "spark.driver.bindAddress": LOOPBACK,
            "spark.driver.memory": "1g",
            "spark.executor.memory": "768m",
            "spark.sql.shuffle.partitions": 4,
            "spark.ui.enabled": "false",
            "spark.sql.warehouse.dir": folder / "tables",
        }
        told = [part for name, value in options.items() for part in ("--conf", f"{name}={value}")]
        submit = ["org.apache.spark.deploy.SparkSubmit", "--master", master, "--class", CONNECT, *told, _jar(home)]
        stack.enter_context(_running(home, folder, "connect", submit))
        _wait_for(connect)
        yield f"sc://{LOOPBACK}:{connect}", f"http://{LOOPBACK}:{page}/json/"


def free_port() -> int:
    """A port that is free now."""
    with socket.create_server((LOOPBACK, 0)) as server:
        return int(server.getsockname()[1])


def read_page(address: str) -> bytes:
    """What a page of the master says."""
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - our own, on this machine
        return bytes(answer.read())


def _jar(home: Path) -> str:
    return str(next(home.glob("jars/spark-connect_*.jar")))


@contextmanager
def _running(home: Path, folder: Path, name: str, arguments: list[str]) -> Iterator[None]:
    """A process of Spark, in a group of its own, whose log is in the folder."""
    environment = os.environ | {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": LOOPBACK, "SPARK_LOCAL_DIRS": str(folder)}
    command = [str(home / "bin" / "spark-class"), *arguments]
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
        try:
            yield
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, sign)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                continue


def _wait_for(port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection((LOOPBACK, port), 1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def spark_home() -> Path:
    """Where Spark is.

    Raises:
        LookupError: it is nowhere, or Java is not there.
    """
    named = os.environ.get("GOODWORD_SPARK_HOME", "")
    if not named or not list(Path(named).glob("jars/spark-connect_*.jar")):
        raise LookupError("GOODWORD_SPARK_HOME is no Spark with its connect jar; `make cluster` brings one")
    if shutil.which("java") is None:
        raise LookupError("there is no Java: apt-get install openjdk-17-jre-headless")
    return Path(named)
