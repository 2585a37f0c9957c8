"""The Swin Transformer, compared with torchvision's, and what it costs, counted.

The laws that wrong versions must break are in swin_laws.py.
"""

import pytest
import torch
import torchvision
from torch import nn
from torch.testing import assert_close

from vitlib.cost import (
    attention_macs,
    count_macs,
    count_parameters,
    swin_macs,
    swin_parameters,
)
from vitlib.pretrained import from_torchvision_swin, load_torchvision
from vitlib.swin import (
    PRESETS,
    PatchMerging,
    Swin,
    SwinBlock,
    WindowAttention,
    relative_position_index,
    shift_mask,
    window_partition,
    window_reverse,
)

PUBLISHED = {"T": 28_288_354, "S": 49_606_258, "B": 87_768_224, "L": 196_532_476}
SMALL = dict(
    img_size=(32, 48), patch_size=2, num_hiddens=16, depths=(2, 2), num_heads=(2, 4),
    window_size=4,
)  # fmt: skip


def small(**changes):
    return Swin(**{**SMALL, "num_classes": 5, "in_channels": 3, **changes})


def torchvision_small():
    """torchvision's model of the same sizes, with weights of trained size."""
    theirs = torchvision.models.swin_transformer.SwinTransformer(
        [2, 2], 16, [2, 2], [2, 4], [4, 4], num_classes=5
    )
    for p in theirs.parameters():
        nn.init.normal_(p, std=0.3)
    return theirs.eval()


# Windows, mask, index


@pytest.mark.parametrize("M", [1, 2, 3, 6])
def test_windows_and_back(M):
    X = torch.randn(2, 6, 12, 5)
    windows = window_partition(X, M)
    assert windows.shape == (2 * (6 // M) * (12 // M), M * M, 5)
    assert_close(windows[1], X[0, :M, M : 2 * M].flatten(0, 1))  # (M, M, D)
    assert torch.equal(window_reverse(windows, M, 6, 12), X)


@pytest.mark.parametrize(
    ("side", "windows", "masked", "share"),
    [(56, 64, 15, 0.119), (28, 16, 7, 0.230), (14, 4, 3, 0.430)],
)
def test_masks_of_swin_at_224_pixels(side, windows, masked, share):
    apart = shift_mask(side, side, 7, 3) < 0
    assert len(apart) == windows
    assert apart.any(2).any(1).sum() == masked
    assert apart.float().mean().item() == pytest.approx(share, abs=5e-4)


def test_a_mask_never_hides_a_token_from_itself():
    for shift in range(4):
        mask = shift_mask(8, 12, 4, shift)
        assert (mask.diagonal(dim1=1, dim2=2) == 0).all()
        assert torch.equal(mask, mask.transpose(1, 2))  # (nW, M*M, M*M)
        assert mask.any() == (shift > 0)


def test_the_index_is_torchvisions():
    theirs = torchvision.models.swin_transformer.ShiftedWindowAttention(
        8, [7, 7], [3, 3], 2
    )
    index = relative_position_index(7)
    assert torch.equal(index, theirs.relative_position_index.view(49, 49))  # (M*M, M*M)
    assert index.unique().numel() == index.max() + 1 == 169


def test_fused_is_explicit_and_rows_sum_to_1():
    attention = WindowAttention(12, 3, 4)
    nn.init.normal_(attention.bias_table)
    X, mask = torch.randn(2 * 6, 16, 12), shift_mask(8, 12, 4, 2)
    for args in ((X,), (X, mask)):
        Y, weights = attention.explicit(*args)
        assert_close(attention(*args), Y, rtol=0, atol=1e-5)
        assert_close(weights.sum(3), torch.ones(12, 3, 16), rtol=0, atol=1e-5)
    assert (weights[5, :, 0, 15] == 0).all()  # opposite corners of the image


# Blocks and stages


@pytest.mark.parametrize(
    ("map_size", "window", "shift"),
    [((8, 12), 4, 2), ((7, 7), 7, 0), ((7, 14), 7, 0), ((4, 4), 7, 0), ((6, 6), 3, 1)],
)
def test_shift_is_half_a_window_unless_one_window_spans_the_map(
    map_size, window, shift
):
    block = SwinBlock(map_size, 8, 2, window, shift=True)
    assert block.shift == shift
    assert (block.mask is None) == (shift == 0)
    assert block.window_size == min(window, *map_size)
    assert SwinBlock(map_size, 8, 2, window, shift=False).shift == 0


def test_blocks_alternate_and_the_last_stage_is_one_window():
    with torch.device("meta"):
        stages = Swin.from_preset("T").stages
    blocks = [[p for p in stage if isinstance(p, SwinBlock)] for stage in stages]
    shifts = [[block.shift for block in stage] for stage in blocks]
    assert shifts == [[0, 3], [0, 3], [0, 3] * 3, [0, 0]]
    assert [stage[0].map_size[0] for stage in blocks] == [56, 28, 14, 7]
    assert {block.window_size for stage in blocks for block in stage} == {7}


def test_without_shift_no_block_shifts():
    blocks = [m for m in small(shift=False).modules() if isinstance(m, SwinBlock)]
    assert [block.shift for block in blocks] == [0, 0, 0, 0]


def test_mask_and_index_are_not_saved():
    state = small().state_dict()
    assert not [name for name in state if name.endswith(("mask", "index"))]


# torchvision


@torch.no_grad()
def test_torchvision_weights_give_the_same_logits():
    theirs = torchvision_small()
    ours = load_torchvision(small(), theirs.state_dict()).eval()
    X = torch.randn(4, 3, 32, 48)
    expected = theirs(X)
    assert expected.std(0).min() > 1e-3  # the images differ
    assert (ours(X) - expected).abs().max() <= 1e-5 * expected.abs().max()


@torch.no_grad()
def test_torchvision_swin_t_gives_the_same_logits():
    theirs = torchvision.models.swin_t(weights=None).eval()
    for p in theirs.parameters():  # tables of std 0.02 would hide a wrong entry
        if p.shape[0] == 169:
            nn.init.normal_(p)
    ours = load_torchvision(Swin.from_preset("T"), theirs.state_dict()).eval()
    X = torch.randn(1, 3, 224, 224)
    expected = theirs(X)
    assert expected.abs().max() > 0.1
    assert (ours(X) - expected).abs().max() <= 1e-5


def test_torchvision_weights_in_the_wrong_place_would_be_noticed():
    theirs, X = torchvision_small(), torch.randn(4, 3, 32, 48)
    state = theirs.state_dict()
    name = "features.3.1.attn.qkv.weight"
    state[name] = torch.cat(state[name].chunk(3)[::-1])  # values, keys, queries
    ours = load_torchvision(small(), state).eval()
    assert (ours(X) - theirs(X)).abs().max() > 0.1


def test_every_weight_of_torchvision_is_used_once():
    theirs, ours = torchvision_small().state_dict(), small()
    renamed = from_torchvision_swin(theirs)
    assert renamed.keys() == ours.state_dict().keys()
    count = sum(v.numel() for v in theirs.values() if v.is_floating_point())
    assert sum(v.numel() for v in renamed.values()) == count == count_parameters(ours)


@pytest.mark.parametrize("build", ["vgg11", "densenet121", "mobilenet_v3_small"])
def test_weights_of_another_model_are_refused(build):
    """Their names, too, begin with `features`."""
    with torch.device("meta"):
        state = getattr(torchvision.models, build)(weights=None).state_dict()
    with pytest.raises(ValueError, match="is not a weight of a torchvision"):
        load_torchvision(small(), state)


# Cost


@pytest.mark.parametrize("name", PRESETS)
def test_parameters_counted_by_formula_and_published(name):
    with torch.device("meta"):
        counted = count_parameters(Swin.from_preset(name))
    assert counted == sum(swin_parameters(*PRESETS[name]).values()) == PUBLISHED[name]


def test_every_part_of_the_parameters():
    model, parts = small(), swin_parameters(16, (2, 2), (2, 4), 4, 2, 3, 5)
    tables = sum(
        p.numel() for n, p in model.named_parameters() if n.endswith("bias_table")
    )
    merging = [m for m in model.modules() if isinstance(m, PatchMerging)]
    assert parts["bias_tables"] == tables
    assert parts["merging"] == sum(map(count_parameters, merging)) == 8 * 16 * 17
    assert parts["patch_embedding"] == count_parameters(model.patch_embedding)
    assert parts["first_norm"] == count_parameters(model.ln)
    assert parts["blks"] == count_parameters(model.stages) - tables - parts["merging"]
    assert parts["final_norm"] + parts["head"] == count_parameters(model.head)


@torch.no_grad()
def test_macs_counted_by_formula_and_published():
    model, X = small().eval(), torch.randn(2, 3, 32, 48)
    parts = swin_macs((32, 48), 2, 16, (2, 2), 4, 3, 5)
    assert count_macs(model, X) == 2 * sum(parts.values())
    published = {"T": 4.5, "S": 8.7, "B": 15.4, "L": 34.5}  # G, Table 1; L computed
    for name, (D, depths, _) in PRESETS.items():
        total = sum(swin_macs(224, 4, D, depths, 7).values()) / 1e9
        assert round(total, 1) == published[name]


def test_attention_in_windows_grows_with_the_map():
    assert sum(attention_macs(56, 56, 96)) == 2_003_828_736
    assert sum(attention_macs(56, 56, 96, 7)) == 145_108_992
    assert attention_macs(7, 7, 768) == attention_macs(7, 7, 768, 7)
    for side in (14, 56):
        twice, once = (sum(attention_macs(s, s, 96, 7)) for s in (2 * side, side))
        assert twice == 4 * once


# Training


def test_it_trains():
    """Bright rows against bright columns: the loss falls."""
    model = Swin(16, 2, 8, (2, 2), (2, 2), 4, num_classes=2)
    y = torch.arange(32) % 2
    X = torch.rand(32, 1, 16, 16)
    X[y == 0, :, ::2] += 1
    X[y == 1, :, :, ::2] += 1
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    losses = []
    for _ in range(15):
        loss = model.training_step((X, y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


@torch.no_grad()
def test_dropout_only_while_training():
    model, X = small(dropout=0.5), torch.randn(2, 3, 32, 48)
    assert not torch.equal(model(X), model(X))
    model.eval()
    assert torch.equal(model(X), model(X))


def test_the_table_starts_small():
    tables = [m.bias_table for m in Swin.from_preset("T").modules()
              if isinstance(m, WindowAttention)]  # fmt: skip
    for table in tables:
        assert table.std().item() == pytest.approx(0.02, rel=0.15)


def test_each_dropout_is_used_alone():
    """In the weights, fused and explicit, and in the MLP."""
    X = torch.ones(64, 16, 8)
    attention = WindowAttention(8, 2, 4, dropout=0.5).train()
    for call in (attention, lambda X: attention.explicit(X)[0]):
        assert not torch.equal(call(X), call(X))
    block = SwinBlock((4, 4), 8, 2, 4, False, dropout=0.5).train()
    nn.init.zeros_(block.attention.W_o.weight)
    X = torch.randn(2, 4, 4, 8)
    assert not torch.equal(block(X), block(X))


def test_the_learning_rate_is_kept():
    assert Swin(16, 2, 8, (2,), (2,), 4, lr=0.3).lr == 0.3


@torch.no_grad()
def test_every_part_of_the_macs():
    """One channel, and a last map smaller than the window."""
    model = Swin((16, 32), 2, 8, (2, 2), (2, 2), 4, num_classes=5).eval()
    parts = swin_macs((16, 32), 2, 8, (2, 2), 4, 1, 5)
    assert count_macs(model, torch.randn(1, 1, 16, 32)) == sum(parts.values())
    model = Swin(16, 2, 8, (2, 2), (2, 2), 8, num_classes=5).eval()
    parts = swin_macs(16, 2, 8, (2, 2), 8, 1, 5)
    assert count_macs(model, torch.randn(1, 1, 16, 16)) == sum(parts.values())
    maps = [(8, 8, 8), (4, 4, 16)]
    assert parts["projections"] == sum(2 * 4 * h * w * D * D for h, w, D in maps)
    assert parts["scores"] == sum(2 * 2 * (h * w) ** 2 * D for h, w, D in maps)
