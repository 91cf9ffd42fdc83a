"""The body of feedback: what somebody answered, or wants to be done with what is kept of them."""

from typing import TypeVar

import msgspec

from homeostat.core.errors import InputError
from homeostat.evaluate.experience.instruments import INSTRUMENTS

T = TypeVar("T")

BODY_BYTES_MAX = 16_384
USER_MAX = 256
REQUEST_MAX = 128
ASKED_MAX = 8


class FeedbackBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Answers of one person: `rating` 1 to 10, `thumbs`, `recommend` 0 to 10, ten `statements` of 1 to 5.

    `user` is how the application knows them, "" for nobody. `asked` names instruments that they were shown.
    A `comment` is taken where the application declared comments. `opt_out` true has nothing more kept of
    them and the rest forgotten; false lets them count again.
    """

    service: str = ""
    user: str = ""
    rating: int | None = None
    thumbs: bool | None = None
    recommend: int | None = None
    statements: tuple[int, ...] = ()
    asked: tuple[str, ...] = ()
    opt_out: bool | None = None
    request_id: str = ""
    comment: str = ""

    def checked(self) -> "FeedbackBody":
        """Return it, or raise InputError."""
        _short("user", self.user, USER_MAX)
        _short("request_id", self.request_id, REQUEST_MAX)
        if len(self.asked) > ASKED_MAX:
            raise InputError(f"`asked` names at most {ASKED_MAX} instruments: {', '.join(INSTRUMENTS)}")
        if not (self.answers or self.statements or self.comment or self.asked or self.opt_out is not None):
            raise InputError("there is no answer in it: send rating, thumbs, recommend or statements")
        return self

    @property
    def answers(self) -> dict[str, float]:
        """The answers that were given, by instrument."""
        given = {"rating": self.rating, "thumbs": self.thumbs, "recommend": self.recommend}
        return {name: float(value) for name, value in given.items() if value is not None}


class PassBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Whom a pass is for, and for how long it holds."""

    user: str
    service: str = ""
    hours: float = 24.0


def understood(body: bytes) -> FeedbackBody:
    """Return what a body means. Raises InputError, which quotes nothing of it."""
    return _decoded(body, FeedbackBody).checked()


def pass_asked(body: bytes) -> PassBody:
    """Return for whom a pass is asked. Raises InputError."""
    asked = _decoded(body, PassBody)
    _short("user", asked.user, USER_MAX)
    return asked


def _short(name: str, text: str, most: int) -> None:
    if len(text) > most:
        raise InputError(f"`{name}` has at most {most} characters, not {len(text)}")


def _decoded(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise InputError(f"the body does not fit: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InputError("the body is no JSON in UTF-8") from None
