"""The page around the text: language switch, fonts, header, footer."""

from pathlib import Path

HERE = Path(__file__).parent
TITLE = {"en": "Vision Transformers, Annotated", "ko": "주석으로 읽는 비전 트랜스포머"}

# Runs in <head>, before the first paint, so that the page never flashes in the
# wrong language: ?lang=, else the last choice, else the browser's own language.
# Light or dark likewise: the theme itself decides only after the page is there.
BEFORE_PAINT = """
(function () {
  var root = document.documentElement, lang;
  var asked = /[?&]lang=(en|ko|both)\\b/.exec(location.search);
  try {
    if (asked) localStorage.setItem("lang", asked[1]);
    lang = asked ? asked[1] : localStorage.getItem("lang");
  } catch (e) { lang = asked && asked[1]; }
  if (!/^(en|ko|both)$/.test(lang || ""))
    lang = /^ko\\b/i.test(navigator.language) ? "ko" : "en";
  root.dataset.lang = lang;
  root.lang = lang === "ko" ? "ko" : "en";
  if (!root.dataset.theme) {
    root.dataset.mode = "auto";
    root.dataset.theme =
      matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
})();
"""

# The built book starts at book/index.html; keep ?lang= on the way there.
REDIRECT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<script>location.replace("{first}" + location.search + location.hash);</script>
<noscript><meta http-equiv="refresh" content="0; url={first}"></noscript>
<a href="{first}">{title}</a>
</html>
"""


def configure(app, config):
    config.templates_path.insert(0, str(HERE / "templates"))
    config.html_theme_options.update(
        article_header_end=["language-switch.html", "article-header-buttons.html"],
        footer_content_items=["license.html"],
        search_bar_text="Search · 검색",
        use_download_button=True,
        use_fullscreen_button=False,
        show_toc_level=2,
        pygments_light_style="github-light-high-contrast",
        pygments_dark_style="github-dark-high-contrast",
    )


def add_context(app, pagename, templatename, context, doctree):
    context["book_title"] = TITLE
    if pagename == "search":
        app.add_js_file("results.js", loading_method="defer")


def write_redirect(app, exception):
    if exception is None and app.builder.format == "html":
        first = f"{app.config.root_doc}.html"
        title = " · ".join(TITLE.values())
        page = Path(app.outdir, "index.html")
        page.write_text(REDIRECT.format(first=first, title=title), encoding="utf-8")


def setup(app):
    app.add_js_file(None, body=BEFORE_PAINT, priority=1)
    app.add_js_file("language.js", loading_method="defer")
    app.add_js_file("wide.js", loading_method="defer")
    app.add_css_file("pretendard/pretendard.css")
    app.add_css_file("book.css", priority=900)
    app.connect("config-inited", configure)
    app.connect("html-page-context", add_context)
    app.connect("build-finished", write_redirect)
