"""The models that the simulated model lists, and how it treats the names of others.

Any id is accepted and echoed, so that a caller can ask for `gpt-4o-mini` and see what the same tokens
would cost there. Nothing of that model is simulated but its rough size.
"""

LISTED = ("simulated-large", "simulated-small", "simulated-thinker", "simulated-embedding")

_SMALL = ("small", "mini", "nano", "haiku", "flash", "lite", "embedding")
_THINKING = ("thinker", "o1", "o3", "o4", "gpt-5")


def weight_of(model: str) -> float:
    """Return the work of a token, relative to that of the settings: small models take half."""
    name = model.lower()
    return 0.5 if any(part in name for part in _SMALL) else 1.0


def effort_of(model: str, asked: str | None) -> str:
    """Return the effort of reasoning: what was asked for, else medium for models that always reason."""
    if asked is not None:
        return asked
    name = model.lower().removeprefix("simulated-").rpartition("/")[2]
    return "medium" if name.startswith(_THINKING) else "none"
