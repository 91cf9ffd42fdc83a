"""The state of security: all that is known of it, as it is shown."""

import msgspec

from homeostat.companion.security.block import Block
from homeostat.companion.security.encryption import Plain
from homeostat.companion.security.figures import Figure


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What each check found last, which files are not encrypted and what they hold, and who is blocked."""

    checks: dict[str, Figure]
    plain: list[Plain]
    blocks: list[Block]
