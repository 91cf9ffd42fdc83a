"""All passes that `homeostat prompts optimize` knows, in the order in which they run."""

from homeostat.prompts.extraction.budget import Budget
from homeostat.prompts.extraction.extraction_pass import ExtractionPass
from homeostat.prompts.optimize.chains import Chains
from homeostat.prompts.optimize.core_first import CoreFirst
from homeostat.prompts.optimize.outlines import Outlines
from homeostat.prompts.optimize.pass_ import Pass
from homeostat.prompts.optimize.repeated import Repeated
from homeostat.prompts.optimize.white_space import WhiteSpace
from homeostat.prompts.planning.sections import SectionsOnDemand


def passes(budget: Budget) -> tuple[Pass, ...]:
    """Return the passes: what drops words first, so that forms are found for what is left of them.

    Those of chains come before the forms, which change the lines that references stand on; the order of
    loading comes last, since it goes by what is loaded in the end.
    """
    return (
        ExtractionPass(budget),
        SectionsOnDemand(),
        Chains(),
        Outlines(),
        Repeated(),
        WhiteSpace(),
        CoreFirst(),
    )
