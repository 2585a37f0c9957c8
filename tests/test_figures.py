"""Words and marks of the pictures, which a rough comparison of pixels would miss."""

import re
from statistics import mean, stdev

import pytest
import torch
from matplotlib import pyplot as plt

from vitlib.figures import discussion, representation, swin
from vitlib.figures import right_shape_wrong_model as museum
from vitlib.figures.style import BLUE, RED
from vitlib.recorded import runs


def lines(ax):
    return {line.get_label(): line for line in ax.get_lines()}


def test_words_of_the_discussion_s_pictures():

    discussion.curves({"ViT": runs("recipe_longer"), "ResNet": runs("resnet_longer")})
    for ax, name in zip(
        plt.gcf().axes, ("recipe_longer", "resnet_longer"), strict=True
    ):
        assert ax.get_title() == {"recipe_longer": "ViT"}.get(name, "ResNet")
        for label, key in (("training", "train_loss"), ("held out", "val_loss")):
            wanted = [row[key] for row in runs(name)[0]["rows"]]
            assert list(lines(ax)[label].get_ydata()) == wanted
    discussion.sweep(
        [1000, 60_000], {"ViT": runs("sweep_vit"), "ResNet": runs("sweep_resnet")}
    )
    left, right = plt.gcf().axes
    assert (left.get_ylabel(), right.get_ylabel()) == (
        "test accuracy (%)", "training minus test (points)",
    )  # fmt: skip
    for ax in (left, right):
        for bar, label in zip(*ax.get_legend_handles_labels(), strict=True):
            found = [run["test_acc_1000"] for run in runs(f"sweep_{label.lower()}")]
            if ax is left:
                assert bar.lines[0].get_ydata()[0] == pytest.approx(100 * mean(found))
                reach = bar.lines[2][0].get_segments()[0][:, 1]
                assert (reach[1] - reach[0]) / 2 == pytest.approx(100 * stdev(found))
    plt.close("all")


def test_words_of_swin_s_pictures():

    swin.who_meets_whom(14, 7, (5, 8))
    axs = plt.gcf().axes
    assert [ax.get_title() for ax in axs] == [
        "global attention (ViT)",
        "windows",
        "shifted windows",
    ]
    assert [ax.get_xlabel() for ax in axs] == ["196 tokens", "49 tokens", "49 tokens"]
    for ax, corner in zip(axs[1:], ((0, 7), (3, 3)), strict=True):
        shown = torch.tensor(ax.images[0].get_array())
        assert shown.nonzero().amin(0).tolist() == list(corner)
        assert ax.patches[0].get_xy() == (7.5, 4.5)
    timed = runs("swin_timing")
    swin.timing(timed)
    left, right = plt.gcf().axes
    assert (left.get_ylabel(), right.get_ylabel()) == ("multiply-adds", "seconds (CPU)")
    for ax, unit in ((left, "macs"), (right, "s")):
        for label, key in (("global", "global"), ("shifted windows", "window")):
            series = [run[f"{key}_{unit}"] for run in timed]
            wanted = [mean(t) for t in zip(*series, strict=True)]
            assert lines(ax)[label].get_ydata() == pytest.approx(wanted)
    crossing = right.get_lines()[-1].get_xdata()[0]
    assert crossing == pytest.approx(mean(run["crossover_side"] for run in timed))
    swin.shift_steps(8, 8, 4, 2)
    above, masks = plt.gcf().subfigs[0].axes, plt.gcf().subfigs[1].axes
    assert above[1].texts[0].get_text() == "18"
    assert {ax.get_xlabel() for ax in masks} == {"key"}
    assert masks[0].get_ylabel() == "query"
    swin.bias_index(3)
    left, right = plt.gcf().axes
    assert (left.get_xlabel(), left.get_ylabel()) == (
        "columns from key to query", "rows from key to query",
    )  # fmt: skip
    assert (right.get_xlabel(), right.get_ylabel()) == ("key", "query")
    swin.stages(224, 4, 7, 96)
    titles = [ax.get_title() for ax in plt.gcf().axes]
    assert [re.search(r"(\d+) px", t)[1] for t in titles] == ["28", "56", "112", "224"]
    field = torch.zeros(6, 6, dtype=torch.bool)
    field[2:4, 2:4] = True
    swin.receptive_fields({"a": [field, field], "b": [field, field]}, (3, 2))
    assert plt.gcf().axes[1].get_title() == "2 blocks: 4 tokens"
    assert plt.gcf().axes[0].patches[0].get_xy() == (1.5, 2.5)
    swin.accuracies({"Swin": [[0.5, 0.6]], "ViT": [[0.7, 0.8]]})
    ax = plt.gca()
    assert list(lines(ax)["ViT"].get_ydata()) == pytest.approx([70, 80])
    assert ax.get_ylabel() == "validation accuracy (%)"
    plt.close("all")


def test_words_of_the_other_pictures():

    study = runs("representation")
    representation.probes(study)
    readings = {"class token": "class_token", "mean of the patches": "patch_mean",
                "all tokens": "all_tokens"}  # fmt: skip
    names = {"trained": "trained", "random weights": "random",
             "trained on shuffled labels": "shuffled",
             "trained, probe labels permuted": "control"}  # fmt: skip
    for ax in plt.gcf().axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            if label in names:
                key = f"{names[label]}_{readings[ax.get_title()]}_last_acc"
                y = handle.lines[0].get_ydata()[-1]
            elif label in ("pixels", "HOG"):
                key, y = f"{label.lower()}_acc", handle.get_ydata()[0]
            else:
                key, y = "cnn_mean_last_acc", handle.lines[0].get_ydata()[-1]
            assert y == pytest.approx(100 * mean(run[key] for run in study)), label
    representation.alike({"t": ("rows", "columns", torch.rand(2, 3).numpy())})
    ax = plt.gcf().axes[0]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("columns", "rows")
    museum.accuracies({"right": [0.9]}, {"wrong": [0.95]})
    ax = plt.gca()
    handles = ax.get_legend().legend_handles
    texts = [t.get_text() for t in ax.get_legend().get_texts()]
    assert {t: h.get_color() for t, h in zip(texts, handles, strict=True)}[
        "right model"
    ] == BLUE
    assert ax.get_xlabel() == "validation accuracy after 3 epochs"
    museum.kill_matrix(
        {"weak": {"a": True}, "law": {"a": True}}, ["a"], ["weak", "law"], 1
    )
    colors = [t.get_color() for t in plt.gca().get_xticklabels()]
    assert colors == [RED, "black"]
    plt.close("all")
