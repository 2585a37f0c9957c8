"""Three voices: what the paper says, what our code does, where they differ.

A quote that opens with one of the six bold phrases gets the class of its voice.
"""

from docutils import nodes
from sphinx.transforms import SphinxTransform

VOICES = {
    "Paper": "paper",
    "논문": "paper",
    "Our code": "code",
    "우리 코드": "code",
    "They differ": "differ",
    "다른 점": "differ",
}


def voice_of(quote: nodes.block_quote) -> str | None:
    """Which voice a quote opens with, if any."""
    first = quote.next_node(nodes.paragraph)
    words = [n for n in first.children if n.astext()] if first else []
    if not words or not isinstance(phrase := words[0], nodes.strong):
        return None
    return VOICES.get(phrase.astext().rstrip(":. "))


class Voices(SphinxTransform):
    default_priority = 220

    def apply(self):
        for quote in self.document.findall(nodes.block_quote):
            name = voice_of(quote)
            if name:
                quote["classes"] += ["voice", f"voice-{name}"]


def setup(app):
    app.add_transform(Voices)
