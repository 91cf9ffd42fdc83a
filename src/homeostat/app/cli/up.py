"""`homeostat up`: the server, until it is told to stop."""

import socket
from pathlib import Path
from typing import Annotated

import typer

from homeostat.core.errors import ConfigError
from homeostat.loop.settings import DEFAULT_PORT, default_store


def up(
    host: Annotated[
        str, typer.Option(help="Address to listen at. Others than loopback need a token.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help=f"Port; 0 takes a free one. [default: {DEFAULT_PORT}]"),
    ] = None,
    store: Annotated[
        str | None, typer.Option(envvar="HOMEOSTAT_STORE", help="File (or URL) that keeps what is measured.")
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(envvar="HOMEOSTAT_TOKEN", help="Secret that lets one in; made up where one is needed."),
    ] = None,
    scrape: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="Prometheus endpoint to read; may be repeated.")
    ] = None,
    feedback_origin: Annotated[
        list[str] | None,
        typer.Option(metavar="ORIGIN", help="Site whose pages may send feedback; may be repeated."),
    ] = None,
    capture_content: Annotated[
        bool, typer.Option("--capture-content", help="Keep texts of prompts and answers that are sent.")
    ] = False,
    catalogue: Annotated[
        Path | None, typer.Option(help="TOML file with metrics and limits of your own.")
    ] = None,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
    listen_fd: Annotated[int | None, typer.Option(hidden=True)] = None,
    until_eof: Annotated[bool, typer.Option("--until-eof", hidden=True)] = False,
) -> None:
    """Start the server: page, API, and receiver of OpenTelemetry data.

    Example: [bold]homeostat up --port 0 --store ./today.db[/bold]
    """
    from homeostat.app.cli.logs import configure_logs
    from homeostat.app.cli.serving import serve
    from homeostat.app.node import NodeOptions
    from homeostat.store.address import StoreAddress

    configure_logs(log_level)
    listener, note = _listener(host, port, listen_fd)
    bound: tuple[str, int] = listener.getsockname()[:2]
    generated = None
    if not token and not is_loopback(bound[0]):
        import secrets

        token = generated = secrets.token_urlsafe(24)
    options = NodeOptions(
        store, token, catalogue, capture_content, tuple(scrape or ()), tuple(feedback_origin or ())
    )
    address = address_of(*bound)

    def announce() -> None:
        for line in announcement(address, StoreAddress.of(store or default_store()).shown, generated, note):
            typer.echo(line)

    serve(options, listener, announce, until_eof)


def _listener(host: str, port: int | None, listen_fd: int | None) -> tuple[socket.socket, str]:
    """Return a listening socket, and what there is to say about its port."""
    from homeostat.app.launch.server import answers, listener_at

    if listen_fd is not None:
        return socket.socket(fileno=listen_fd), ""
    try:
        return listener_at(host, DEFAULT_PORT if port is None else port), ""
    except OSError as error:
        import errno

        if error.errno != errno.EADDRINUSE:
            raise ConfigError(f"cannot listen at {host!r}: {error.strerror or error}") from None
        if port is not None:
            raise ConfigError(
                f"port {port} of {host} is taken; choose another one, or 0 for any that is free"
            ) from None
    taken = address_of(host, DEFAULT_PORT)
    by = "by a Homeostat server" if answers(taken) else "by another program"
    return listener_at(host, 0), f"port {DEFAULT_PORT} is taken {by} ({taken}), so this one has another"


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    from ipaddress import ip_address

    return ip_address(host.partition("%")[0]).is_loopback


def address_of(host: str, port: int) -> str:
    """Return the address to open: a wildcard is reached through this machine's name.

    >>> address_of("::1", 80), address_of("10.0.0.1", 4318)
    ('http://[::1]:80', 'http://10.0.0.1:4318')
    """
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = socket.gethostname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def announcement(address: str, store: str, token: str | None, note: str) -> list[str]:
    """Return what a person wants to know when the server is up."""
    lines = [f"Homeostat is up: {address}"]
    if note:
        lines.append(f"  note     {note}")
    if token:
        lines.append(f"  token    {token}   (made up for this run and shown only here)")
    lines.append(f"  store    {store}")
    lines.append("  connect  homeostat run -- python app.py")
    lines.append(f"           or, with OpenTelemetry of your own: OTEL_EXPORTER_OTLP_ENDPOINT={address}")
    lines.append("  stop     Ctrl-C")
    return lines
