"""`homeostat version`."""


def version() -> None:
    """Print the version of Homeostat and of the Python that runs it."""
    import platform
    import sys
    from importlib.metadata import version as version_of

    import typer

    typer.echo(f"homeostat {version_of('homeostat')} (Python {platform.python_version()}, {sys.platform})")
