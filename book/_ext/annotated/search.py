"""Search in English and Korean.

Korean glues particles to nouns: 패치는, 패치를, 패치마다. An index of words between
blanks finds none of them under 패치. So a run of Hangul is indexed, and searched,
as its overlapping pairs of syllables (트랜스포머 -> 트랜 랜스 스포 포머); a page that
has all pairs of a query is a hit. Other words are stemmed as English.
"""

import re

from sphinx.search.en import SearchEnglish

HANGUL = re.compile(r"[가-힣]+")


def syllable_pairs(run: str) -> list[str]:
    """Overlapping pairs of a run of Hangul; a run of 1 or 2 is itself."""
    return [run[i : i + 2] for i in range(max(len(run) - 1, 1))]


class SearchEnglishKorean(SearchEnglish):
    lang = "enko"
    language_name = "English and Korean"

    # The same split, for the query, in the reader's browser.
    js_splitter_code = r"""
function splitQuery(query) {
  const words = query.split(/[^\p{Letter}\p{Number}_\p{Emoji_Presentation}]+/u);
  const terms = [];
  for (const part of words.flatMap((w) => w.split(/([가-힣]+)/)).filter(Boolean)) {
    if (!/[가-힣]/.test(part)) terms.push(part);
    else
      for (let i = 0; i < Math.max(part.length - 1, 1); i++)
        terms.push(part.slice(i, i + 2));
  }
  return terms;
}
"""

    def split(self, text: str) -> list[str]:
        terms = []
        for word in super().split(text):
            terms += HANGUL.sub(" ", word).split()
            for run in HANGUL.findall(word):
                terms += syllable_pairs(run)
        return terms


def setup(app):
    app.add_search_language(SearchEnglishKorean)
