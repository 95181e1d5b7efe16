"""Run the emulator: `python3 -m emulator --port 0 --port-file FILE`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    arguments = argparse.ArgumentParser(prog="emulator", description=__doc__)
    arguments.add_argument("--port", type=int, default=0, help="0 picks a free one (the default)")
    arguments.add_argument("--port-file", help="a file to write the port number to, once ready")
    options = arguments.parse_args()

    from .gateway import handle
    from .server import Server

    server = Server(options.port, handle)
    # Renamed into place: a reader sees the whole number or no file.
    if options.port_file:
        with open(options.port_file + ".new", "w", encoding="ascii") as file:
            file.write(str(server.server_port))
        os.replace(options.port_file + ".new", options.port_file)
    print(f"emulator listening on http://127.0.0.1:{server.server_port}", flush=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        # shutdown() waits for serve_forever(), so it needs a thread of its own.
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.05)
    server.server_close()
    # Nothing is to be saved, so nothing is to be torn down.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
