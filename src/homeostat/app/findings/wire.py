"""The wire between the server and its search: framed msgpack of subjects one way, of findings the other."""

import struct
from collections.abc import Sequence
from typing import BinaryIO

import msgspec
import numpy as np

from homeostat.core.finding import Finding
from homeostat.judge.findings.subject import Subject

_SIZE = struct.Struct("<Q")


class Answer(msgspec.Struct, frozen=True):
    """What a search came to: what was found, or why it failed."""

    findings: tuple[Finding, ...] = ()
    failure: str = ""


def _packed(value: object) -> bytes:
    if isinstance(value, np.ndarray):
        return value.astype("<f8").tobytes()
    raise NotImplementedError(f"{type(value).__name__} has no place on the wire")


def _unpacked(kind: type, value: object) -> object:
    assert isinstance(value, bytes), kind
    return np.frombuffer(value, dtype="<f8").copy()


_encoder = msgspec.msgpack.Encoder(enc_hook=_packed)
_subjects = msgspec.msgpack.Decoder(tuple[Subject, ...], dec_hook=_unpacked)
_answer = msgspec.msgpack.Decoder(Answer)


def request_of(subjects: Sequence[Subject]) -> bytes:
    """Return subjects as they travel."""
    return _encoder.encode(subjects)


def subjects_of(request: bytes) -> tuple[Subject, ...]:
    """Return the subjects of a request."""
    return _subjects.decode(request)


def bytes_of(answer: Answer) -> bytes:
    """Return an answer as it travels."""
    return _encoder.encode(answer)


def answer_of(body: bytes) -> Answer:
    """Return the answer in a body."""
    return _answer.decode(body)


def send(stream: BinaryIO, body: bytes) -> None:
    """Write one frame. Raises OSError where nobody reads any more."""
    stream.write(_SIZE.pack(len(body)))
    stream.write(body)
    stream.flush()


def receive(stream: BinaryIO) -> bytes | None:
    """Read one frame; None where the other side has ended."""
    head = stream.read(_SIZE.size)
    if len(head) < _SIZE.size:
        return None
    (size,) = _SIZE.unpack(head)
    body = stream.read(size)
    return body if len(body) == size else None
