"""Serve the built book on this machine only: `python -m tools.serve [PORT]`."""

import functools
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HTML = Path(__file__).parents[1] / "_build" / "html"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a line for each of them."""

    def log_message(self, *args):
        pass


def main(port):
    handler = functools.partial(Quiet, directory=HTML)
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise SystemExit(
            f"port {port}: {error.strerror}. Try another: make serve PORT={port + 1}"
        ) from None
    print(f"The book is open at | 책의 주소: http://127.0.0.1:{server.server_port}/")
    print("Ctrl+C ends it. | Ctrl+C로 끝냅니다.", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    given = sys.argv[1] if len(sys.argv) > 1 else "8000"
    if not given.isdecimal() or int(given) > 65535:
        raise SystemExit(
            f"port {given}: expected a number up to 65535, as in PORT=8001"
        )
    if not (HTML / "index.html").is_file():
        raise SystemExit(f"there is no book in {HTML}: make book")
    main(int(given))
