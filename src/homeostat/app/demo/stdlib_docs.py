"""What the standard library says of itself: the documentation strings of the running Python."""

import importlib
import inspect
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType, ModuleType

MODULES = """
abc argparse array ast asyncio atexit base64 bisect bz2 calendar cmath codecs collections colorsys
concurrent.futures configparser contextlib contextvars copy csv ctypes dataclasses datetime decimal difflib
dis email.message enum errno faulthandler filecmp fileinput fnmatch fractions ftplib functools gc getopt
getpass gettext glob graphlib gzip hashlib heapq hmac html html.parser http.client http.cookies http.server
imaplib importlib inspect io ipaddress itertools json keyword linecache locale logging logging.handlers
lzma mailbox marshal math mimetypes mmap multiprocessing netrc numbers operator os os.path pathlib pdb
pickle pkgutil platform plistlib poplib pprint profile queue quopri random re reprlib sched secrets select
selectors shelve shlex shutil signal smtplib socket socketserver sqlite3 ssl stat statistics string struct
subprocess symtable sys sysconfig tarfile tempfile textwrap threading time timeit tokenize traceback
tracemalloc types typing unicodedata unittest unittest.mock urllib.parse urllib.request urllib.error
urllib.robotparser uuid venv warnings wave weakref webbrowser wsgiref.simple_server xml.etree.ElementTree
xmlrpc.client zipapp zipfile zlib zoneinfo
""".split()  # noqa: SIM905 - a list takes a line for each word
"""Public modules that can be imported without effects; one that this Python lacks is left out."""

TEXT_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Passage:
    """One documented thing: its full name with its arguments, and what its documentation says."""

    name: str
    signature: str
    text: str


def modules() -> Iterator[ModuleType]:
    """Import the modules and yield them."""
    for name in MODULES:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            try:
                yield importlib.import_module(name)
            except ImportError:
                continue


def passages() -> list[Passage]:
    """Return the documentation of each module and of its public functions, classes and methods, once."""
    found: list[Passage] = []
    seen: set[int] = set()
    for module in modules():
        name = "os.path" if module.__name__ == "posixpath" else module.__name__
        found.extend(_passage(name, module))
        for public in getattr(module, "__all__", None) or dir(module):
            thing = getattr(module, public, None)
            if public.startswith("_") or id(thing) in seen or not _is_code(thing):
                continue
            seen.add(id(thing))
            found.extend(_passage(f"{name}.{public}", thing))
            if inspect.isclass(thing):
                found.extend(_methods(f"{name}.{public}", thing))
    return found


def synopsis(module: ModuleType) -> str:
    """Return the first line of a module's documentation."""
    return (module.__doc__ or "").strip().partition("\n")[0].strip()


def _is_code(thing: object) -> bool:
    return inspect.isclass(thing) or inspect.isroutine(thing)


def _methods(owner: str, of: type) -> Iterator[Passage]:
    for name, method in vars(of).items():
        if not name.startswith("_") and inspect.isroutine(method):
            yield from _passage(f"{owner}.{name}", method)


def _passage(name: str, thing: object) -> Iterator[Passage]:
    text = getattr(thing, "__doc__", None)
    if isinstance(text, str) and text.strip():
        yield Passage(name, name + _arguments(thing), inspect.cleandoc(text)[:TEXT_MAX])


def _arguments(thing: object) -> str:
    """Return what a thing is called with; of a thing that does not say, nothing."""
    code = getattr(thing, "__code__", None)
    if not isinstance(code, CodeType):
        given = getattr(thing, "__text_signature__", None)
        return given if isinstance(given, str) else ""
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return f"({', '.join(n for n in names if n not in ('self', 'cls'))})"
