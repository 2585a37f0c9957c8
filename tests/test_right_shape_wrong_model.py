"""The museum of mistakes: each is the mistake it is called, and nothing else.

A wrong part is compared with the true one, changed by other means: with exchanged
weights, a replaced layer, a deleted mask.
"""

import copy
import math

import matplotlib
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from vitlib import MultiHeadAttention, ViT, ViTBlock
from vitlib.figures import right_shape_wrong_model as figures
from vitlib.right_shape_wrong_model import MISTAKES, make_wrong
from vitlib.swin import PatchMerging, Swin, SwinBlock

B, C, D, H, K, N = 3, 3, 16, 4, 5, 13
OF_SWIN = SwinBlock, PatchMerging


def model_for(name, seed=0):
    """A small true model that has the part, random weights everywhere, in eval mode."""
    torch.manual_seed(seed)
    if issubclass(MISTAKES[name], OF_SWIN):
        model = Swin(
            (16, 32), 2, D, (2, 2), (2, 4), 4, num_classes=K, in_channels=C
        )  # fmt: skip
    else:
        model = ViT(
            (8, 12), (4, 2), D, 40, H, 2, 0.1, 0.1, use_bias=True, num_classes=K,
            in_channels=C,
        )  # fmt: skip
    for p in model.parameters():
        nn.init.normal_(p, std=0.3)
    return model.eval()


def wrong_for(name):
    return make_wrong(model_for(name), name)


def images(model):
    return torch.randn(B, C, *model.patch_embedding.img_size)


def parts(model, kind):
    return [part for part in model.modules() if isinstance(part, kind)]


def close(found, expected):
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


# Every mistake


@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.counted("mistakes of the museum")
def test_only_the_arithmetic_changes(name):
    true, wrong = model_for(name), wrong_for(name)
    assert not wrong.training
    before, after = true.state_dict(), wrong.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)
    X = images(true)
    assert wrong.embed(X).shape == true.embed(X).shape
    assert wrong(X).shape == (B, K)
    kind = MISTAKES[name].__bases__[0]
    found = [part for part in parts(true, kind) if type(part) is kind]
    assert len(parts(wrong, MISTAKES[name])) == len(found) > 0


@pytest.mark.parametrize("name", [n for n in MISTAKES if "never train" not in n])
def test_the_output_is_another(name):
    true, wrong = model_for(name), wrong_for(name)
    X = images(true)
    gap = (wrong(X) - true(X)).abs().max()
    # A Swin's mean over the map hides most of what a token noticed.
    assert gap > (1e-4 if isinstance(true, Swin) else 1e-3), f"{name}: {gap:.2g}"


@pytest.mark.parametrize("name", MISTAKES)
def test_it_trains(name):
    model = wrong_for(name).train()
    model.loss(model(images(model)), torch.tensor([0, 2, 4])).backward()
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    assert grads
    assert all(grad.isfinite().all() for grad in grads)


def test_names_and_classes_go_together():
    assert len(MISTAKES) == len(set(MISTAKES.values())) == 20
    for name, wrong in MISTAKES.items():
        assert len(wrong.__bases__) == 1
        assert wrong.__doc__, name
        assert "\n" not in wrong.__doc__, name


def test_a_true_model_beside_it_stays_true():
    """The class of one object is exchanged, not the class itself."""
    name = "parallel residual"
    true, X = model_for(name), torch.randn(B, C, 8, 12)
    before = true(X)
    wrong_for(name)
    assert torch.equal(true(X), before)
    assert type(true.blks[0]) is ViTBlock


def test_two_mistakes_in_one_model():
    model = wrong_for("parallel residual")
    make_wrong(model, "no final norm")
    assert isinstance(model, MISTAKES["no final norm"])
    assert isinstance(model.blks[1], MISTAKES["parallel residual"])


# Attention


def attention_and(name):
    """A true attention, the wrong one with its weights, and tokens."""
    true, wrong = model_for(name), wrong_for(name)
    attention = wrong.blks[0].attention
    assert isinstance(attention, MISTAKES[name])
    X = torch.randn(B, N, D)
    close(attention(X), attention.explicit(X)[0])  # fused and explicit are one
    return true.blks[0].attention, attention, X


def test_split_without_transpose_mixes_tokens():
    true, wrong, X = attention_and("heads split without transpose")
    Q = true.W_q(X)
    rows = Q.flatten(1).unflatten(1, (H, N, D // H))  # (B, H, N, D/H)
    assert torch.equal(wrong.split_heads(Q), rows)
    assert torch.equal(wrong.merge_heads(rows), Q)  # consistent, and still wrong
    assert not torch.equal(true.split_heads(Q), rows)


def test_merge_without_transpose_keeps_the_order_in_memory():
    true, wrong, X = attention_and("heads merged without transpose")
    heads = true.split_heads(true.W_v(X))
    assert torch.equal(wrong.split_heads(true.W_v(X)), heads)
    assert torch.equal(wrong.merge_heads(heads).flatten(), heads.flatten())  # (B*N*D,)
    assert not torch.equal(true.merge_heads(heads).flatten(), heads.flatten())  # (..,)


def test_scale_by_width_is_a_smaller_query():
    true, wrong, X = attention_and("scores scaled by the root of D")
    for p in true.W_q.parameters():
        p.data /= math.sqrt(H)
    close(wrong(X), true(X))


def test_softmax_over_queries_has_columns_that_sum_to_1():
    _, wrong, X = attention_and("softmax over the queries")
    weights = wrong.explicit(X)[1]
    close(weights.sum(dim=2), torch.ones(B, H, N))
    assert (weights.sum(dim=3) - 1).abs().max() > 1e-2


def test_across_the_batch_is_attention_of_the_transposed():
    true, wrong, X = attention_and("attention across the batch")
    expected = [true(X[:, n].unsqueeze(0))[0] for n in range(N)]  # B "tokens" each
    close(wrong(X), torch.stack(expected, dim=1))


# The block


def block_and(name):
    return model_for(name).blks[0], wrong_for(name).blks[0], torch.randn(B, N, D)


def test_parallel_residual():
    true, wrong, X = block_and("parallel residual")
    close(wrong(X) - X, true.attention(true.ln1(X)) + true.mlp(true.ln2(X)))


def test_norm_on_the_stream_forgets_the_scale():
    true, wrong, X = block_and("norm on the residual stream")
    close(wrong(10 * X), wrong(X))
    true.ln1 = nn.Identity()  # what came in is already normalized
    normalized = wrong.ln1(X)
    middle = normalized + true.attention(normalized)
    close(wrong(X), normalized + true.mlp(true.ln2(middle)))


def test_one_norm_for_both_branches():
    true, wrong, X = block_and("one norm for both branches")
    true.ln2 = true.ln1
    close(wrong(X), true(X))


def test_norm_applied_twice():
    true, wrong, X = block_and("norm applied twice")
    true.ln1 = nn.Sequential(true.ln1, true.ln1)
    true.ln2 = nn.Sequential(true.ln2, true.ln2)
    close(wrong(X), true(X))


# Patches, positions, head


def vit_and(name):
    true = model_for(name)
    return true, wrong_for(name), images(true)


def test_patches_reshaped():
    true, wrong, X = vit_and("patches reshaped, not transposed")
    tokens = true.patch_embedding(X)
    by_channel = tokens.mT.reshape(B, N - 1, D)  # (B, D, N) -> (B, N, D)
    close(wrong.patch_embedding(X), by_channel)


def test_one_position_for_all():
    true, wrong, X = vit_and("one position for all patches")
    true.pos_embedding.data[:] = true.pos_embedding[:, :1].clone()
    close(wrong(X), true(X))


def test_positions_before_the_class_token():
    true, wrong, X = vit_and("positions before the class token")
    true.pos_embedding.data[:, 0] = 0
    close(wrong(X), true(X))


def test_positions_that_never_train_compute_the_same():
    true, wrong, X = vit_and("positions that never train")
    assert torch.equal(wrong(X), true(X))
    wrong(X).sum().backward()
    assert wrong.pos_embedding.grad is None
    assert all(p.grad is not None for p in wrong.blks.parameters())


def test_class_token_at_the_end():
    true, wrong, X = vit_and("class token at the end")
    tokens = wrong.embed(X) - wrong.pos_embedding
    close(tokens[:, :-1], true.patch_embedding(X))
    close(tokens[:, -1:], true.cls_token.expand(B, 1, D))
    close(wrong(X), true.head(true.blks(wrong.embed(X))[:, 0]))  # still token 0


def test_no_final_norm():
    true, wrong, X = vit_and("no final norm")
    true.head[0] = nn.Identity()
    close(wrong(X), true(X))


def test_softmax_in_the_model():
    true, wrong, X = vit_and("softmax in the model")
    close(wrong(X), F.softmax(true(X), dim=1))


def test_dropout_in_eval():
    true, wrong, X = vit_and("dropout in eval")
    true, wrong = true.embed(X), wrong.embed(X)
    kept = wrong != 0
    assert 0.8 < kept.float().mean() < 0.98  # 1 in 10 of 624 is dropped
    close(wrong[kept], (true / 0.9)[kept])


# Windows


def swin_and(name):
    """The two blocks of stage 1, true and wrong, and a map of tokens."""
    kind = MISTAKES[name].__bases__[0]
    true, wrong = model_for(name), wrong_for(name)
    return parts(true, kind)[:2], parts(wrong, kind)[:2], torch.randn(B, 8, 16, D)


def test_no_mask_after_the_roll():
    true, wrong, X = swin_and("no mask after the roll")
    close(wrong[0].attend(X), true[0].attend(X))  # nothing to mask without a shift
    true[1].mask = None
    close(wrong[1].attend(X), true[1].attend(X))


def test_not_rolled_back():
    true, wrong, X = swin_and("not rolled back")
    close(wrong[0].attend(X), true[0].attend(X))
    shift = true[1].shift
    assert shift == 2
    close(wrong[1].attend(X).roll((shift, shift), dims=(1, 2)), true[1].attend(X))


def test_one_of_four_merged():
    true, wrong, X = swin_and("one of four merged")
    copied = X[:, ::2, ::2].repeat_interleave(2, dim=1).repeat_interleave(2, dim=2)
    close(wrong[0](X), true[0](copied))


# make_wrong


def test_window_attention_is_not_the_attention_of_a_vit():
    """A Swin's attention is a subclass of a ViT's; it is left alone."""
    swin = model_for("not rolled back")
    with pytest.raises(ValueError, match="which Swin does not have"):
        make_wrong(swin, "softmax over the queries")
    assert all(type(part) is not MultiHeadAttention for part in swin.modules())


def test_a_part_alone_can_be_made_wrong():
    block = copy.deepcopy(model_for("parallel residual").blks[0])
    assert make_wrong(block, "parallel residual") is block
    assert isinstance(block, MISTAKES["parallel residual"])


# The pictures


def test_accuracies_are_drawn_best_above():
    figures.accuracies({"right": [0.9, 0.88]}, {"good": [0.95, 0.94], "poor": [0.1]})
    ax = matplotlib.pyplot.gca()
    assert [t.get_text() for t in ax.get_yticklabels()] == ["poor", "right", "good"]
    assert "10.0%" in ax.texts[0].get_text()


def test_kill_matrix_has_a_cell_for_each_pair():
    table = {"shapes": {"a": False, "b": False}, "some_law": {"a": True}}
    figures.kill_matrix(table, ["a", "b"], ["shapes", "some_law"], 1)
    ax = matplotlib.pyplot.gca()
    cells = ax.collections[0].get_array().reshape(2, 2)  # (mistakes, checks)
    assert cells.tolist() == [[1, 2], [1, 0]]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["shapes", "some law"]
