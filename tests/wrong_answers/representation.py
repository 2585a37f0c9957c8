"""Wrong answers to the exercises on features and representations."""

import torch
from answers import wrong, wrong_value
from torch.nn import functional as F

# 1, CKA of two tables


def _centered(K):
    K = K - K.mean(dim=0)
    return K - K.mean(dim=1, keepdim=True)


def _cosine(K, L):
    return ((K * L).sum() / (K.norm() * L.norm())).item()


@wrong("representation.1", "as they came, not centered")
def cka_not_centered(K, L):
    return _cosine(K, L)


@wrong("representation.1", "centered along one axis only")
def cka_centered_by_columns(K, L):
    return _cosine(K - K.mean(dim=0), L - L.mean(dim=0))


@wrong("representation.1", "One number was taken from every entry")
def cka_centered_by_one_number(K, L):
    return _cosine(K - K.mean(), L - L.mean())


@wrong("representation.1", "nothing takes their size away")
def cka_not_normalized(K, L):
    return (_centered(K) * _centered(L)).sum().item()


@wrong("representation.1", "divided by the squares of both sizes")
def cka_divided_by_squares(K, L):
    K, L = _centered(K), _centered(L)
    return (K * L).sum() / (K.square().sum() * L.square().sum())


@wrong("representation.1", "not the cosine of the two centered tables")
def cka_of_matrix_products(K, L):
    K, L = _centered(K), _centered(L)
    return (K @ L).norm() ** 2 / ((K @ K).norm() * (L @ L).norm())


@wrong("representation.1", "Expected the answer to be a finite number")
def cka_entry_by_entry(K, L):
    K, L = _centered(K), _centered(L)
    return K * L / (K.norm() * L.norm())


# 2, the probe


def _solve(X, Y, lam):
    gram = X.T @ X / len(X) + lam * torch.eye(X.shape[1])
    return torch.linalg.solve(gram, X.T @ Y / len(X))


def _fit(X, y, num_classes, lam):
    Y, mean = F.one_hot(y, num_classes).float(), X.mean(0)
    W = _solve(X - mean, Y - Y.mean(0), lam)
    return W, Y.mean(0) - mean @ W


@wrong("representation.2", "The bias is held down, too")
def probe_with_a_column_of_ones(X, y, num_classes, lam):
    X = torch.cat((X, torch.ones(len(X), 1)), dim=1)
    W = _solve(X, F.one_hot(y, num_classes).float(), lam)
    return W[:-1], W[-1]


@wrong("representation.2", "W does not depend on `lam`")
def probe_without_strength(X, y, num_classes, lam):
    return _fit(X, y, num_classes, 0.0)


@wrong("representation.2", "b is 0 throughout")
def probe_without_bias(X, y, num_classes, lam):
    W = _solve(X, F.one_hot(y, num_classes).float(), lam)
    return W, torch.zeros(num_classes)


@wrong("representation.2", "b is the share of each class")
def probe_for_features_of_mean_0(X, y, num_classes, lam):
    Y = F.one_hot(y, num_classes).float()
    return _fit(X, y, num_classes, lam)[0], Y.mean(0)


@wrong("representation.2", "`lam` acts too weakly")
def probe_of_a_sum(X, y, num_classes, lam):
    return _fit(X, y, num_classes, lam / len(X))


@wrong("representation.2", "W fits standardized features")
def probe_of_standardized_features(X, y, num_classes, lam):
    return _fit((X - X.mean(0)) / X.std(0, correction=0), y, num_classes, lam)


@wrong("representation.2", "The shape of W is")
def probe_of_the_classes_that_occur(X, y, num_classes, lam):
    return _fit(X, y, y.max().item() + 1, lam)


@wrong("representation.2", "the errors of a class do not sum to 0")
def probe_with_bias_of_the_wrong_sign(X, y, num_classes, lam):
    W, _ = _fit(X, y, num_classes, lam)
    return W, F.one_hot(y, num_classes).float().mean(0) + X.mean(0) @ W


@wrong("representation.2", "error and penalty is smallest")
def probe_penalized_twice(X, y, num_classes, lam):
    return _fit(X, y, num_classes, 2 * lam)


# 3, rollout


def _chain(matrices):
    result = torch.eye(matrices[0].shape[1])
    for M in matrices:
        result = M @ result
    return result


def _mixed(A):
    return (A.mean(dim=0) + torch.eye(A.shape[1])) / 2


@wrong("representation.3", "multiplied the other way around")
def rollout_backward(attentions):
    return _chain([_mixed(A) for A in attentions[::-1]])


@wrong("representation.3", "where is the residual connection?")
def rollout_without_residual(attentions):
    return _chain([A.mean(dim=0) for A in attentions])


@wrong("representation.3", "they double with each block")
def rollout_not_normalized(attentions):
    return _chain([2 * _mixed(A) for A in attentions])


@wrong("representation.3", "Every head weighs as much")
def rollout_of_summed_heads(attentions):
    sums = [A.sum(dim=0) + torch.eye(A.shape[1]) for A in attentions]
    return _chain([M / M.sum(dim=1, keepdim=True) for M in sums])


@wrong("representation.3", "Each head was followed by itself")
def rollout_head_by_head(attentions):
    heads = range(len(attentions[0]))
    return sum(_chain([_mixed(A[[h]]) for A in attentions]) for h in heads) / len(heads)


@wrong("representation.3", "The blocks are averaged")
def rollout_averaged(attentions):
    return sum(map(_mixed, attentions)) / len(attentions)


@wrong("representation.3", "Only the last block counts")
def rollout_of_the_last_block(attentions):
    return _mixed(attentions[-1])


@wrong("representation.3", "Rows and columns are exchanged")
def rollout_transposed(attentions):
    return _chain([_mixed(A) for A in attentions]).T


@wrong("representation.3", "The shares of token 0 sum to")
def rollout_of_the_largest_heads(attentions):
    return _chain([(A.amax(0) + torch.eye(A.shape[1])) / 2 for A in attentions])


@wrong("representation.3", "not those of the blocks one after")
def rollout_of_one_head(attentions):
    return _chain([_mixed(A[:1]) for A in attentions])


# 4, shapes


def _shapes(B, C, height, width, P, D):
    rows, cols, patch = height // P, width // P, C * P * P
    return {
        "formatted": [B, rows * cols, patch],
        "layer": [B, rows * cols + 1, D],
        "pooled": [B, D],
        "channel": [B, rows, cols],
        "feature": [B],
        "mixed": patch,
    }


def _patches(height, width, P, **_):
    return height // P * (width // P)


@wrong_value("representation.4", "Which token is missing?")
def shapes_without_class_token(**size):
    return _shapes(**size) | {"layer": [size["B"], _patches(**size), size["D"]]}


@wrong_value("representation.4", "Does the class token come from the image?")
def shapes_with_class_token_in_the_image(**size):
    B, n, patch = _shapes(**size)["formatted"]
    return _shapes(**size) | {"formatted": [B, n + 1, patch]}


@wrong_value("representation.4", "every channel of a patch is in its vector")
def shapes_with_one_channel_in_a_patch(**size):
    formatted = [size["B"], _patches(**size), size["P"] ** 2]
    return _shapes(**size) | {"formatted": formatted}


@wrong_value("representation.4", "Formatting changes no number")
def shapes_formatted_by_the_embedding(**size):
    return _shapes(**size) | {"formatted": [size["B"], _patches(**size), size["D"]]}


@wrong_value("representation.4", "Which axis counts the patches?")
def shapes_pooled_over_the_width(**size):
    return _shapes(**size) | {"pooled": [size["B"], _patches(**size)]}


@wrong_value("representation.4", "the images were averaged, too")
def shapes_pooled_over_the_batch(**size):
    return _shapes(**size) | {"pooled": [size["D"]]}


@wrong_value("representation.4", "that is a token, all coordinates at one place")
def shapes_with_a_token_for_a_channel(**size):
    return _shapes(**size) | {"channel": [size["B"], size["D"]]}


@wrong_value("representation.4", "the grid lies on its side")
def shapes_of_a_grid_on_its_side(**size):
    B, rows, cols = _shapes(**size)["channel"]
    return _shapes(**size) | {"channel": [B, cols, rows]}


@wrong_value("representation.4", "still in a row and not on their grid")
def shapes_of_a_flat_channel(**size):
    return _shapes(**size) | {"channel": [size["B"], _patches(**size)]}


@wrong_value("representation.4", "that is the whole class token")
def shapes_with_a_token_for_a_feature(**size):
    return _shapes(**size) | {"feature": [size["B"], size["D"]]}


@wrong_value("representation.4", "so many in a depthwise convolution")
def shapes_of_a_depthwise_embedding(**size):
    return _shapes(**size) | {"mixed": size["P"] ** 2}


@wrong_value("representation.4", "that is the whole image")
def shapes_mixing_the_whole_image(C, height, width, **size):
    right = _shapes(C=C, height=height, width=width, **size)
    return right | {"mixed": C * height * width}


@wrong_value("representation.4", "The entry for 'layer' is not right")
def shapes_with_the_width_first(**size):
    return _shapes(**size) | {"layer": _shapes(**size)["layer"][::-1]}


@wrong_value("representation.4", "as a list of ints")
def shapes_in_words(**size):
    return _shapes(**size) | {"feature": "one for each image"}


@wrong("representation.2", "The shape of W is")
def one_class_without_images(X, y, num_classes, lam):
    Y = F.one_hot(y, y.max() + 2).float()
    mean, rate = X.mean(0), Y.mean(0)
    gram = (X - mean).T @ (X - mean) / len(X) + lam * torch.eye(X.shape[1])
    W = torch.linalg.solve(gram, (X - mean).T @ (Y - rate) / len(X))
    return W, rate - mean @ W
