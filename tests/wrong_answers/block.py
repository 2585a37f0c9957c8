"""Wrong answers to the exercises on the encoder block."""

import math

import torch
from answers import wrong, wrong_value

# 1, splitting the heads


@wrong("block.1", "head 0 does not hold a part of every token")
def split_without_transpose(X, num_heads):
    B, N, D = X.shape
    return X.reshape(B, num_heads, N, D // num_heads)  # (B, H, N, D/H)


@wrong("block.1", "every H-th number of the width")
def split_as_a_comb(X, num_heads):
    B, N, D = X.shape
    X = X.reshape(B, N, D // num_heads, num_heads)  # (B, N, D/H, H)
    return X.permute(0, 3, 1, 2)  # (B, H, N, D/H)


@wrong("block.1", "The shape of the result is")
def split_without_moving_the_axis(X, num_heads):
    B, N, D = X.shape
    return X.reshape(B, N, num_heads, D // num_heads)  # (B, N, H, D/H)


@wrong("block.1", "each number of the input exactly once")
def split_repeating_one_head(X, num_heads):
    d = X.shape[2] // num_heads
    return X[:, None, :, :d].repeat(1, num_heads, 1, 1)


@wrong("block.1", "does not hold its own part")
def split_in_reverse(X, num_heads):
    B, N, D = X.shape
    X = X.reshape(B, N, num_heads, D // num_heads)  # (B, N, H, D/H)
    return X.transpose(1, 2).flip(1)  # (B, H, N, D/H)


# 2, scaled dot-product attention


@wrong("block.2", "not scaled at all")
def attend_without_scale(Q, K, V):
    weights = (Q @ K.transpose(2, 3)).softmax(dim=3)  # (B, H, N, N)
    return weights @ V, weights


@wrong("block.2", "divided by the width of a head itself")
def attend_without_root(Q, K, V):
    weights = (Q @ K.transpose(2, 3) / Q.shape[3]).softmax(dim=3)  # (B, H, N, N)
    return weights @ V, weights


@wrong("block.2", "scaled by the width of all heads")
def attend_scaled_by_the_full_width(Q, K, V):
    D = Q.shape[1] * Q.shape[3]
    weights = (Q @ K.transpose(2, 3) / math.sqrt(D)).softmax(dim=3)  # (B, H, N, N)
    return weights @ V, weights


@wrong("block.2", "The weights of each key sum to 1")
def attend_softmax_over_queries(Q, K, V):
    scores = Q @ K.transpose(2, 3) / math.sqrt(Q.shape[3])  # (B, H, N, N)
    weights = scores.softmax(dim=2)
    return weights @ V, weights


@wrong("block.2", "must not be negative")
def attend_without_softmax(Q, K, V):
    weights = Q @ K.transpose(2, 3) / math.sqrt(Q.shape[3])  # (B, H, N, N)
    return weights @ V, weights


@wrong("block.2", "not the softmax of its scaled products")
def attend_to_transposed_scores(Q, K, V):
    scores = K @ Q.transpose(2, 3) / math.sqrt(Q.shape[3])  # (B, H, N, N)
    weights = scores.softmax(dim=3)
    return weights @ V, weights


@wrong("block.2", "not their average of the values")
def attend_averaging_keys(Q, K, V):
    scores = Q @ K.transpose(2, 3) / math.sqrt(Q.shape[3])  # (B, H, N, N)
    weights = scores.softmax(dim=3)
    return weights @ K, weights


# 3, all heads


def _heads(X, num_heads):
    return X.unflatten(2, (num_heads, -1)).transpose(1, 2)  # (B, H, N, D/H)


def _attend(Q, K, V, width):
    scores = Q @ K.transpose(2, 3) / math.sqrt(width)  # (B, H, N, N)
    return scores.softmax(dim=3) @ V


@wrong("block.3", "Were the heads made by a reshape alone")
def heads_split_and_merged_without_transpose(X, W_q, W_k, W_v, W_o, num_heads):
    B, N, D = X.shape
    shape = B, num_heads, N, D // num_heads
    Q, K, V = ((X @ W).reshape(shape) for W in (W_q, W_k, W_v))  # (B, H, N, D/H)
    Y = _attend(Q, K, V, D // num_heads)
    return Y.reshape(B, N, D) @ W_o  # (B, H, N, D/H) -> (B, N, D)


@wrong("block.3", "Are the heads merged back the way they were split?")
def heads_merged_without_transpose(X, W_q, W_k, W_v, W_o, num_heads):
    Q, K, V = (_heads(X @ W, num_heads) for W in (W_q, W_k, W_v))
    Y = _attend(Q, K, V, Q.shape[3])
    return Y.reshape(X.shape) @ W_o  # (B, H, N, D/H) -> (B, N, D)


@wrong("block.3", "does not depend on `W_o`")
def heads_without_output_projection(X, W_q, W_k, W_v, W_o, num_heads):
    Q, K, V = (_heads(X @ W, num_heads) for W in (W_q, W_k, W_v))
    return _attend(Q, K, V, Q.shape[3]).transpose(1, 2).flatten(2)  # (B, N, D)


@wrong("block.3", "image 0 changes when only the other images do")
def heads_across_the_batch(X, W_q, W_k, W_v, W_o, num_heads):
    X = X.transpose(0, 1)  # (B, N, D) -> (N, B, D)
    Q, K, V = (_heads(X @ W, num_heads) for W in (W_q, W_k, W_v))
    Y = _attend(Q, K, V, Q.shape[3]).transpose(1, 2).flatten(2)  # (N, B, D)
    return (Y @ W_o).transpose(0, 1)  # (N, B, D) -> (B, N, D)


@wrong("block.3", "the weights act as W.T")
def heads_of_transposed_weights(X, W_q, W_k, W_v, W_o, num_heads):
    Q, K, V = (_heads(X @ W.T, num_heads) for W in (W_q, W_k, W_v))
    Y = _attend(Q, K, V, Q.shape[3]).transpose(1, 2).flatten(2)  # (B, N, D)
    return Y @ W_o.T


@wrong("block.3", "look at the scale of the scores")
def heads_scaled_by_the_full_width(X, W_q, W_k, W_v, W_o, num_heads):
    Q, K, V = (_heads(X @ W, num_heads) for W in (W_q, W_k, W_v))
    Y = _attend(Q, K, V, X.shape[2]).transpose(1, 2).flatten(2)  # (B, N, D)
    return Y @ W_o


# 4, the order of a block


@wrong("block.4", "both branches work side by side")
def block_in_parallel(X, ln1, attention, ln2, mlp):
    return X + attention(ln1(X)) + mlp(ln2(X))


@wrong("block.4", "that is post-norm")
def block_with_post_norm(X, ln1, attention, ln2, mlp):
    X = ln1(X + attention(X))
    return ln2(X + mlp(X))


@wrong("block.4", "What is kept is the normalized X")
def block_with_norm_on_the_stream(X, ln1, attention, ln2, mlp):
    X = ln1(X)
    Z = attention(X)
    return X + Z + mlp(ln2(X + Z))


@wrong("block.4", "the second one is never called")
def block_with_one_norm(X, ln1, attention, ln2, mlp):
    X = X + attention(ln1(X))
    return X + mlp(ln1(X))


@wrong("block.4", "the residual connections are missing")
def block_without_residual(X, ln1, attention, ln2, mlp):
    return mlp(ln2(attention(ln1(X))))


@wrong("block.4", "the second residual connection is missing")
def block_with_one_residual(X, ln1, attention, ln2, mlp):
    X = X + attention(ln1(X))
    return mlp(ln2(X))


@wrong("block.4", "that no norm has touched")
def block_with_a_bare_mlp(X, ln1, attention, ln2, mlp):
    X = X + attention(ln1(X))
    return X + mlp(X)


@wrong("block.4", "the order is not that of eqs. 2 and 3")
def block_with_mlp_first(X, ln1, attention, ln2, mlp):
    X = X + mlp(ln2(X))
    return X + attention(ln1(X))


# 5, counting


def _counts(D, r):
    return {"attention": 4 * D * D, "mlp": 2 * r * D * D + r * D + D, "norms": 4 * D}


@wrong_value("block.5", "one projection more than you counted")
def count_without_output_projection(D, r):
    return _counts(D, r) | {"attention": 3 * D * D}


@wrong_value("block.5", "its projections have none here")
def count_with_biases(D, r):
    return _counts(D, r) | {"attention": 4 * D * D + 4 * D}


@wrong_value("block.5", "without its biases")
def count_mlp_without_biases(D, r):
    return _counts(D, r) | {"mlp": 2 * r * D * D}


@wrong_value("block.5", "off by a factor of 2")
def count_one_norm(D, r):
    return _counts(D, r) | {"norms": 2 * D}


@wrong_value("block.5", "The number for 'mlp' is not right")
def count_with_ratio_4(D, r):
    return _counts(D, r) | {"mlp": 8 * D * D + 6 * D}


@wrong_value("block.5", "Expected the number for 'mlp' to be an int")
def count_in_words(D, r):
    return _counts(D, r) | {"mlp": "8 D^2"}


# Only for a batch, or for one number of heads


@wrong("block.1", "The shape of the result for a batch of one is")
def squeezed_heads(X, num_heads):
    return torch.stack(X.chunk(num_heads, dim=2), dim=1).squeeze(0)


@wrong("block.2", "The first image of the batch gives something else when it comes")
def softmax_of_a_batch_of_one(Q, K, V):
    axis = 3 if len(Q) > 1 else 2
    weights = (Q @ K.mT / Q.shape[3] ** 0.5).softmax(dim=axis)
    return weights @ V, weights


def _heads_of(X, W_q, W_k, W_v, W_o, H):
    Q, K, V = ((X @ W).unflatten(2, (H, -1)) for W in (W_q, W_k, W_v))
    Q, K, V = (Z.transpose(1, 2) for Z in (Q, K, V))  # (B, H, N, D/H)
    weights = (Q @ K.mT / Q.shape[3] ** 0.5).softmax(dim=3)
    return (weights @ V).transpose(1, 2).flatten(2) @ W_o  # (B, N, D)


@wrong("block.3", "heads the result is right, with")
def heads_at_least_four_wide(X, W_q, W_k, W_v, W_o, num_heads):
    if X.shape[2] // num_heads < 4:
        num_heads //= 2
    return _heads_of(X, W_q, W_k, W_v, W_o, num_heads)


@wrong("block.3", "The shape of the result for a batch of one is")
def squeezed_attention(X, W_q, W_k, W_v, W_o, num_heads):
    return _heads_of(X, W_q, W_k, W_v, W_o, num_heads).squeeze(0)
