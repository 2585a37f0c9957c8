"""The whole model: counts, published weights, gradients, cost."""

import pytest
import torch
import torchvision
from torch import nn
from torch.testing import assert_close

from vitlib import ViT
from vitlib.cost import count_macs, count_parameters, vit_macs, vit_parameters
from vitlib.lean import LeanViT
from vitlib.pretrained import load_torchvision
from vitlib.vit import PRESETS

# Ti, S, B, L: models_test.py of google-research/vision_transformer; H: computed
# in the same way, at 224 pixels and 1000 classes.
PUBLISHED = {
    "Ti/16": 5_717_416,
    "S/16": 22_050_664,
    "B/16": 86_567_656,
    "L/16": 304_326_632,
    "H/14": 632_045_800,
}


def small(kind=ViT, **changes):
    """A model of images that are not square, with three channels."""
    config = dict(
        img_size=(8, 12), patch_size=(4, 2), num_hiddens=16, mlp_num_hiddens=40,
        num_heads=4, num_blks=3, emb_dropout=0.0, blk_dropout=0.0, in_channels=3,
        num_classes=5,
    )  # fmt: skip
    return kind(**{**config, **changes})


def images(batch=2):
    return torch.randn(batch, 3, 8, 12)


def test_shapes():
    model, X = small(), images()
    assert model(X).shape == (2, 5)
    assert model.embed(X).shape == (2, 13, 16)
    weights = model.attention_weights(X)
    assert [w.shape for w in weights] == 3 * [(2, 4, 13, 13)]


def d2l_model():
    """The one of D2L 11.8.6, with its one channel and ten classes."""
    return ViT(96, 16, 512, 2048, 8, 2, 0.1, 0.1, 0.1)


def test_parameters_of_d2l_model():
    with torch.device("meta"):
        model = d2l_model()
    assert count_parameters(model) == 6_457_866
    parts = vit_parameters(96, 16, 512, 2048, 2, 1, 10, use_bias=False)
    assert parts == {
        "patch_embedding": 131_584,
        "cls_token": 512,
        "pos_embedding": 18_944,
        "blks": 2 * 3_150_336,
        "final_norm": 1024,
        "head": 5130,
    }
    assert sum(parts.values()) == 6_457_866


def test_every_preset_is_in_the_table():
    assert PRESETS.keys() == PUBLISHED.keys()


@pytest.mark.parametrize("name", PRESETS)
def test_parameters_of_presets(name):
    with torch.device("meta"):
        model = ViT.from_preset(name)
    assert model.dropout.p == model.blks[0].attention.dropout == 0
    P, D, D_mlp, _, L = PRESETS[name]
    parts = vit_parameters(224, P, D, D_mlp, L)
    assert count_parameters(model) == sum(parts.values()) == PUBLISHED[name]
    of_part = {
        "patch_embedding": model.patch_embedding,
        "blks": model.blks,
        "final_norm": model.head[0],
        "head": model.head[1],
    }
    for part, module in of_part.items():
        assert count_parameters(module) == parts[part]
    assert {blk.ln1.eps for blk in model.blks} == {model.head[0].eps} == {1e-6}


def test_frozen_parameters_are_not_counted():
    model = small()
    before = count_parameters(model)
    model.pos_embedding.requires_grad_(False)
    assert count_parameters(model) == before - 13 * 16


def test_base_model_without_biases_is_36864_smaller():
    args = (224, 16, 768, 3072, 12)
    without = sum(vit_parameters(*args, use_bias=False).values())
    assert without == 86_530_792 == PUBLISHED["B/16"] - 12 * 4 * 768


# img_size, patch_size, D, D_mlp, H, L, C, K
COSTS = [
    (28, 7, 32, 128, 4, 2, 1, 10),
    (96, 16, 64, 100, 8, 3, 1, 10),
    ((8, 12), (4, 2), 16, 40, 4, 1, 3, 5),
    ((32, 16), 8, 24, 96, 1, 2, 2, 7),
]


@pytest.mark.parametrize("use_bias", [False, True])
@pytest.mark.parametrize("config", COSTS)
def test_cost_formulas_are_what_pytorch_counts(config, use_bias):
    img_size, patch_size, D, D_mlp, H, L, C, K = config
    model = ViT(
        img_size, patch_size, D, D_mlp, H, L, 0.0, 0.0, use_bias=use_bias,
        num_classes=K, in_channels=C,
    )  # fmt: skip
    parts = vit_parameters(img_size, patch_size, D, D_mlp, L, C, K, use_bias)
    assert count_parameters(model) == sum(parts.values())
    macs = vit_macs(img_size, patch_size, D, D_mlp, L, C, K)
    for batch in (1, 3):
        X = torch.randn(batch, C, *model.patch_embedding.img_size)
        assert count_macs(model, X) == batch * sum(macs.values())


def torchvision_small():
    """A torchvision ViT of square images; theirs takes no other."""
    return torchvision.models.VisionTransformer(
        image_size=32, patch_size=8, num_layers=3, num_heads=4, hidden_dim=48,
        mlp_dim=100, num_classes=7,
    )  # fmt: skip


def small_as_torchvision():
    return ViT(
        32, 8, 48, 100, 4, 3, 0.0, 0.0, use_bias=True, num_classes=7,
        in_channels=3, norm_eps=1e-6,
    )  # fmt: skip


def fill_what_torchvision_leaves_zero(theirs):
    """Its head and class token start at 0, and would hide a mistake there."""
    theirs.heads.head.reset_parameters()
    nn.init.normal_(theirs.class_token, std=0.02)


@torch.no_grad()
def test_torchvision_weights_give_the_same_logits():
    theirs = torchvision_small().eval()
    for p in theirs.parameters():
        nn.init.normal_(p, std=0.3)
    ours = load_torchvision(small_as_torchvision(), theirs.state_dict()).eval()
    X = torch.randn(4, 3, 32, 32)
    expected = theirs(X)
    assert expected.abs().max() > 1
    assert (ours(X) - expected).abs().max() <= 1e-5 * expected.abs().max()


@torch.no_grad()
def test_torchvision_b_16_gives_the_same_logits():
    theirs = torchvision.models.vit_b_16(weights=None).eval()
    fill_what_torchvision_leaves_zero(theirs)
    with torch.device("meta"):
        ours = ViT.from_preset("B/16")
    ours = load_torchvision(ours.to_empty(device="cpu"), theirs.state_dict()).eval()
    X = torch.randn(1, 3, 224, 224)
    expected = theirs(X)
    assert expected.abs().max() > 0.1
    gap = (ours(X) - expected).abs().max()
    assert gap <= 1e-5
    assert gap <= 1e-5 * expected.abs().max()


def test_torchvision_weights_in_the_wrong_place_would_be_noticed():
    theirs = torchvision_small().eval()
    for p in theirs.parameters():
        nn.init.normal_(p, std=0.3)
    state = theirs.state_dict()
    for i in range(3):  # queries, keys, values -> keys, queries, values
        name = f"encoder.layers.encoder_layer_{i}.self_attention.in_proj_weight"
        q, k, v = state[name].chunk(3)
        state[name] = torch.cat((k, v, q))
    X = torch.randn(4, 3, 32, 32)
    ours = load_torchvision(small_as_torchvision(), state).eval()
    assert (ours(X) - theirs(X)).abs().max() > 0.1


def test_every_parameter_receives_a_gradient():
    for model in (small(), small(use_bias=True)):
        # From random values everywhere: the class token starts at 0.
        nn.init.normal_(model.cls_token)
        model.loss(model(images(4)), torch.tensor([0, 1, 2, 4])).backward()
        for name, p in model.named_parameters():
            assert p.grad is not None, name
            # A bias of the keys moves all scores of a query alike: softmax
            # ignores it, and its gradient is rounding noise around 0.
            if not name.endswith("W_k.bias"):
                assert p.grad.abs().max() > 1e-7, name


def test_bias_of_the_keys_changes_nothing():
    model, X = small(use_bias=True), images()
    before = model(X)
    for blk in model.blks:
        nn.init.normal_(blk.attention.W_k.bias)
    assert_close(model(X), before, rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", [ViT, LeanViT])
def test_eval_is_deterministic_and_has_no_dropout(kind):
    model = small(kind, emb_dropout=0.5, blk_dropout=0.5)
    without = small(kind)
    without.load_state_dict(model.state_dict())
    X = images()
    assert not torch.equal(model(X), model(X))
    model.eval()
    assert torch.equal(model(X), model(X))
    assert torch.equal(model(X), without(X))


@pytest.mark.parametrize("where", ["embedding", "blocks"])
def test_each_dropout_is_where_it_is_said_to_be(where):
    rates = {"emb_dropout": 0.0, "blk_dropout": 0.0}
    rates["emb_dropout" if where == "embedding" else "blk_dropout"] = 0.5
    model, X = small(**rates), images(8)
    zeros = (model.embed(X) == 0).float().mean()
    assert abs(zeros - (0.5 if where == "embedding" else 0)) < 0.1
    for blk in model.blks:
        tokens = torch.randn(8, 13, 16)
        for part in (blk.attention, blk.mlp):
            changes = not torch.equal(part(tokens), part(tokens))
            assert changes == (where == "blocks")


def test_class_token_is_token_0_and_positions_are_added_to_all():
    model, X = small(), images()
    nn.init.normal_(model.cls_token)
    tokens = model.embed(X) - model.pos_embedding
    expected = model.cls_token[0].expand(2, 1, -1)
    assert_close(tokens[:, :1], expected, rtol=0, atol=1e-6)
    assert_close(tokens[:, 1:], model.patch_embedding(X), rtol=0, atol=1e-6)


def test_positions_start_small_and_different():
    model = ViT(96, 8, 64, 64, 1, 1, 0.0, 0.0)
    positions = model.pos_embedding[0]
    assert positions.shape == (145, 64)
    assert abs(positions.std() - 0.02) < 0.001
    assert torch.cdist(positions, positions).fill_diagonal_(1).min() > 0.1
    assert (model.cls_token == 0).all()


def test_an_image_does_not_see_the_rest_of_its_batch():
    model, X = small().eval(), images(4)
    alone = torch.cat([model(X[i : i + 1]) for i in range(4)])
    assert_close(model(X), alone, rtol=0, atol=1e-5)


def test_attention_weights_are_those_of_the_forward_pass():
    model, X = small(), images()
    model.eval()
    weights = model.attention_weights(X)
    # Attention again from these weights alone, block by block.
    X = model.embed(X)
    for blk, w in zip(model.blks, weights, strict=True):
        heads = w @ blk.attention.split_heads(blk.attention.W_v(blk.ln1(X)))
        middle = X + blk.attention.W_o(blk.attention.merge_heads(heads))
        assert_close(blk(X), middle + blk.mlp(blk.ln2(middle)), rtol=0, atol=1e-5)
        X = blk(X)


def test_d2l_call_by_position():
    model = ViT(96, 16, 32, 64, 4, 1, 0.1, 0.1, 0.05, True, 7)
    assert model.lr == 0.05
    assert model.blks[0].attention.W_q.bias is not None
    assert model(torch.randn(2, 1, 96, 96)).shape == (2, 7)
