"""The HTTP server: loopback only, threads, keep-alive, and connections that
can be broken on purpose."""

from __future__ import annotations

import socket
import struct
import traceback
from collections.abc import Callable
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)

from .errors import Response


class Broken:
    """Instead of a response: a connection to break, after `part` of the answer has been sent."""

    def __init__(self, part: bytes = b""):
        self.part = part


App = Callable[[dict[str, Any], bytes], "Response | Broken"]


class Server(ThreadingHTTPServer):
    """One thread per connection."""

    daemon_threads = True
    request_queue_size = 512
    allow_reuse_address = True

    def __init__(self, port: int, app: App):
        self.app = app
        super().__init__(("127.0.0.1", port), Handler)

    def server_bind(self) -> None:
        """Bind without the reverse name look-up of http.server."""
        socket.socket.setsockopt(self.socket, socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class Handler(BaseHTTPRequestHandler):
    """Reads a request, calls the application, writes the answer."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Server

    def _run(self) -> None:
        body = self._read_body()
        try:
            answer = self.server.app(self._environ(body), body)
        except Exception:  # a bug of the emulator: say so, as no AWS would
            text = traceback.format_exc()
            answer = Response(501, text.encode(), {"Content-Type": "text/plain"})
        if isinstance(answer, Broken):
            self._break(answer.part)
            return
        self._write(answer)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = _run

    def handle_expect_100(self) -> bool:
        """Ask for the body at once: nothing waits in a buffer before it."""
        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.wfile.flush()
        return True

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            # WSGI wants the decoded path as latin-1.
            "PATH_INFO": unquote(path, "latin-1"),
            "RAW_URI": self.path,
            "REQUEST_URI": self.path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self.server.server_port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.errors": None,
        }
        names = {}
        for name, value in self.headers.items():
            if "_" in name and not should_preserve_original_header_name(name):
                continue
            key = environ_key_for_header(name)
            if "_" in name:
                names[key] = name
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = names
        environ["CONTENT_LENGTH"] = str(len(body))
        return environ

    def _write(self, answer: Response) -> None:
        self.send_response_only(answer.status)
        names = {name.lower() for name in answer.headers}
        for name, value in answer.headers.items():
            if name.lower() not in ("connection", "transfer-encoding"):
                self.send_header(name, str(value))
        if "date" not in names:
            self.send_header("Date", formatdate(usegmt=True))
        head = self.command == "HEAD"
        if "content-length" not in names and answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if not head and answer.status not in (204, 304):
            self.wfile.write(answer.body)
        self.wfile.flush()

    def _break(self, part: bytes) -> None:
        self.close_connection = True
        if part:
            self.wfile.write(part)
            self.wfile.flush()
        # Linger 0: close() sends RST instead of FIN.
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def log_message(self, *_: Any) -> None:
        """The request log says more."""


def serialise(answer: Response) -> bytes:
    """An answer as bytes, for those that break off in the middle."""
    head = f"HTTP/1.1 {answer.status} OK\r\nContent-Length: {len(answer.body)}\r\n"
    skip = ("content-length", "connection", "transfer-encoding")
    for name, value in answer.headers.items():
        if name.lower() not in skip:
            head += f"{name}: {value}\r\n"
    return head.encode() + b"\r\n" + answer.body
