"""Chromium without a window, and a page for it."""

import http.server
import os
import signal
import subprocess
import threading

COMMAND = (
    "chromium",
    "--headless",
    # Root cannot have it, and what is shown is the tests' own.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-proxy-server",
    # Nothing is asked of the world outside.
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Browser:
    """A run of Chromium that shows a page; `directory` is for what it keeps, `flags` are more of its own."""

    def __init__(self, url, directory, *flags):
        self._log = directory / "chromium.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*COMMAND, *flags, f"--user-data-dir={directory / 'chromium'}", url],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # It is several processes.
                start_new_session=True,
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        # Shown when the test fails.
        print(self._log.read_text(errors="replace"))


class Page:
    """Serves a page, and hands what that posts to `/name` to the keyword argument `name`."""

    def __init__(self, content, **posts):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self._answer(200 if self.path.partition("?")[0] == "/" else 404, content)

            def do_POST(self):
                posts[self.path.removeprefix("/")](self.rfile.read(int(self.headers["content-length"])))
                self._answer(204)

            def _answer(self, status, body=b""):
                self.send_response(status)
                self.send_header("content-type", "text/html")
                if status != 204:
                    self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)

    @property
    def url(self):
        return "http://{}:{}/".format(*self._server.server_address)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
