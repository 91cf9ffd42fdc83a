"""The application: whose series they are."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Application:
    """The service that is observed and, where it says so, which release of it.

    >>> Application("shop", "1.4.0").attributes
    {'service': 'shop', 'release': '1.4.0'}
    """

    service: str
    release: str = ""

    @property
    def attributes(self) -> dict[str, str]:
        """Return what every series of it carries; without a release, the service alone."""
        return (
            {"service": self.service, "release": self.release} if self.release else {"service": self.service}
        )
