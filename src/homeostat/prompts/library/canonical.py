"""The canonical text: what two texts have in common that differ only in white space and compact forms."""

from functools import cache
from typing import Any

from homeostat.core.errors import NotAvailable
from homeostat.prompts.library.expansion import expanded, replace_fences
from homeostat.prompts.library.front_matter import read_front_matter
from homeostat.prompts.library.module import Module
from homeostat.prompts.library.xml_tree import read_xml, write_xml

MARKDOWN = (".md", ".markdown", ".mdc")


def canonical(module: Module) -> str:
    """Return the canonical text of a module.

    Markdown is what it renders to, with the settings at its top as they are and each well-formed block of XML
    as its tree; any other text is itself, line ends aside. Two modules with the same canonical text show a
    reader the same. Raises NotAvailable where markdown-it-py is not installed.
    """
    text = expanded(module.text).replace("\r\n", "\n")
    if not module.path.lower().endswith(MARKDOWN):
        return text
    end = read_front_matter(text).end
    body = replace_fences(text[end:], "xml", "xml", _tree)
    rendered: str = _renderer().render(body)
    return text[:end] + rendered


def _tree(content: str) -> str | None:
    nodes = read_xml(content)
    # on one line, for a line of a text could close the fence
    return None if nodes is None else write_xml(nodes).replace("\n", "&#10;")


@cache
def _renderer() -> Any:
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        raise NotAvailable(
            "comparing Markdown needs markdown-it-py: pip install 'homeostat[prompts]'"
        ) from None
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])
