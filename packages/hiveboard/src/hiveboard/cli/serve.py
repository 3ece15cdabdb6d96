"""``hiveboard serve``: collect events and show them."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated

import typer

from hiveboard.settings import Limits, Settings, SettingsError, store_address

from .terminal import fail

__all__ = ["serve"]


#: What a collector without keys says next. The SDK sends this key by itself to an address on this machine.
_READY_KEY = (
    "key: hb_live_local  (no key is checked while there is none, and only this machine may connect; "
    "'hiveboard keys create --scope admin' closes it)"
)


def serve(
    host: Annotated[str, typer.Option(envvar="HIVEBOARD_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="HIVEBOARD_PORT", min=0, max=65535, help="Port; 0 picks a free one.")
    ] = 8000,
    store: Annotated[
        str, typer.Option(envvar="HIVEBOARD_STORE", help="File to keep everything in; memory: keeps nothing.")
    ] = "hiveboard.db",
    key: Annotated[
        list[str] | None,
        typer.Option(envvar="HIVEBOARD_KEY", help="A key clients must send (hb_live_…); repeat for several."),
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(envvar="HIVEBOARD_PRICES", help="JSON file with your own prices per model.")
    ] = None,
    public_url: Annotated[
        str | None,
        typer.Option(envvar="HIVEBOARD_PUBLIC_URL", help="Address others open; messages link to it."),
    ] = None,
    allow_commands: Annotated[
        bool,
        typer.Option(
            "--allow-commands",
            envvar="HIVEBOARD_ALLOW_COMMANDS",
            help="Alerts may start programs; whoever has an admin key then says which.",
        ),
    ] = False,
    rate_limit: Annotated[
        float,
        typer.Option(
            envvar="HIVEBOARD_RATE_LIMIT", min=0, help="Requests per second of one key; 0: no limit."
        ),
    ] = Limits().key_requests_per_second,
) -> None:
    """Collect events and show them. The first line printed is the address to open."""
    gc.disable()  # what is imported stays: to look for garbage among it only takes time
    from hiveboard.server import bind, make_server, url_of
    from hiveboard.store import StoreFailedError

    gc.enable()

    try:
        settings = Settings(
            host=host,
            port=port,
            store=store_address(store),
            keys=tuple(key or ()),
            prices=prices,
            public_url=public_url,
            allow_commands=allow_commands,
            limits=Limits(key_requests_per_second=rate_limit),
        )
        listener = bind(settings)
    except SettingsError as error:
        raise fail(str(error)) from None
    except OSError as error:
        raise fail(f"cannot listen on {host}:{port}: {error.strerror or error}; try --port 0") from None
    with listener:
        try:
            server = make_server(settings)
        except SettingsError as error:
            raise fail(str(error)) from None
        except StoreFailedError as error:
            raise fail(f"cannot open the store {store}: {error}") from None
        # Whoever reads the address may use it: everything that can refuse to start has started.
        typer.echo(url_of(listener))
        if server.is_open:
            typer.echo(_READY_KEY)
        server.run([listener])
