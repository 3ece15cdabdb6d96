"""``hiveboard keys``: make, list and revoke keys in a store file, whether or not a collector runs on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from hiveboard.settings import Limits, SettingsError, store_file

from .terminal import errors, fail

if TYPE_CHECKING:
    from hiveboard.auth.caller import KeyType, Scope
    from hiveboard.auth.key import KeyRecord
    from hiveboard.store import Store

__all__ = ["keys"]

T = TypeVar("T")
_DAY_US = 24 * 3600 * 1_000_000

keys = typer.Typer(
    help="Make, list and revoke keys. A running collector takes note within a second.", no_args_is_help=True
)

_Store = Annotated[str, typer.Option(envvar="HIVEBOARD_STORE", help="The collector's file.")]
_Tenant = Annotated[str, typer.Option(help="Whose key: each tenant sees its own agents only.")]


@keys.command()
def create(
    kind: Annotated[
        str,
        typer.Option(
            "--type", metavar="live|test|read", help="test: a namespace of its own. read: queries only."
        ),
    ] = "live",
    name: Annotated[str, typer.Option(help="What it is for, to know it again.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ingest|read|admin",
            help="What it may do; repeat for several. Without it: ingest and read.",
        ),
    ] = None,
    expires_in_days: Annotated[int | None, typer.Option("--expires", min=1, max=3650, help="Days.")] = None,
    tenant: _Tenant = "default",
    store: _Store = "hiveboard.db",
) -> None:
    """Make a key and print it, the only time it is shown: the first line on standard output is the key alone."""
    from hiveboard.auth.caller import is_tenant_name
    from hiveboard.auth.keyring import KEYS_PER_TENANT, create_key, list_keys
    from hiveboard.instant import now_us

    if not is_tenant_name(tenant):
        raise fail(
            "a tenant's name has 1 to 63 lower-case letters, digits and dashes, a dash neither first nor last"
        )
    if len(name) > 128:
        raise fail("a name has at most 128 characters")
    key_type, scopes = _kind_of(kind, scope or [])
    now = now_us()
    expires_at = None if expires_in_days is None else now + expires_in_days * _DAY_US

    async def work(opened: Store) -> tuple[str, bool] | None:
        made = await create_key(
            opened,
            key_type=key_type,
            tenant=tenant,
            name=name,
            scopes=scopes,
            expires_at=expires_at,
            created_by="command line",
            now=now,
        )
        others = await list_keys(opened, tenant)
        return made and (made[0], any("admin" in one.scopes and one.is_active(now) for one in others))

    made = _with_store(store, work, must_exist=False)
    if made is None:
        raise fail(f"a tenant has at most {KEYS_PER_TENANT} keys at work; revoke some first")
    key, has_admin = made
    typer.echo(key)
    errors.print("It is kept nowhere: put it where you need it now.", style="dim")
    if not has_admin:
        errors.print(
            f"No key of the tenant {tenant} has the scope admin; with --scope admin one may manage keys over HTTP.",
            style="dim",
        )


@keys.command("list")
def list_all(
    tenant: Annotated[str | None, typer.Option(help="Only keys of this tenant.")] = None,
    store: _Store = "hiveboard.db",
) -> None:
    """List keys: never more of a key than its first characters."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from hiveboard.auth.keyring import last_uses, list_keys
    from hiveboard.instant import format_instant, now_us

    async def work(opened: Store) -> tuple[list[KeyRecord], dict[str, int]]:
        return await list_keys(opened, tenant), await last_uses(opened)

    records, uses = _with_store(store, work)
    console = Console()
    # What is not read by a person may be as wide as it is.
    console = console if console.is_terminal else Console(width=400)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("id", "key", "name", "tenant", "scopes", "made", "last used", "state"):
        table.add_column(column, no_wrap=column not in ("name", "scopes"), overflow="fold")
    now = now_us()

    def day(at: int | None) -> str:
        return "–" if at is None else format_instant(at)[:10]

    for record in records:
        state = "[green]good[/]" if record.expires_at is None else f"[green]until {day(record.expires_at)}[/]"
        if record.revoked_at is not None:
            state = f"[red]revoked {day(record.revoked_at)}[/]"
        elif not record.is_active(now):
            state = f"[red]expired {day(record.expires_at)}[/]"
        used = day(uses.get(record.key_id))
        shown = (record.key_id, f"{record.prefix}…", record.name, record.tenant, " ".join(record.scopes))
        table.add_row(*map(escape, shown), day(record.created_at), used, state)
    console.print(table)


@keys.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="Its id, as listed.")],
    force: Annotated[
        bool, typer.Option("--force", help="Also the tenant's last key with the scope admin.")
    ] = False,
    store: _Store = "hiveboard.db",
) -> None:
    """Revoke a key. A collector that runs on the file refuses it within a second."""
    from hiveboard.auth.keyring import find_by_id, revoke_key
    from hiveboard.auth.last_admin import is_last_admin
    from hiveboard.instant import now_us

    async def work(opened: Store) -> Literal["none", "last", "done"]:
        found = await find_by_id(opened, key_id)
        if found is None:
            return "none"
        if not force and await is_last_admin(opened, found[1], now_us()):
            return "last"
        await revoke_key(opened, key_id, now_us())
        return "done"

    outcome = _with_store(store, work)
    if outcome == "none":
        raise fail(f"there is no key {key_id} in {store}; 'hiveboard keys list' shows the ids")
    if outcome == "last":
        raise fail(
            "this is the tenant's last key with the scope admin; make another first, or add --force "
            "(keys can still be made here, on the collector's own machine)"
        )
    typer.echo(f"revoked {key_id}")


def _kind_of(kind: str, scope: list[str]) -> tuple[KeyType, tuple[Scope, ...]]:
    from hiveboard.auth.caller import KEY_TYPES, SCOPES

    key_type = next((one for one in KEY_TYPES if one == kind), None)
    if key_type is None:
        raise fail(f"--type is one of {', '.join(KEY_TYPES)}")
    if not set(scope) <= set(SCOPES):
        raise fail(f"--scope is one of {', '.join(SCOPES)}")
    if key_type == "read":
        if set(scope) - {"read"}:
            raise fail(
                "an hb_read_ key has the scope read alone; leave --scope out, or make a live or test key"
            )
        return key_type, ("read",)
    return key_type, tuple(one for one in sorted(SCOPES) if one in (scope or ("ingest", "read")))


def _with_store(store: str, work: Callable[[Store], Awaitable[T]], *, must_exist: bool = True) -> T:
    from hiveboard.store import StoreFailedError

    try:
        file = store_file(store)
    except SettingsError as error:
        raise fail(str(error)) from None
    if must_exist and not file.is_file():
        raise fail(f"there is no store at {store}")
    try:
        return asyncio.run(_work(file, work))
    except StoreFailedError as error:
        raise fail(f"cannot use the store {store}: {error}") from None


async def _work(file: Path, work: Callable[[Store], Awaitable[T]]) -> T:
    from hiveboard.store.opening import open_store

    opened = open_store(file, Limits(), lambda published: None)
    try:
        return await work(opened)
    finally:
        await opened.close()
