"""What stands beside a text: a picture and a sound, judged with the text."""

import msgspec

from homeostat.evaluate.evaluation import Evaluation
from homeostat.evaluate.senses import agreement
from homeostat.evaluate.senses import picture as pictures
from homeostat.evaluate.senses import sound as sounds
from homeostat.evaluate.senses.agreement import judged_agreement
from homeostat.evaluate.senses.picture import judged_picture
from homeostat.evaluate.senses.sound import judged_sound

NAMES = (agreement.NAME, pictures.NAME, sounds.NAME)
"""The scores that there may be of what stands beside a text."""


def with_media(
    found: Evaluation, text: str, picture: bytes | None = None, sound: bytes | None = None
) -> Evaluation:
    """Return an evaluation of a text with the scores of its picture and its sound, and whether they agree.

    Raises as `judged_picture` and `judged_sound`.
    """
    shown = None if picture is None else judged_picture(picture)
    heard = None if sound is None else judged_sound(sound)
    agrees = judged_agreement(text, shown, heard)
    scores = {score.evaluator: score for score in (shown, heard, agrees) if score is not None}
    silent = {} if agrees or not scores else {agreement.NAME: "the text says nothing of light or loudness"}
    return msgspec.structs.replace(
        found, scores={**found.scores, **scores}, silent={**found.silent, **silent}
    )
