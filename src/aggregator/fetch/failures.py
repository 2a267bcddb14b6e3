"""Why an exchange brought nothing, in words for a person. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from aggregator.fetch.exchange import (
    AddressRefusedError,
    ConnectFailedError,
    DeadlineExceededError,
    ExchangeError,
    ForbiddenRequestError,
    HandshakeError,
    NoAnswerError,
    ProxyFailedError,
    UnknownNameError,
)
from aggregator.records import Outcome


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an exchange brought nothing; `error` is a sentence for a person."""

    outcome: Outcome
    error: str


def explained(error: ExchangeError, host: str, too_slow: str) -> Failure:
    """Return the failure that an error of the exchange with `host` is; `too_slow` ends the sentence on the deadline."""
    match error:
        case DeadlineExceededError():
            return Failure(Outcome.TIMEOUT, f"{host} {too_slow}")
        case AddressRefusedError():
            return Failure(Outcome.REFUSED, f"refused: {error}")
        case ForbiddenRequestError():
            return Failure(Outcome.REFUSED, f"refused: the request breaks HTTP: {error}")
        case ConnectFailedError():
            return Failure(Outcome.UNREACHABLE, _no_connection(error, host))
        case NoAnswerError():
            return Failure(Outcome.UNREACHABLE, f"{host} closed the connection without an answer")
    return Failure(Outcome.BAD_RESPONSE, f"{host} gave a broken answer: {error}")


def _no_connection(error: ConnectFailedError, host: str) -> str:
    match error:
        case ProxyFailedError():
            return str(error)
        case UnknownNameError():
            return f"the name {host} could not be resolved: {error}"
        case HandshakeError():
            return f"no secure connection to {host}: {error}"
    return f"{host} could not be reached: {error}"


def too_large(max_body_bytes: int) -> Failure:
    """Return the failure of a body that is longer than this."""
    return Failure(Outcome.TOO_LARGE, f"the body is longer than {_size(max_body_bytes)}")


def bad_status(host: str, status: int) -> Failure:
    """Return the failure of an answer with this HTTP status."""
    return Failure(Outcome.HTTP_ERROR, f"{host} answered {_status_name(status)}")


def _status_name(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.3g} MB" if size_bytes >= 1e6 else f"{size_bytes} bytes"  # noqa: PLR2004 - a million
