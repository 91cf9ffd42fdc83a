"""All passes that `homeostat prompts optimize` knows, in the order in which they run."""

from homeostat.prompts.optimize.chains import Chains
from homeostat.prompts.optimize.core_first import CoreFirst
from homeostat.prompts.optimize.outlines import Outlines
from homeostat.prompts.optimize.pass_ import Pass
from homeostat.prompts.optimize.repeated import Repeated
from homeostat.prompts.optimize.white_space import WhiteSpace
from homeostat.prompts.planning.sections import SectionsOnDemand


def passes() -> tuple[Pass, ...]:
    """Return the passes that need nothing else to be told.

    What drops words runs before all of them, so that forms are found for what is left. Those of chains come
    before the forms, which change the lines that references stand on; the order of loading comes last, since
    it goes by what is loaded in the end.
    """
    return (
        SectionsOnDemand(),
        Chains(),
        Outlines(),
        Repeated(),
        WhiteSpace(),
        CoreFirst(),
    )
