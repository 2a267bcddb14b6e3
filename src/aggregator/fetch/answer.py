"""The response to one request, as the transport hands it out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence


class Answer:
    """Status, headers, and a body that is unread and still encoded. To be closed.

    `body` raises ExchangeError while it is read.
    """

    def __init__(
        self,
        status: int,
        headers: Sequence[tuple[bytes, bytes]],
        body: Iterator[bytes],
        close: Callable[[], None],
    ) -> None:
        """Take `headers` as received."""
        self.status = status
        self.body = body
        self._close: Callable[[], None] | None = close
        self._headers: dict[bytes, list[str]] = {}
        for name, value in headers:
            if value:
                # latin-1, because it maps every byte to a character and back
                self._headers.setdefault(name.lower(), []).append(value.decode("latin-1"))

    def close(self) -> None:
        """Let the connection be used again if the body was read to its end, and close it otherwise.

        The second time nothing happens: by then the connection may be another's.
        """
        close, self._close = self._close, None
        if close is not None:
            close()

    def all(self, name: bytes) -> list[str]:
        """Return the values of a header, whose name is given in lower case; empty ones are left out."""
        return self._headers.get(name, [])

    def first(self, name: bytes) -> str | None:
        """Return the first value of a header, None if there is none."""
        return next(iter(self.all(name)), None)
