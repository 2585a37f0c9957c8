"""The checks are checked: the true model passes all, each wrong one fails some.

A check is a function without arguments that builds what it needs from vitlib and
raises an AssertionError. The weights are random and of the size of trained ones,
the images are not square and have three channels, and there is more than one.
"""

import contextlib
import importlib

import pytest
import swin_laws  # noqa: F401, registers the laws of Swin
import swin_mutants  # noqa: F401, and the wrong ones
import torch
from laws import CHECKS, check, close, far, randomized
from mutants import MUTANTS, installed
from torch import nn
from torch.nn import functional as F

from vitlib import block, vit
from vitlib.cost import count_parameters, vit_parameters

# The module: the package also has a function of that name's end.
patches = importlib.import_module("vitlib.patch_embedding")

B, N, D, H, D_MLP, L, K, C = 3, 12, 16, 4, 40, 3, 5, 3
SIZE, PATCH = (8, 12), (4, 2)


def tokens():
    return torch.randn(B, N, D)


def images():
    return torch.randn(B, C, *SIZE)


def an_attention(bias=True):
    return randomized(block.MultiHeadAttention(D, H, 0.1, bias), tokens())


def an_mlp():
    return randomized(block.ViTMLP(D_MLP, D, 0.1), tokens())


def a_block():
    return randomized(vit.ViTBlock(D, D, D_MLP, H, 0.1, True), tokens())


def an_embedding():
    return randomized(vit.PatchEmbedding(SIZE, PATCH, D, C), images())


def new_model(dropout=0.1):
    return vit.ViT(
        SIZE, PATCH, D, D_MLP, H, L, dropout, dropout, use_bias=True, num_classes=K,
        in_channels=C,
    )  # fmt: skip


def a_model():
    return randomized(new_model(), images())


# What most books check


@check
def shapes():
    assert an_attention()(tokens()).shape == (B, N, D)
    assert an_mlp()(tokens()).shape == (B, N, D)
    assert a_block()(tokens()).shape == (B, N, D)
    assert an_embedding()(images()).shape == (B, N, D)
    assert patches.patchify(images(), PATCH).shape == (B, N, C * PATCH[0] * PATCH[1])
    model = a_model()
    assert model.embed(images()).shape == (B, N + 1, D)
    assert model(images()).shape == (B, K)


@check
def all_ones():
    """As D2L does it: shapes from ones. And, kindly, the right values for ones."""
    fresh = vit.ViTBlock(D, D, D_MLP, H, 0.1)
    fresh.eval()
    X = torch.ones(2, N, D)
    with torch.no_grad():
        Y = fresh(X)
    # A layer norm makes 0 of a constant: attention adds nothing, the MLP its biases.
    out = fresh.mlp.dense2(F.gelu(fresh.mlp.dense1.bias))
    close(Y, X + out)


# Laws


@check
def oracle_attention():
    """torch.nn.MultiheadAttention with the same weights."""
    ours, X = an_attention(), tokens()
    theirs = nn.MultiheadAttention(D, H, batch_first=True)
    parts = ours.W_q, ours.W_k, ours.W_v
    theirs.in_proj_weight.copy_(torch.cat([W.weight for W in parts]))
    theirs.in_proj_bias.copy_(torch.cat([W.bias for W in parts]))
    theirs.out_proj.load_state_dict(ours.W_o.state_dict())
    expected = theirs(X, X, X)[0]
    close(ours(X), expected)
    close(ours.explicit(X)[0], expected)


@check
def equal_tokens_stay():
    """Weights sum to 1: where all values are equal, attention changes nothing."""
    attention, X = an_attention(), torch.randn(B, 1, D).expand(B, N, D)
    close(attention(X), attention.W_o(attention.W_v(X)))


@check
def permutation():
    """Tokens in another order give the same outputs in that order."""
    order = torch.randperm(N)
    for module in (an_attention(), an_mlp(), a_block()):
        X = tokens()
        close(module(X[:, order]), module(X)[:, order])


@check
def all_see_all():
    """Every token of a block's output depends on every token that came in."""
    module, X = a_block(), tokens()[:1]
    before = module(X)
    for i in range(N):
        changed = X.clone()
        changed[:, i] += torch.randn(D)
        moved = (module(changed) - before).abs().amax(2)[0]
        assert (moved > 1e-5).all(), f"token {i} reaches {(moved > 1e-5).sum()}/{N}"


@check
def alone_in_a_batch():
    """An image gives the same without the others."""
    for module, X in ((an_attention(), tokens()), (a_model(), images())):
        close(torch.cat([module(x.unsqueeze(0)) for x in X]), module(X))


@check
def mlp_by_token():
    """A token alone gives the same as among others."""
    mlp, X = an_mlp(), tokens()
    close(mlp(X), torch.stack([mlp(X[:, i : i + 1])[:, 0] for i in range(N)], 1))


@check
def mlp_formula():
    """Two linear layers with the exact GELU between."""
    mlp, X = an_mlp(), tokens()
    hidden = F.linear(X, mlp.dense1.weight, mlp.dense1.bias)
    expected = F.linear(F.gelu(hidden), mlp.dense2.weight, mlp.dense2.bias)
    close(mlp(X), expected)


@check
def zeroed_branches():
    """Without its two branches, a block is the identity."""
    module, X = a_block(), tokens()
    for layer in (module.attention.W_o, module.mlp.dense2):
        layer.weight.zero_()
        layer.bias.zero_()
    close(module(X), X)


@check
def branches_ignore_scale():
    """Both branches read normalized tokens: 3 X and X add the same to the input."""
    module, X = a_block(), 10 * tokens()
    module.mlp.dense2.weight.zero_()  # attention alone
    close(module(3 * X) - 3 * X, module(X) - X, 1e-4)
    module = a_block()
    module.attention.W_o.weight.zero_()  # the MLP alone, on X itself
    module.attention.W_o.bias.zero_()
    close(module(3 * X) - 3 * X, module(X) - X, 1e-4)


@check
def oracle_block():
    """The sum of eqs. 2 and 3, from the block's own parts."""
    module, X = a_block(), tokens()
    middle = X + module.attention(module.ln1(X))
    close(module(X), middle + module.mlp(module.ln2(middle)))


@check
def convolution_law():
    """A patch embedding is the linear map of patches, cut out one by one."""
    embed, X = an_embedding(), images()
    expected = []
    for row in range(0, SIZE[0], PATCH[0]):
        for col in range(0, SIZE[1], PATCH[1]):
            patch = X[:, :, row : row + PATCH[0], col : col + PATCH[1]]
            expected.append(torch.einsum("bcij,dcij->bd", patch, embed.conv.weight))
    close(embed(X), torch.stack(expected, 1) + embed.conv.bias)


@check
def patches_and_back():
    """unpatchify undoes patchify, and the first row is the first patch."""
    X = images()
    rows = patches.patchify(X, PATCH)
    close(patches.unpatchify(rows, SIZE, PATCH), X)
    first = X[:, :, : PATCH[0], : PATCH[1]]
    close(rows[:, 0], first.flatten(1))


@check
def class_token_first():
    """Token 0 is the class token with position 0, whatever the image."""
    model = a_model()
    expected = (model.cls_token + model.pos_embedding[:, :1]).expand(B, 1, D)
    close(model.embed(images())[:, :1], expected)


@check
def patches_then_positions():
    """Token i + 1 is patch i with position i + 1."""
    model, X = a_model(), images()
    # The image itself, cut by the convolution: no method of the model is trusted.
    conv = model.patch_embedding.conv
    expected = F.conv2d(X, conv.weight, conv.bias, stride=PATCH)
    expected = expected.flatten(2).transpose(1, 2)  # (B, D, h, w) -> (B, N, D)
    close(model.embed(X)[:, 1:], expected + model.pos_embedding[:, 1:])


@check
def positions_differ():
    """No two rows of the positions start equal."""
    positions = new_model().pos_embedding[0]
    apart = torch.cdist(positions, positions).fill_diagonal_(1)
    assert apart.min() > 1e-3


@check
def patch_order_matters():
    """Patches in another order are another image to the model."""
    model, X = a_model(), images()
    far(model(X.flip(2)), model(X))  # reversed rows of pixels
    rows = patches.patchify(X, PATCH).flip(1)  # whole patches in reversed order
    far(model(patches.unpatchify(rows, SIZE, PATCH)), model(X))


@check
def head_reads_token_0():
    """With blocks that do nothing, logits are head(class token + position 0)."""
    model = a_model()
    for blk in model.blks:
        for layer in (blk.attention.W_o, blk.mlp.dense2):
            layer.weight.zero_()
            layer.bias.zero_()
    token = model.cls_token[:, 0] + model.pos_embedding[:, 0]  # (1, D)
    norm, linear = model.head
    token = F.layer_norm(token, (D,), norm.weight, norm.bias, norm.eps)
    close(model(images()), linear(token).expand(B, K))


@check
def parameter_count():
    """As many as the formula says."""
    model = new_model()
    model(images())  # gives lazy layers their shapes
    assert count_parameters(model) == sum(
        vit_parameters(SIZE, PATCH, D, D_MLP, L, C, K).values()
    )


@check
def gradients():
    """Every parameter receives a gradient, and none of them is 0."""
    model = a_model()
    with torch.enable_grad():
        model.loss(model(images()), torch.tensor([0, 2, 4])).backward()
    for name, p in model.named_parameters():
        assert p.grad is not None, name
        if not name.endswith("W_k.bias"):  # softmax ignores it
            assert p.grad.abs().max() > 1e-7, name


@check
def eval_is_one_function():
    """The same image twice gives the same logits."""
    model, X = a_model(), images()
    close(model(X), model(X), 0.0)


@check
def logits_are_free():
    """Adding a number to the head's biases adds it to the logits."""
    model, X = a_model(), images()
    before = model(X)
    model.head[1].bias.add_(3)
    close(model(X), before + 3)


@check
def depth_counts():
    """Each block has weights of its own, and each changes the logits."""
    model, X = a_model(), images()
    before = model(X)
    assert len({id(blk) for blk in model.blks}) == L
    for blk in model.blks:
        blk.mlp.dense2.bias.add_(torch.randn(D))
        after = model(X)
        far(after, before)
        before = after


WEAK = "shapes", "swin shapes", "all ones"


@torch.no_grad()
def kills(name):
    """The checks that a mutant fails, in the order of the table."""
    failed = []
    with installed(name):
        for label, function in CHECKS.items():
            torch.manual_seed(0)
            try:
                function()
            except (AssertionError, RuntimeError):
                failed.append(label)
    return failed


@pytest.fixture(scope="module")
def table():
    return {name: kills(name) for name in MUTANTS}


@pytest.mark.parametrize("label", CHECKS)
@pytest.mark.counted("law checks that the true model passes")
def test_the_true_model_passes(label):
    with torch.no_grad():
        CHECKS[label]()


@pytest.mark.parametrize("name", MUTANTS)
@pytest.mark.counted("mutants killed")
def test_a_law_notices(name, table):
    laws = [label for label in table[name] if label not in WEAK]
    assert laws, f"no law notices {name}: {MUTANTS[name][1].__doc__}"


@pytest.mark.parametrize("name", MUTANTS)
@pytest.mark.counted("mutants that pass the shape check")
def test_shapes_do_not_notice(name, table):
    assert not {"shapes", "swin shapes"} & {*table[name]}


@pytest.mark.parametrize("label", [label for label in CHECKS if label not in WEAK])
@pytest.mark.counted("law checks that notice a mutant")
def test_every_law_notices_something(label, table):
    assert any(label in failed for failed in table.values())


def test_what_ones_do_not_notice(table):
    """Ones, even with values, miss these wrong blocks."""
    for name in (
        "ScaleByWidth", "NoScale", "SplitWithoutTranspose", "MergeWithoutTranspose",
        "ParallelResidual",
    ):  # fmt: skip
        assert "all ones" not in table[name]


def test_the_true_parts_are_back():
    before = vit.ViT
    with contextlib.suppress(KeyError), installed("NoPositions"):
        assert vit.ViT is not before
        raise KeyError
    assert vit.ViT is before


def test_enough_mutants_and_each_says_what_is_wrong():
    assert len(MUTANTS) >= 18
    for _, wrong in MUTANTS.values():
        assert wrong.__doc__.count("\n") == 0


def test_print_the_table(table, tell):
    tell("mutant -> checks that notice it")
    for name, failed in table.items():
        tell(f"  {name}: {', '.join(failed)}")
