"""The built book, a server for it, and a browser to look at it with.

Nothing here is skipped: without a fresh build or a browser the tests fail and say
what to do.
"""

import functools
import os
import shutil
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tools.book import Book
from tools.serve import HTML, Quiet

ROOT = Path(__file__).parents[2]
PAGES = Book(ROOT).pages

# What keeps a Chromium on a machine without network from calling home.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]


def browser_path():
    """$BROWSER_PATH, or the Chromium of this machine."""
    paths = [os.environ.get("BROWSER_PATH"), *map(shutil.which, BROWSERS)]
    return next(filter(None, paths), None)


def fault_of_build():
    """Why the build in _build is not one of the book as it is, or None."""
    for page in PAGES:
        html = HTML / f"{page}.html"
        if not html.is_file():
            return f"{page} is not built"
        for source in ROOT.glob(f"{page}.*"):
            if source.stat().st_mtime > html.stat().st_mtime:
                return f"{source.name} changed after the build"
    return None


@pytest.fixture(scope="session")
def built():
    """The folder of the built book, younger than every chapter in it."""
    if fault := fault_of_build():
        # Once, and not for each of the tests here.
        pytest.exit(f"{fault}: run `make book` first", returncode=1)
    return HTML


@pytest.fixture(scope="session")
def address(built):
    """http://127.0.0.1:PORT of the built book."""
    handler = functools.partial(Quiet, directory=built)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser():
    path = browser_path()
    assert path, f"no browser: install Chromium (one of {BROWSERS}) or set BROWSER_PATH"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


class View:
    """A page in a window of its own, with a list of all that went wrong in it."""

    def __init__(self, browser, address, device="desktop", theme="light", **options):
        width, height = SIZES[device]
        options = {"locale": "en-US", "color_scheme": theme} | options
        size = {"width": width, "height": height}
        self.context = browser.new_context(viewport=size, **options)
        self.page = self.context.new_page()
        self.address, self.theme, self.faults, self.bytes = address, theme, [], 0
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda e: self.faults.append(f"script error: {e}"))
        self.page.on("response", self._response)
        self.page.on("request", self._request)

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.faults.append(f"console {message.type}: {message.text}")

    def _response(self, response):
        self.bytes += int(response.headers.get("content-length", 0))
        if response.status >= 400:
            self.faults.append(f"{response.status}: {response.url}")

    def _request(self, request):
        if not request.url.startswith((self.address, "data:", "file:")):
            self.faults.append(f"request to another machine: {request.url}")

    def open(self, path):
        self.page.goto(f"{self.address}/{path}", wait_until="load")
        return self.page

    def choose(self, lang):
        self.page.click(f'.language-switch [data-choose="{lang}"]')


@pytest.fixture
def look(browser, address):
    """look("book/vit.html", device="phone"): the page in a fresh window."""
    opened = []

    def open_view(path, device="desktop", **options):
        view = View(browser, address, device, **options)
        opened.append(view)
        view.open(path)
        return view

    yield open_view
    for view in opened:
        view.context.close()
