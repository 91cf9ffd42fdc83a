"""The checks of security of a node: what they found, and what takes their steps."""

from homeostat.app.companion.node import CompanionNode
from homeostat.companion.security.front import Front
from homeostat.companion.security.integrity import Integrity
from homeostat.companion.security.life import Life
from homeostat.companion.security.remains import Remains
from homeostat.companion.security.security import Security
from homeostat.companion.security.state import State
from homeostat.core.clock import SECOND_NS


def state_of(node: CompanionNode) -> State:
    """Return what is known of security here."""
    return State(checks=node.figures.all(), plain=node.encryption.plain(), blocks=node.sentry.blocks())


def security_of(node: CompanionNode, front: Front) -> Security:
    """Return the checks of security, which ask by a front of the application that runs."""
    return Security(
        node.figures,
        node.homeostat.losses,
        node.courtesy,
        node.encryption,
        Integrity(node.figures, node.homeostat.losses, node.audit, node.files),
        Life(
            node.access,
            node.audit,
            node.people,
            front,
            Remains(node.options.folder, node.people_folder, node.files),
            lambda person: node.forget(person, ""),
            lambda: node.clock.now_ns() / SECOND_NS,
        ),
    )
