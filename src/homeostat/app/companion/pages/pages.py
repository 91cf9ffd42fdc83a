"""The pages of the companion, with their assets."""

from starlette.routing import Route

from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.pages.archaeology import ArchaeologyPages
from homeostat.app.companion.pages.dreams import DreamPages
from homeostat.app.companion.pages.experience import ExperiencePages
from homeostat.app.companion.pages.frame import Frame
from homeostat.app.companion.pages.html import assets
from homeostat.app.companion.pages.mirror import MirrorPages
from homeostat.app.companion.pages.overview import Overview
from homeostat.app.companion.pages.palace import PalacePages
from homeostat.app.companion.pages.review import ReviewPages
from homeostat.app.companion.pages.signing_in import SigningIn


def pages(node: CompanionNode) -> list[Route]:
    """Return the routes of all pages."""
    frame = Frame(node.door, node.flags, node.threads)
    return [
        *SigningIn(node.door, node.sessions).routes(),
        *Overview(node, frame).routes(),
        *PalacePages(node, frame).routes(),
        *MirrorPages(node, frame).routes(),
        *ArchaeologyPages(node, frame).routes(),
        *DreamPages(node, frame).routes(),
        *ExperiencePages(node.experience, frame).routes(),
        *ReviewPages(node.guarding, node.audit, frame).routes(),
        Route("/static/{digest}/{name}", assets().answer),
    ]
