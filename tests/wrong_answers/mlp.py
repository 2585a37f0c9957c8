"""Wrong answers to the exercises on the MLP of a block."""

import math

import torch
from answers import wrong, wrong_value

# 1, GELU and its slope


def _below(x):
    return 0.5 * (1 + torch.erf(x / math.sqrt(2)))


def _density(x):
    return torch.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _slope(x):
    return _below(x) + x * _density(x)


@wrong("mlp.1", "the form with the hyperbolic tangent")
def gelu_by_tanh(x):
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    return 0.5 * x * (1 + torch.tanh(inner)), _slope(x)


@wrong("mlp.1", "the coarser of the two")
def gelu_by_sigmoid(x):
    return x * torch.sigmoid(1.702 * x), _slope(x)


@wrong("mlp.1", "`y` is ReLU")
def gelu_as_relu(x):
    return x.relu(), (x > 0).float()


@wrong("mlp.1", "`y` is SiLU")
def gelu_as_silu(x):
    return x * torch.sigmoid(x), _slope(x)


@wrong("mlp.1", "`x` times the bell curve")
def gelu_of_the_density(x):
    return x * _density(x), _slope(x)


@wrong("mlp.1", "`y` is a probability")
def gelu_without_x(x):
    return _below(x), _slope(x)


@wrong("mlp.1", "the normal distribution of another variance")
def gelu_of_bare_erf(x):
    return 0.5 * x * (1 + torch.erf(x)), _slope(x)


@wrong("mlp.1", "`y` is not GELU, nor one of its two approximations")
def gelu_of_the_tail(x):
    return x * (1 - _below(x)), _slope(x)


@wrong("mlp.1", "Does the second factor not change")
def gelu_with_one_factor_differentiated(x):
    return x * _below(x), _below(x)


@wrong("mlp.1", "only one of the two terms")
def gelu_with_the_other_factor_differentiated(x):
    return x * _below(x), x * _density(x)


@wrong("mlp.1", "a factor is lost")
def gelu_with_a_factor_lost(x):
    return x * _below(x), _below(x) + _density(x)


@wrong("mlp.1", "`slope` is that of ReLU")
def gelu_with_the_slope_of_relu(x):
    return x * _below(x), (x > 0).float()


@wrong("mlp.1", "`slope` is not its derivative")
def gelu_with_a_flat_bell(x):
    return x * _below(x), _below(x) + x * torch.exp(-x * x / 2)


@wrong("mlp.1", "Expected the pair (y, slope)")
def gelu_without_slope(x):
    return x * _below(x)


# 2, the two layers


@wrong("mlp.2", "but output token 0 depends on")
def mlp_with_mean_added(X, W1, b1, W2, b2, act):
    return act(X @ W1 + b1) @ W2 + b2 + X.mean(-2, keepdim=True)


@wrong("mlp.2", "image 0 changes when only the other images do")
def mlp_mixing_the_batch(X, W1, b1, W2, b2, act):
    hidden = act(X @ W1 + b1)
    return (hidden - hidden.mean(0)) @ W2 + b2


@wrong("mlp.2", "Position-wise means")
def mlp_through_a_transposed_sequence(X, W1, b1, W2, b2, act):
    flat = X.transpose(-1, -2).reshape(X.shape)  # (B, N, D) -> (B, D, N) -> (B, N, D)
    return act(flat @ W1 + b1) @ W2 + b2


@wrong("mlp.2", "The bend stands at the end")
def mlp_with_act_at_the_end(X, W1, b1, W2, b2, act):
    return act((X @ W1 + b1) @ W2 + b2)


@wrong("mlp.2", "There is a bend behind each layer")
def mlp_with_act_twice(X, W1, b1, W2, b2, act):
    return act(act(X @ W1 + b1) @ W2 + b2)


@wrong("mlp.2", "`b1` comes after the bend")
def mlp_with_late_bias(X, W1, b1, W2, b2, act):
    return (act(X @ W1) + b1) @ W2 + b2


@wrong("mlp.2", "The input is added to the output")
def mlp_with_residual(X, W1, b1, W2, b2, act):
    return X + act(X @ W1 + b1) @ W2 + b2


@wrong("mlp.2", "does not depend on `b1`")
def mlp_without_b1(X, W1, b1, W2, b2, act):
    return act(X @ W1) @ W2 + b2


@wrong("mlp.2", "does not depend on `b2`")
def mlp_without_b2(X, W1, b1, W2, b2, act):
    return act(X @ W1 + b1) @ W2


@wrong("mlp.2", "does not depend on `act`")
def mlp_with_its_own_gelu(X, W1, b1, W2, b2, act):
    return torch.nn.functional.gelu(X @ W1 + b1) @ W2 + b2


@wrong("mlp.2", "does not depend on `act`")
def mlp_without_a_bend(X, W1, b1, W2, b2, act):
    return (X @ W1 + b1) @ W2 + b2


@wrong("mlp.2", "two linear layers with `act` between them")
def mlp_with_a_doubled_layer(X, W1, b1, W2, b2, act):
    return 2 * act(X @ W1 + b1) @ W2 + b2


@wrong("mlp.2", "not enough values to unpack")
def mlp_for_batches_only(X, W1, b1, W2, b2, act):
    B, N, D = X.shape
    flat = X.reshape(B * N, D)  # (B, N, D) -> (B * N, D)
    Y = act(flat @ W1 + b1) @ W2 + b2
    return Y.reshape(B, N, D)  # (B * N, D) -> (B, N, D)


# 3, dropout


@wrong("mlp.3", "Nothing was dropped")
def dropout_in_evaluation_mode(X, p, U):
    return X


@wrong("mlp.3", "What happens to the mean?")
def dropout_unscaled(X, p, U):
    return X * (p <= U)


@wrong("mlp.3", "what stays and what goes are exchanged")
def dropout_the_other_way_round(X, p, U):
    return X * (p > U) / (1 - p)


@wrong("mlp.3", "what stays and what goes are exchanged")
def dropout_keeping_p(X, p, U):
    return X * (p > U) / p


@wrong("mlp.3", "What stays became smaller")
def dropout_scaled_down(X, p, U):
    return X * (p <= U) * (1 - p)


@wrong("mlp.3", "the share that happened to stay")
def dropout_by_the_share(X, p, U):
    keep = (p <= U).float()
    return X * keep / keep.mean()


@wrong("mlp.3", "the mask of image 0")
def dropout_with_one_mask(X, p, U):
    return X * (p <= U[:1]) / (1 - p)


@wrong("mlp.3", "Tokens are dropped whole")
def dropout_of_tokens(X, p, U):
    return X * (p <= U[:, :, :1]) / (1 - p)


@wrong("mlp.3", "those that stay are not scaled")
def dropout_scaled_by_p(X, p, U):
    return X * (p <= U) / p


@wrong("mlp.3", "not those that the task says")
def dropout_of_its_own(X, p, U):
    return X * (p <= torch.rand(X.shape)) / (1 - p)


# 4, when attention costs more


def _crossings(D, r):
    side = 16 * math.ceil(math.sqrt(r * D))
    return {"projections": 2 * D + 1, "mlp": r * D + 1, "side": side}


@wrong_value("mlp.4", "for 'projections' are equal")
def crossing_at_equality(D, r):
    return {"projections": 2 * D, "mlp": r * D, "side": 16 * D}


@wrong_value("mlp.4", "for 'mlp' are equal")
def crossing_of_mlp_at_equality(D, r):
    return _crossings(D, r) | {"mlp": r * D}


@wrong_value("mlp.4", "In 'mlp', one product of all pairs of tokens is forgotten")
def crossing_of_scores_alone(D, r):
    return _crossings(D, r) | {"mlp": 2 * r * D + 1}


@wrong_value("mlp.4", "One projection is missing")
def crossing_of_three_projections(D, r):
    return _crossings(D, r) | {"projections": 3 * D // 2 + 1}


@wrong_value("mlp.4", "one layer of its two")
def crossing_of_half_the_mlp(D, r):
    return _crossings(D, r) | {"mlp": r * D // 2 + 1}


@wrong_value("mlp.4", "the hidden width is 4 D")
def crossing_of_ratio_4(D, r):
    return _crossings(D, r) | {"mlp": 4 * D + 1}


@wrong_value("mlp.4", "counts patches; pixels are asked for")
def crossing_in_patches(D, r):
    return _crossings(D, r) | {"side": math.ceil(math.sqrt(r * D))}


@wrong_value("mlp.4", "does not have enough tokens yet")
def crossing_rounded_down(D, r):
    return _crossings(D, r) | {"side": 16 * math.floor(math.sqrt(r * D - 1))}


@wrong_value("mlp.4", "The number for 'side' is not right")
def crossing_with_a_side_for_each_token(D, r):
    return _crossings(D, r) | {"side": 16 * (r * D + 1)}


# Only for the shapes of the chapter


@wrong("mlp.1", "not enough values to unpack")
def three_axes(x):
    _, _, _ = x.shape
    below = 0.5 * (1 + torch.erf(x / math.sqrt(2)))
    density = torch.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    return x * below, below + x * density


@wrong("mlp.2", "The shape of the result for a batch of one image is")
def batch_of_one_loses_its_axis(X, W1, b1, W2, b2, act):
    X = X if X.dim() == 3 else X.unsqueeze(0)
    return (act(X @ W1 + b1) @ W2 + b2).squeeze(0)


@wrong("mlp.3", "An entry of `U` that is equal to `p`")
def equal_is_dropped(X, p, U):
    return X * (p < U) / (1 - p)


@wrong("mlp.3", "The shape of the result for a batch of one is")
def squeezed_dropout(X, p, U):
    return (X * (p <= U) / (1 - p)).squeeze(0)
