"""Whom a server's certificate must come from."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx

from aggregator.errors import ConfigError


def tls_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Return a context that verifies hosts against certifi's authorities, and against those of `ca_file` (PEM) too.

    Raises ConfigError where `ca_file` cannot be used.
    """
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:
            reason = error.strerror or error
            raise ConfigError(f"the file of certificate authorities {ca_file} cannot be used: {reason}") from error
    return context
