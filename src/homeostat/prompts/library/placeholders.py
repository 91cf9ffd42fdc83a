"""Placeholders: the gaps in a prompt that something fills in before a model reads it."""

import re

PLACEHOLDER = re.compile(
    r"\{\{(?![>{%#!/])[^{}\n]{1,200}\}\}"  # Jinja2, Mustache, Handlebars
    r"|\{%[^%\n]{1,200}%\}"  # statements of Jinja2 and Liquid
    r"|\$ARGUMENTS\b(?:\[\d+\])?|\$\{[A-Za-z_]\w{0,63}\}"  # slash commands, shells
)


def placeholders(text: str) -> tuple[str, ...]:
    """Return the placeholders of a text in their order, repeated ones too.

    >>> placeholders("Fix $ARGUMENTS in {{ file }}, not in {this} or {{> partial}}.")
    ('$ARGUMENTS', '{{ file }}')
    """
    return tuple(PLACEHOLDER.findall(text))
