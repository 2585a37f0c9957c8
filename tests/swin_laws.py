"""Law checks of the Swin Transformer, for the table of test_mutants.py.

Maps are 8 x 12 tokens in windows of 4: not square, several windows each way.
"""

import torch
from laws import check, close, far, randomized
from torch.nn import functional as F
from torchvision.models import swin_transformer as theirs

from vitlib import swin
from vitlib.cost import count_parameters, swin_parameters
from vitlib.pretrained import from_torchvision_swin

B, D, H, M, S, C, K = 3, 16, 2, 4, 2, 3, 5
SIZE, MAP = (32, 48), (8, 12)  # pixels; tokens: of the last stage, in patches of 2
WINDOWS = [(i, j) for i in range(0, MAP[0], M) for j in range(0, MAP[1], M)]


def a_map():
    return torch.randn(B, *MAP, D)


def images():
    return torch.randn(B, C, *SIZE)


def a_block(shift):
    return randomized(swin.SwinBlock(MAP, D, H, M, shift), a_map())


def a_merging():
    return randomized(swin.PatchMerging(D), a_map())


def new_swin():
    return swin.Swin(SIZE, 2, D, (2, 2), (H, 2 * H), M, num_classes=K, in_channels=C)


def a_swin():
    return randomized(new_swin(), images())


def cut(X):
    """Windows cut out of a map one by one: (B, h, w, D) -> (B, nW, M * M, D)."""
    windows = [X[:, i : i + M, j : j + M] for i, j in WINDOWS]
    return torch.stack(windows, 1).flatten(2, 3)  # (B, nW, M, M, D) -> (B, nW, M*M, D)


def together(shift):
    """Where two tokens are in one window and together in the image: (N, N).

    Rows are queries. Windows begin at `shift`, and do not go around a border.
    """
    y, x = torch.meshgrid(*map(torch.arange, MAP), indexing="ij")
    # (h, w) -> (N,): of each token, which window of which row and column
    rows, cols = ((place.flatten() - shift).div(M, rounding_mode="floor")
                  for place in (y, x))  # fmt: skip
    return (rows.unsqueeze(1) == rows) & (cols.unsqueeze(1) == cols)


def reached(function):
    """Which token of a map (rows) depends on which (columns): (N, N)."""
    X, N = torch.randn(1, *MAP, D), MAP[0] * MAP[1]
    changes = torch.eye(N).unflatten(1, MAP).unsqueeze(3)  # (N, h * w) -> (N, h, w, 1)
    changed = X + changes * (1 + torch.rand(D))  # each differs in one token
    moved = (function(changed) - function(X)).abs().amax(3)
    return moved.flatten(1).T > 1e-5  # (N, h, w) -> (N, N)


@check
def swin_shapes():
    X = a_map()
    windows = swin.window_partition(X, M)
    assert windows.shape == (B * len(WINDOWS), M * M, D)
    assert swin.window_reverse(windows, M, *MAP).shape == X.shape
    assert swin.relative_position_index(M).shape == (M * M, M * M)
    assert swin.shift_mask(*MAP, M, S).shape == (len(WINDOWS), M * M, M * M)
    for shift in (False, True):
        assert a_block(shift)(X).shape == X.shape
    assert a_merging()(X).shape == (B, MAP[0] // 2, MAP[1] // 2, 2 * D)
    assert a_swin()(images()).shape == (B, K)


@check
def windows_are_cut_out():
    """In reading order, the windows of one image after those of the one before."""
    X = a_map()
    close(swin.window_partition(X, M), cut(X).flatten(0, 1))  # (B*nW, M*M, D)


@check
def windows_and_back():
    """Each number comes back to where it was, once."""
    X = torch.arange(B * MAP[0] * MAP[1] * D).float()
    X = X.unflatten(0, (B, *MAP, D))  # (N,) -> (B, h, w, D)
    windows = cut(X).flatten(0, 1)  # (B, nW, M*M, D) -> (B*nW, M*M, D)
    close(swin.window_reverse(windows, M, *MAP), X, 0.0)
    windows = swin.window_partition(X, M)
    assert len(windows.unique()) == X.numel()


@check
def mask_is_adjacency():
    """Two tokens of a window may meet if they are together in the image as well."""
    for shift in range(M):
        together_before = together(shift)
        N = torch.arange(MAP[0] * MAP[1]).unflatten(0, MAP)  # (N,) -> (h, w)
        rolled = cut(N.roll((-shift, -shift), (0, 1))[None, :, :, None])[0, :, :, 0]
        expected = together_before[rolled.unsqueeze(2), rolled.unsqueeze(1)]
        mask = swin.shift_mask(*MAP, M, shift)
        assert ((mask == 0) == expected).all(), f"shift {shift}"
        assert (mask[~expected] < -50).all()


@check
def index_is_of_the_offset():
    """One entry for an offset, none for two, all in use, and 0 for none of them."""
    index = swin.relative_position_index(M)
    y, x = torch.arange(M * M) // M, torch.arange(M * M) % M
    offset = torch.stack((y.unsqueeze(1) - y, x.unsqueeze(1) - x), 2)  # (M*M, M*M, 2)
    pairs = torch.cat((offset, index.unsqueeze(2)), 2).flatten(0, 1)  # (M**4, 3)
    assert len(pairs.unique(dim=0)) == (2 * M - 1) ** 2 == len(index.unique())
    assert (index + index.T == (2 * M - 1) ** 2 - 1).all()
    assert index[1, 0] == index[0, 0] + 1  # one to the right of the key


@check
def bias_is_in_the_scores():
    """Without queries, weights are the softmax of the table's entries and the mask."""
    attention = randomized(swin.WindowAttention(D, H, M), torch.randn(B, M * M, D))
    attention.W_q.weight.zero_()
    attention.W_q.bias.zero_()
    windows = torch.randn(B * len(WINDOWS), M * M, D)
    mask = torch.randn(len(WINDOWS), M * M, M * M)
    # The entry of an offset (dy, dx) from key to query.
    y, x = torch.arange(M * M) // M, torch.arange(M * M) % M
    dy, dx = y.unsqueeze(1) - y, x.unsqueeze(1) - x
    entries = attention.bias_table[(dy + M - 1) * (2 * M - 1) + dx + M - 1]
    scores = entries.permute(2, 0, 1) + mask.unsqueeze(1)  # (nW, H, M*M, M*M)
    alone = entries.permute(2, 0, 1).expand(B, -1, -1, -1)  # (B, H, M*M, M*M)
    for expected, args in (
        (alone, (windows[:B],)),
        (torch.cat([scores] * B), (windows, mask)),
    ):
        Y, weights = attention.explicit(*args)
        close(weights, expected.softmax(3))
        close(attention(*args), Y)


@check
def tokens_stay_in_their_windows():
    """A block's token depends on its window, cut at the borders, and on no other."""
    for shift in (False, True):
        found = reached(a_block(shift))
        assert (found == together(S if shift else 0)).all(), f"shift {shift}"


@check
def two_blocks_reach_further():
    """First the windows as they are, then those that straddle their borders."""
    first, second = a_swin().stages[1][1:]
    width = 2 * D
    X = torch.randn(1, *MAP, width)

    def seen(function):
        Z = X.clone().requires_grad_()
        with torch.enable_grad():
            function(Z)[0, 5, 6].square().sum().backward()
        return Z.grad.abs().sum(3)[0] > 0

    assert seen(first).nonzero().amin(0).tolist() == [4, 4]
    assert seen(first).sum() == M * M
    assert seen(second).nonzero().amin(0).tolist() == [2, 6]
    assert seen(lambda Z: second(first(Z))).sum() == 8 * 8


@check
def oracle_window_blocks():
    """torchvision's block with the same weights, with and without shift."""
    for shift in (False, True):
        ours, X = a_block(shift), a_map()
        sizes = [M, M], [S * shift] * 2
        other = theirs.SwinTransformerBlock(D, H, *sizes, 4.0).eval()
        attention, state = ours.attention, ours.state_dict()
        parts = attention.W_q, attention.W_k, attention.W_v
        other.attn.qkv.weight.copy_(torch.cat([W.weight for W in parts]))
        other.attn.qkv.bias.copy_(torch.cat([W.bias for W in parts]))
        other.attn.relative_position_bias_table.copy_(attention.bias_table)
        other.attn.proj.load_state_dict(attention.W_o.state_dict())
        for name, layer in (
            ("ln1", other.norm1), ("ln2", other.norm2),
            ("mlp.dense1", other.mlp[0]), ("mlp.dense2", other.mlp[3]),
        ):  # fmt: skip
            layer.weight.copy_(state[f"{name}.weight"])
            layer.bias.copy_(state[f"{name}.bias"])
        close(ours(X), other(X))


@check
def oracle_swin():
    """torchvision's model with the same weights."""
    other = theirs.SwinTransformer(
        [2, 2], D, [2, 2], [H, 2 * H], [M, M], num_classes=K
    )  # fmt: skip
    X = images()
    other, ours = randomized(other, X), new_swin().eval()
    ours(X)  # gives lazy layers their shapes
    ours.load_state_dict(from_torchvision_swin(other.state_dict()))
    expected = other(X)
    far(expected, torch.zeros_like(expected))
    close(ours(X), expected)


@check
def merging_joins_neighbors():
    """Two by two tokens, gathered one by one, normalized, then mapped."""
    merging, X = a_merging(), a_map()
    corners = [(0, 0), (1, 0), (0, 1), (1, 1)]  # down, then across
    expected = torch.empty(B, MAP[0] // 2, MAP[1] // 2, 2 * D)
    for i in range(0, MAP[0], 2):
        for j in range(0, MAP[1], 2):
            four = torch.cat([X[:, i + y, j + x] for y, x in corners], 1)
            norm = merging.ln
            four = F.layer_norm(four, (4 * D,), norm.weight, norm.bias)
            expected[:, i // 2, j // 2] = four @ merging.reduction.weight.T
    close(merging(X), expected)


@check
def merging_ends_in_its_linear_map():
    """It reads normalized tokens, and nothing normalizes what it gives."""
    merging, X = a_merging(), 10 * a_map()
    before = merging(X)
    close(merging(3 * X), before, 1e-4)
    merging.reduction.weight.mul_(3)
    close(merging(X), 3 * before)


@check
def head_reads_the_mean():
    """Logits are linear in the normalized tokens of the last map, all alike."""
    model, X = a_swin(), images()
    norm, linear = model.head
    tokens = F.layer_norm(
        model.stages(model.embed(X)), (2 * D,), norm.weight, norm.bias, norm.eps
    )
    close(model(X), sum(linear(x) for x in tokens.flatten(1, 2).unbind(1)) / 96)


@check
def patches_are_normalized_and_nothing_is_added():
    """What enters stage 1 is the norm of the patch embedding alone."""
    model, X = a_swin(), images()
    conv, norm = model.patch_embedding.conv, model.ln
    patches = F.conv2d(X, conv.weight, conv.bias, stride=2).movedim(1, 3)
    expected = F.layer_norm(patches, (D,), norm.weight, norm.bias, norm.eps)
    close(model.embed(X), expected)


@check
def swin_alone_in_a_batch():
    """An image gives the same without the others."""
    model, X = a_swin(), images()
    close(torch.cat([model(x.unsqueeze(0)) for x in X]), model(X))


@check
def swin_parameter_count():
    """As many as the formula says."""
    model = new_swin()
    model(images())  # gives lazy layers their shapes
    parts = swin_parameters(D, (2, 2), (H, 2 * H), M, 2, C, K)
    assert count_parameters(model) == sum(parts.values())


@check
def swin_gradients():
    """Every parameter receives a gradient, and none of them is 0."""
    model = a_swin()
    with torch.enable_grad():
        model.loss(model(images()), torch.tensor([0, 2, 4])).backward()
    for name, p in model.named_parameters():
        assert p.grad is not None, name
        if not name.endswith("W_k.bias"):  # softmax ignores it
            assert p.grad.abs().max() > 1e-7, name
