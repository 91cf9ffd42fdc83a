"""The errors that Homeostat raises, as one tree.

    HomeostatError
    ├── ConfigError          a setting cannot be used
    ├── InputError           bytes or a file from outside cannot be understood
    │   └── TooLarge         there are more of them than are taken
    ├── StoreError           the store cannot do what was asked
    │   ├── StoreBusy        another process holds it; trying again helps
    │   ├── StoreCorrupt     its file is damaged
    │   └── StoreFull        the disk is full or read-only
    ├── UnknownPerson        the companion holds no memory of them
    ├── EmbedderError        texts could not be turned into vectors
    ├── NotAvailable         this machine cannot give what was asked for
    ├── NotApplied           a knob of another process could not be set
    ├── QueueFull            more jobs wait than the queue takes
    └── JobFailed            a job that somebody waits for is dead, was cancelled or forgotten

Each message carries the offending value and what to do about it.
"""


class HomeostatError(Exception):
    """The root of every error that Homeostat raises on purpose."""


class ConfigError(HomeostatError):
    """A setting cannot be used: the message names it, its value and what would be accepted."""


class InputError(HomeostatError):
    """Bytes or a file from outside cannot be understood: the message says where and why."""


class TooLarge(InputError):
    """There are more bytes than are taken: the message says the limit."""


class StoreError(HomeostatError):
    """The store cannot do what was asked."""


class StoreBusy(StoreError):
    """Another process holds the store; trying again helps."""


class StoreCorrupt(StoreError):
    """The store's file is damaged; the message says how to set it aside."""


class StoreFull(StoreError):
    """The store's disk is full or read-only."""


class UnknownPerson(HomeostatError):
    """The companion holds no memory of this person."""


class EmbedderError(HomeostatError):
    """Texts could not be turned into vectors; the message says why, and holds none of them."""


class NotAvailable(HomeostatError):
    """This machine cannot give what was asked for; the message says why."""


class NotApplied(HomeostatError):
    """A knob of another process could not be set, or that is not certain; the message says why."""


class QueueFull(HomeostatError):
    """More jobs wait than the queue takes; the message says how many."""


class JobFailed(HomeostatError):
    """A job that somebody waits for is dead, was cancelled or is not known any more."""
