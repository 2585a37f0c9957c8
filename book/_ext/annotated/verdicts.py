"""Verdicts of the claim ledger: a bold word in a color of its own."""

from docutils import nodes
from sphinx.transforms import SphinxTransform

VERDICTS = {
    "Confirmed here.": "confirmed",
    "여기서 확인됨.": "confirmed",
    "Not visible at this scale.": "open",
    "이 규모에서는 보이지 않음.": "open",
    "Contradicted here.": "contradicted",
    "여기서는 반대로 나옴.": "contradicted",
}


class Verdicts(SphinxTransform):
    default_priority = 225

    def apply(self):
        for strong in self.document.findall(nodes.strong):
            if name := VERDICTS.get(strong.astext()):
                strong["classes"] += ["verdict", f"verdict-{name}"]


def setup(app):
    app.add_transform(Verdicts)
