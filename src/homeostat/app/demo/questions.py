"""Questions that people ask about the standard library, each with the documentation that answers it."""

from collections.abc import Mapping

SOURCES: Mapping[str, tuple[str, ...]] = {
    "How do I parse JSON from a string?": ("json.loads", "json.JSONDecoder.decode"),
    "How do I read a CSV file with a header?": ("csv.reader", "csv"),
    "How can I compute a SHA-256 hash of a file?": ("hashlib.sha256", "hashlib"),
    "Why is pickle unsafe for data from strangers?": ("pickle.loads", "pickle.load"),
    "How do I run a shell command and capture its output?": ("subprocess.run", "subprocess.getoutput"),
    "How do I measure how long a piece of code takes?": ("timeit.Timer",),
    "How do I parse command line arguments?": ("argparse", "argparse.ArgumentParser"),
    "How do I gather the results of awaitables?": ("asyncio.gather",),
    "Explain the difference between threads and processes.": ("concurrent.futures",),
    "How do I make a pool of threads?": ("concurrent.futures.ThreadPoolExecutor.submit",),
    "How do I create a temporary directory that is deleted afterwards?": ("tempfile.TemporaryDirectory",),
    "How do I compress data with gzip?": ("gzip.compress", "gzip.GzipFile"),
    "How do I read a date in ISO format?": ("datetime.date.fromisoformat", "datetime.datetime.fromisoformat"),
    "How do I count how often each element of a list occurs?": ("collections.Counter",),
    "How do I cache the result of a function?": ("functools.lru_cache", "functools.cache"),
    "How do I connect to an SQLite database?": ("sqlite3.connect",),
    "Compare heapq and queue.PriorityQueue.": ("queue.PriorityQueue", "heapq"),
    "How do I send an e-mail over SMTP?": ("smtplib.SMTP.sendmail", "smtplib"),
    "How do I make a random UUID?": ("uuid.uuid4",),
    "How do I join a URL with a relative one?": ("urllib.parse.urljoin",),
    "How do I find the median of some numbers?": ("statistics.median",),
    "How do I match a regular expression at the start of a string?": ("re.match", "re"),
    "Why would I copy an object deeply?": ("copy.deepcopy", "copy"),
    "How do I write to a log file that rotates?": (
        "logging.handlers.RotatingFileHandler",
        "logging.handlers.TimedRotatingFileHandler",
    ),
    "How do I extract a zip archive?": ("zipfile.ZipFile.extract", "zipfile.ZipFile.extractall"),
    "How do I generate a secure random token?": ("secrets", "secrets.token_urlsafe", "secrets.token_hex"),
    "How do I merge sorted iterables?": ("heapq.merge",),
    "How do I lock a resource between threads?": ("threading.Lock", "threading.RLock"),
    "How do I wrap long lines of text?": ("textwrap.wrap", "textwrap.fill"),
    "How do I show the difference of two texts?": ("difflib.Differ", "difflib.HtmlDiff"),
    "How do I take a snapshot of allocated memory blocks?": (
        "tracemalloc.take_snapshot",
        "tracemalloc.Snapshot",
    ),
    "Explain what a context variable is for.": ("contextvars.ContextVar.get", "contextvars.ContextVar.set"),
    "How do I serve files over HTTP?": ("http.server.SimpleHTTPRequestHandler",),
    "How do I walk through a directory tree?": ("os.walk",),
    "How do I convert between time zones?": ("zoneinfo.ZoneInfo.fromutc", "datetime.tzinfo"),
    "How do I read a configuration file in INI format?": (
        "configparser.RawConfigParser.read",
        "configparser.RawConfigParser.read_string",
    ),
    "How do I profile a function?": ("profile.run", "profile"),
    "How do I pack numbers into bytes?": ("struct.pack",),
    "How do I escape HTML?": ("html.escape",),
    "How do I wait for the first of several futures?": ("concurrent.futures.wait", "asyncio.wait"),
}
"""What answers each question: one of these passages is enough."""

QUESTIONS = tuple(SOURCES)
