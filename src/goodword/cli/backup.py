"""Commands on copies of everything: backup, restore, copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn
from sqlalchemy import exc, make_url

from goodword.cli.output import AsJson, console, print_json
from goodword.cli.root import Failure
from goodword.cli.shared import mistakes, must_exist, settings_of
from goodword.parts import check_secret, now_ms, read_secret, tenant_keyring
from goodword.program.duration import iso
from goodword.settings import Settings
from goodword.storage.audit import audit
from goodword.storage.backup import DATABASE, Manifest, back_up, put_in_place, unpacked
from goodword.storage.database import NotMigrated, open_database, unopened_database
from goodword.storage.transfer import copy_all

room = typer.Typer()

BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="the backup", show_default=False)]
POSTGRESQL = (
    "this is for the embedded database; PostgreSQL has its own: `pg_dump --format=custom` or `pg_basebackup`,"
    " and keep a copy of {secret} with it"
)


@room.command()
def backup(ctx: typer.Context, file: BackupFile, as_json: AsJson = False) -> None:
    """Write the embedded database and its secret to one new file, at one moment, while a server goes on working.

    The file holds personal data and the secret: keep it as you keep them. Needs twice the database's size for a while.
    """
    settings = settings_of(ctx)
    database = _embedded(settings)
    must_exist(settings.database)
    if not settings.secret_file.exists():
        raise Failure(f"there is no {settings.secret_file}: without it a backup is worth nothing")
    with mistakes(), closing(unopened_database(settings.database)) as opened:
        check_secret(opened, settings, tenant_keyring(read_secret(settings), settings.tenant))
    with _bar("copying") as step:
        manifest = back_up(
            database, settings.secret_file, file, version=version("goodword"), now_ms=now_ms(), step=step
        )
    if as_json:
        print_json({"file": str(file), "bytes": file.stat().st_size} | _data(manifest))
        return
    typer.echo(f"{file}: {file.stat().st_size:,} bytes, revision {manifest.revision}")
    _print_tenants(manifest)


@room.command()
def restore(
    ctx: typer.Context,
    file: BackupFile,
    force: Annotated[
        bool, typer.Option("--force", help="put an existing database aside, under another name in the same place")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a backup to where --database and --secret-file say, after checking every byte of it and auditing the books.

    Nothing may use the database meanwhile. What happened after the backup is not in it: sources that tell it again get
    new decisions under the same ids. Clicks that wait in a spool are left as they are.
    """
    settings = settings_of(ctx)
    database = _embedded(settings)
    database.parent.mkdir(parents=True, exist_ok=True)
    if database.exists() and not force:
        raise Failure(f"{database} exists: --force puts it aside and restores the backup in its place")
    with _bar("reading") as step, unpacked(file, database, step) as (manifest, folder):
        findings = _findings(folder / DATABASE, manifest)
        if findings:
            raise Failure(f"{file}: the audit of its books finds {len(findings)} faults, such as {findings[0]}")
        aside = put_in_place(folder, database, settings.secret_file, f"before-restore-{now_ms()}", force=force)
    older = findings is None
    if as_json:
        data = {"database": str(database), "audited": not older, "put_aside": [str(path) for path in aside]}
        print_json(data | _data(manifest))
        return
    for path in aside:
        typer.echo(f"put aside: {path}")
    typer.echo(f"{database}: as it was at {iso(manifest.made_ms)}, revision {manifest.revision}")
    _print_tenants(manifest)
    if older:
        typer.echo("It is older than this release: `goodword migrate` or the next start migrates it, then audit it.")
    else:
        typer.echo("The audit finds no fault.")


@room.command()
def copy(
    ctx: typer.Context,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="ADDRESS",
            envvar="GOODWORD_COPY_TO",
            help="the address of an empty database",
            show_default=False,
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Copy everything to another database, such as from the embedded one to PostgreSQL, count it and audit it there.

    Stop what writes to the source before: what is written later is not in the copy. The source is left as it is, the secret
    stays the same file. All is copied or nothing.
    """
    settings = settings_of(ctx)
    must_exist(settings.database)
    with (
        mistakes(),
        closing(open_database(settings.database)) as source,
        closing(open_database(to)) as target,
        console(stderr=True).status("copying") as status,
    ):
        copied = copy_all(source, target, lambda table, _: status.update(f"copying {table}"))
    rows = sum(copied.values())
    if as_json:
        print_json({"rows": rows, "tables": copied})
    else:
        typer.echo(f"{rows:,} rows in {len(copied)} tables; the counts agree, and the audit finds no fault")


def _findings(database: Path, manifest: Manifest) -> list[str] | None:
    """What the audit finds; None where the tables are older than this release, which has to migrate them first."""
    opened = open_database(f"sqlite:///{database}")
    try:
        opened.check()
        found: list[str] = []
        with opened.read() as connection:
            for one in manifest.tenants:
                found += [f"{finding.row}: {finding.message}" for finding in audit(connection, one.tenant)]
    except NotMigrated:
        return None
    finally:
        opened.close()
    return found


def _embedded(settings: Settings) -> Path:
    """The file of the embedded database.

    Raises:
        Failure: the database is another one.
    """
    try:
        address = make_url(settings.database)
    except (exc.ArgumentError, ValueError):
        raise Failure("this is not the address of a database: sqlite:///FILE") from None
    if address.get_backend_name() == "postgresql":
        raise Failure(POSTGRESQL.format(secret=settings.secret_file))
    if address.get_backend_name() != "sqlite" or address.database in (None, "", ":memory:"):
        raise Failure("this is for the embedded database: sqlite:///FILE")
    return Path(str(address.database))


@contextmanager
def _bar(doing: str) -> Iterator[Callable[[float], None]]:
    """A bar on standard error, if somebody looks."""
    screen = console(stderr=True)
    columns = ("{task.description}", BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task(doing, total=1.0)
        yield lambda share: bar.update(task, completed=share)


def _data(manifest: Manifest) -> dict[str, object]:
    tenants = [{"tenant": one.tenant, "seq": one.seq} for one in manifest.tenants]
    return {"made_at": iso(manifest.made_ms), "revision": manifest.revision, "tenants": tenants}


def _print_tenants(manifest: Manifest) -> None:
    for one in manifest.tenants:
        typer.echo(f"tenant {one.tenant}: {one.seq:,} events")
