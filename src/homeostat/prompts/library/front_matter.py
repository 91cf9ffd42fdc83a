"""Front matter: the settings between two lines of `---` at the top of a Markdown file."""

import re
from dataclasses import dataclass, field

OPENING = re.compile(r"---[ \t]*\r?\n")
CLOSING = re.compile(r"^(?:---|\.\.\.)[ \t]*\r?$", re.MULTILINE)
KEY = re.compile(r"([A-Za-z_][\w.-]*)[ \t]*:(?:[ \t]+(.*)|)$")
ITEM = re.compile(r"[ \t]*-[ \t]+(.*)$")
LENGTH_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The settings of a file: keys of the top level with their values as lists of texts.

    A subset of YAML: plain and quoted scalars, folded and literal blocks (joined by blanks), lists in
    both forms; what is nested deeper is kept as the texts of its lines. `end` is where the body begins in
    the file's text; 0 where there are no settings. `keys` tells for each line (from 1) its key.
    """

    values: dict[str, list[str]] = field(default_factory=dict)
    end: int = 0
    lines: dict[int, str] = field(default_factory=dict)
    unclosed: bool = False

    def first(self, key: str) -> str:
        """Return a value as one text, empty where there is none."""
        return " ".join(self.values.get(key, ()))


def read_front_matter(text: str) -> FrontMatter:
    """Read the settings at the top of a text.

    >>> found = read_front_matter("---\\nname: a\\ntools: [Read, 'Edit']\\n---\\nBody")
    >>> found.values
    {'name': ['a'], 'tools': ['Read', 'Edit']}

    A first line of `---` that nothing closes is a rule and not front matter, unless a key follows it:
    then it is said to be unclosed.
    """
    opening = OPENING.match(text)
    if opening is None:
        return FrontMatter()
    closing = CLOSING.search(text, opening.end(), opening.end() + LENGTH_MAX)
    if closing is None:
        first = text[opening.end() :].split("\n", 1)[0].rstrip("\r")
        return FrontMatter(unclosed=KEY.match(first) is not None)
    end = min(closing.end() + 1, len(text))
    values: dict[str, list[str]] = {}
    lines: dict[int, str] = {}
    key = ""
    for number, line in enumerate(text[opening.end() : closing.start()].splitlines(), 2):
        found = KEY.match(line)
        if found is not None:
            key = found[1]
            values[key] = _inline(found[2] or "")
        elif key and line.strip() and not line.lstrip().startswith("#"):
            item = ITEM.match(line)
            values[key].append(_plain(item[1] if item else line))
        lines[number] = key
    return FrontMatter(values, end, lines)


def _inline(value: str) -> list[str]:
    value = value.strip()
    if value[:1] in {"|", ">"} and len(value) <= 3:
        return []
    if value.startswith("[") and value.endswith("]"):
        return [_plain(v) for v in value[1:-1].split(",") if v.strip()]
    return [_plain(value)] if value else []


def _plain(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return re.split(r"\s#", value, maxsplit=1)[0].rstrip()
