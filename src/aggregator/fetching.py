"""The parts of the fetch stage, picked from the configuration: for a run, and for a feed that is being added."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from aggregator import __version__
from aggregator.config import Settings
from aggregator.fetch.asking import Asker, HostSchool
from aggregator.fetch.http import HttpClient
from aggregator.fetch.parts import FetchParts
from aggregator.fetch.politeness import HostGate
from aggregator.fetch.proxies import proxy_rules
from aggregator.fetch.request import user_agent
from aggregator.fetch.resolve import Resolver
from aggregator.pipeline.abandon import run_abandonable
from aggregator.ports import Clock, Writer
from aggregator.records import HostLesson, Subscription
from aggregator.store.blobs import BlobFolder
from aggregator.store_ports import Reader, StoreTransaction


def fetch_parts(
    settings: Settings,
    environment: Mapping[str, str],
    *,
    subscriptions: Sequence[Subscription],
    lessons: Iterable[HostLesson],
    read: Reader,
    writer: Writer[StoreTransaction],
    clock: Clock,
    pause: Callable[[float], object],
    parse_workers: int,
    resources: ExitStack,
) -> FetchParts:
    """Return what the fetch stage works with; connections are closed with `resources`.

    `lessons` are what hosts taught earlier runs. `pause` waits for some seconds, or less where the program must end.

    Raises:
        ConfigError: the proxy or the file of certificate authorities cannot be used.
    """
    fetch = settings.fetch
    client = http_client(settings, environment)
    resources.callback(client.close)
    gate = HostGate(fetch.per_host, fetch.host_spacing_s)
    school = HostSchool(lessons, gate=gate, writer=writer, clock=clock, monotonic=time.monotonic)
    return FetchParts(
        settings=fetch,
        subscriptions={one.url: one for one in subscriptions},
        asker=Asker(client, gate=gate, school=school, clock=clock, monotonic=time.monotonic, pause=pause),
        gate=gate,
        blobs=BlobFolder(settings.images_dir),
        read=read,
        writer=writer,
        clock=clock,
        monotonic=time.monotonic,
        parse_workers=parse_workers,
        wants_pages=any(one.full_text for one in subscriptions),
    )


def http_client(settings: Settings, environment: Mapping[str, str]) -> HttpClient:
    """Return the client of an installation, with its proxy and its certificate authorities.

    Raises:
        ConfigError: the proxy or the file of certificate authorities cannot be used.
    """
    fetch = settings.fetch
    return HttpClient(
        user_agent=user_agent(__version__, fetch.contact),
        workers=fetch.workers + fetch.image_workers + fetch.page_workers,
        resolver=Resolver(getaddrinfo=socket.getaddrinfo, abandon=run_abandonable, monotonic=time.monotonic),
        monotonic=time.monotonic,
        allow_private_networks=fetch.allow_private_networks,
        proxies=proxy_rules(fetch.proxy, environment),
        ca_file=settings.base_dir / Path(fetch.ca_file).expanduser() if fetch.ca_file else None,
    )
