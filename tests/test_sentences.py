"""Sentences and numbers of the prose beside the data that decide them."""

from statistics import mean

from tools.book import Book
from vitlib.cost import attention_macs
from vitlib.recorded import runs


def read(name):
    (notebook,) = (n for n in Book().notebooks if n.name == name)
    text = " ".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    alts = " ".join(str(c.metadata.get("alt", "")) for c in notebook.cells)
    return text + alts


def last(name, key="val_acc"):
    return mean({**r["rows"][-1], **r}[key] for r in runs(name))


def test_sentences_that_recordings_decide():
    vit, resnet = runs("sweep_vit"), runs("sweep_resnet")

    def errors(n):
        return mean(
            (1 - v[f"test_acc_{n}"]) / (1 - r[f"test_acc_{n}"])
            for v, r in zip(vit, resnet, strict=True)
        )

    gap = {m: last(f"{m}_longer", "train_acc") - last(f"{m}_longer", "test_acc")
           for m in ("recipe", "resnet")}  # fmt: skip
    study = {k: mean(r[k] for r in runs("representation"))
             for k in ("pixels_acc",)}  # fmt: skip
    first = mean(r["trained_all_tokens_accs"][0] for r in runs("representation"))
    side = mean(r["crossover_side"] for r in runs("swin_timing"))
    small = [r["window_s"][0] > r["global_s"][0] for r in runs("swin_timing")]
    for true, name, *said in (
        (errors(60_000) > errors(1000), "discussion",
         "the ratio is *higher* at 60,000", "60,000장에서 *더 높습니다*"),
        (gap["resnet"] > gap["recipe"], "discussion",
         "The ResNet has the wider gap", "격차가 더 큰 쪽은 ResNet입니다"),
        (all(small), "swin", "windows were *slower*", "윈도우가 오히려 *느렸습니다*"),
        (round(side) == 15, "swin", "a dotted line near side 15", "15 부근의 점선"),
        (study["pixels_acc"] - 0.02 < first < study["pixels_acc"], "representation",
         "all tokens give slightly less than the pixels", "픽셀보다 조금 낮습니다"),
    ):  # fmt: skip
        assert true, said
        assert all(words in read(name) for words in said), said


def test_numbers_of_the_prose_that_follow_from_formulas():
    def both(name, *said):
        text = " ".join(
            c.source for n in Book().notebooks if n.name == name for c in n.cells
            if c.cell_type == "markdown"
        )  # fmt: skip
        for words in said:
            assert words in text, (name, words)

    full, local = (
        {s: sum(attention_macs(s, s, 96, M)) for s in (56, 112)} for M in (None, 7)
    )
    growth, speed = f"{full[112] / full[56]:.2f}", f"{full[56] / local[56]:.2f}"
    both("swin", f"the formula says {growth} and 4", f"{growth}배와 4배",
         f"the formula says {speed}", f"{speed}배입니다")  # fmt: skip
    early = [100 * (1 - r["block_crossover"] / 1152) for r in runs("cost_timing")]
    low, high = round(min(early)), round(max(early))
    both("discussion", f"by {low} to {high}% in the three runs", f"{low}~{high}% 일찍")
    updates = {n: -(-n // 128) for n in (1000, 3000, 10_000, 30_000, 60_000)}
    passes = round(1407 / updates[1000])
    found = [b * round(1407 / b) for b in updates.values()]
    both("discussion", f"{min(found):,} to {max(found):,} updates",
         f"{min(found):,}~{max(found):,}번",
         f"{passes} over 1,000", f"{passes}번")  # fmt: skip
