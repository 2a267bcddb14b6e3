"""Secrets of feeds.toml go to their server and nowhere else."""

from __future__ import annotations

from base64 import b64encode
from http.server import BaseHTTPRequestHandler

from cli.conftest import Cli
from cli.feed_server import FeedServer, answer, rss

KEY, PASSWORD = "k3y-0f-the-castle", "pa55-w0rd-0f-mine"
BASIC = b64encode(f"reader:{PASSWORD}".encode()).decode()


def guarded(handler: BaseHTTPRequestHandler) -> None:
    allowed = handler.headers["X-Api-Key"] == KEY and handler.headers["Authorization"] == f"Basic {BASIC}"
    (answer(rss("For members")) if allowed else answer("", status=401))(handler)


def test_secrets_reach_no_file_and_no_output(cli: Cli, server: FeedServer) -> None:
    server.answers["/members"] = guarded
    server.serve("/broken", "", status=500)
    feeds = "".join(
        f'[[feeds]]\nurl = "{server.url}{path}"\nauth = "reader:${{NEWS_PASSWORD}}"\n'
        'headers = { "X-Api-Key" = "${NEWS_KEY}" }\n'
        for path in ("/members", "/broken")
    )
    in_url = server.url.replace("//", f"//reader:{PASSWORD}@")
    cli.configure(feeds + f'[[feeds]]\nurl = "{in_url}/missing"\n')
    secrets = {"NEWS_KEY": KEY, "NEWS_PASSWORD": PASSWORD}
    outputs = [
        # Of those that have workers, what the workers write counts too.
        *(cli.run_apart(command, **secrets) for command in ("fetch", "analyze")),
        *(
            cli.run(*command, **secrets)
            for command in (["status"], ["feeds", "list"], ["query", "SELECT * FROM feeds"])
        ),
    ]
    assert [ended.returncode for ended in outputs] == [0] * len(outputs)
    assert cli.rows("SELECT title FROM articles") == [("For members",)]
    asked = {request.path: request.headers for request in server.requests}
    assert asked["/missing"]["Authorization"] == f"Basic {BASIC}"

    written = [path for path in cli.folder.rglob("*") if path.is_file() and path.parent.name != "config"]
    assert cli.database in written
    for secret in (KEY, PASSWORD, BASIC):
        assert [path for path in written if secret.encode() in path.read_bytes()] == []
        assert not any(secret in ended.stdout + ended.stderr for ended in outputs)
