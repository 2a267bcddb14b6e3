"""What a user can do about an answer that brought no feed. Pure."""

from __future__ import annotations

from http import HTTPStatus

from aggregator.records import Download, Outcome

LATER = "Try again later, or add it unasked with --no-fetch"

_BY_STATUS: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "Give a user name and password with --auth 'user:password'",
    HTTPStatus.FORBIDDEN: "Many sites refuse programs that do not say who runs them: set [fetch] contact, or ask the "
    "publisher",
    HTTPStatus.NOT_FOUND: "Check the address, or give that of the site instead",
    HTTPStatus.GONE: "The publisher has closed it: give the address of the site instead",
    HTTPStatus.TOO_MANY_REQUESTS: "It asks for fewer requests: try again in some hours",
}
_BY_OUTCOME = {
    Outcome.TIMEOUT: LATER,
    Outcome.UNREACHABLE: "Check the address and the connection; for a certificate of your own authority, set [fetch] "
    "ca_file",
    Outcome.REFUSED: "Addresses of private networks are asked only if you type them, or set [fetch] "
    "allow_private_networks",
    Outcome.TOO_LARGE: "Raise [fetch] max_body_bytes if you trust it",
    Outcome.BAD_REDIRECT: "Type the address that your browser ends at",
    Outcome.BAD_RESPONSE: LATER,
    Outcome.BAD_URL: "Check the address",
}


def remedy(download: Download) -> str:
    """Return what to do about an answer, or the lack of one."""
    if download.outcome is Outcome.HTTP_ERROR:
        return _BY_STATUS.get(download.status or 0, LATER)
    return _BY_OUTCOME.get(download.outcome, "Check the address")


def has_had_enough(download: Download) -> bool:
    """Tell whether a server had better not be asked for more: it does not answer, or it refuses or slows us down."""
    if download.outcome in (Outcome.TIMEOUT, Outcome.UNREACHABLE, Outcome.REFUSED):
        return True
    return download.status in (
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    )
