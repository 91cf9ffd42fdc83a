"""LoCoMo: ten long conversations with questions about them, as messages and what is asked.

A turn's text is what was said, with the caption of the picture that was shown, if there was one, behind it
in brackets, as the paper's retrieval reads turns. A session is a talk; its turns follow one another by a
second. Questions of category 5 (adversarial: about the wrong person) stand apart, as in the paper's table;
those without any evidence are left out.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from homeostat.companion.message import NewMessage
from homeostat.companion.search.recall import Asked

CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open", 4: "single-hop"}
ADVERSARIAL = 5
_FILE = Path("locomo") / "locomo_first5.json"


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation of two people over months, and what is asked about it, by category."""

    messages: list[NewMessage]
    asked: dict[str, list[Asked]]
    adversarial: list[Asked]

    @property
    def questions(self) -> list[Asked]:
        """All questions but the adversarial."""
        return [one for group in self.asked.values() for one in group]


def locomo(data: Path | None) -> list[Talk]:
    """Return the conversations of a data folder; none where it has none."""
    if data is None or not (data / _FILE).is_file():
        return []
    return [_talk(raw) for raw in json.loads((data / _FILE).read_text(encoding="utf-8"))]


def _talk(raw: dict) -> Talk:  # type: ignore[type-arg]
    conversation = raw["conversation"]
    sessions = sorted(int(key.split("_")[1]) for key in conversation if re.fullmatch(r"session_\d+", key))
    messages = []
    for session in sessions:
        written = conversation[f"session_{session}_date_time"].upper()
        moment = datetime.strptime(written, "%I:%M %p ON %d %B, %Y").replace(tzinfo=UTC)
        for number, turn in enumerate(conversation[f"session_{session}"]):
            caption = turn.get("blip_caption")
            messages.append(
                NewMessage(
                    id=turn["dia_id"],
                    text=turn["text"] + (f" [shares {caption}]" if caption else ""),
                    at_us=(int(moment.timestamp()) + number) * 1_000_000,
                    talk=f"session {session}",
                    author=turn["speaker"],
                    own=turn["speaker"] == conversation["speaker_a"],
                )
            )
    asked: dict[int, list[Asked]] = {number: [] for number in (*CATEGORIES, ADVERSARIAL)}
    for question in raw["qa"]:
        evidence = re.findall(r"D\d+:\d+", " ".join(question["evidence"]))
        if evidence:
            ids = tuple(re.sub(r":0+(?=\d)", ":", id) for id in evidence)
            asked[question["category"]].append(Asked(question["question"], ids))
    by_name = {name: asked[number] for number, name in CATEGORIES.items()}
    return Talk(messages, by_name, asked[ADVERSARIAL])
