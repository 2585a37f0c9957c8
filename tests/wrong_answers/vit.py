"""Wrong answers to the exercises on the whole model."""

import math

import torch
from answers import wrong, wrong_value
from torch.nn import functional as F

# 1, counting parameters


def _parameters(img_size, P, D, D_mlp, L, C, K):
    N = (img_size[0] // P) * (img_size[1] // P)
    block = 4 * D * D + 2 * D * D_mlp + D_mlp + 9 * D
    return (C * P * P + N + 5) * D + L * block + D * K + K


@wrong("vit.1", "One vector as wide as a token is missing")
def count_without_class_token(img_size, P, D, D_mlp, L, C, K):
    return _parameters(img_size, P, D, D_mlp, L, C, K) - D


@wrong("vit.1", "four times as wide as a token")
def count_with_the_usual_mlp(img_size, P, D, D_mlp, L, C, K):
    return _parameters(img_size, P, D, 4 * D, L, C, K)


@wrong("vit.1", "Two vectors as wide as a token are missing")
def count_without_final_norm(img_size, P, D, D_mlp, L, C, K):
    return _parameters(img_size, P, D, D_mlp, L, C, K) - 2 * D


@wrong("vit.1", "The position embedding is missing")
def count_without_positions(img_size, P, D, D_mlp, L, C, K):
    N = (img_size[0] // P) * (img_size[1] // P)
    return _parameters(img_size, P, D, D_mlp, L, C, K) - (N + 1) * D


@wrong("vit.1", "counted without its bias")
def count_without_bias_of_head(img_size, P, D, D_mlp, L, C, K):
    return _parameters(img_size, P, D, D_mlp, L, C, K) - K


@wrong("vit.1", "The linear layer at the end is missing")
def count_without_classes(img_size, P, D, D_mlp, L, C, K):
    return _parameters(img_size, P, D, D_mlp, L, C, K) - D * K - K


@wrong("vit.1", "Every block lacks four vectors")
def count_without_biases_of_attention(img_size, P, D, D_mlp, L, C, K):
    return _parameters(img_size, P, D, D_mlp, L, C, K) - 4 * D * L


@wrong("vit.1", "Every block lacks two vectors")
def count_with_one_norm(img_size, P, D, D_mlp, L, C, K):
    return _parameters(img_size, P, D, D_mlp, L, C, K) - 2 * D * L


@wrong("vit.1", "The MLP of every block is counted without biases")
def count_mlp_without_biases(img_size, P, D, D_mlp, L, C, K):
    return _parameters(img_size, P, D, D_mlp, L, C, K) - (D_mlp + D) * L


@wrong("vit.1", "Every block lacks one square matrix")
def count_without_output_projection(img_size, P, D, D_mlp, L, C, K):
    return _parameters(img_size, P, D, D_mlp, L, C, K) - D * D * L


@wrong("vit.1", "Only one block is counted")
def count_one_block(img_size, P, D, D_mlp, L, C, K):
    return _parameters(img_size, P, D, D_mlp, 1, C, K)


@wrong("vit.1", "reads one row of each patch only")
def count_patches_of_one_row(img_size, P, D, D_mlp, L, C, K):
    return _parameters(img_size, P, D, D_mlp, L, C, K) - C * P * (P - 1) * D


@wrong("vit.1", "reads one channel only")
def count_gray(img_size, P, D, D_mlp, L, C, K):
    return _parameters(img_size, P, D, D_mlp, L, C, K) - (C - 1) * P * P * D


@wrong("vit.1", "Parameters are missing")
def count_with_ratio_2(img_size, P, D, D_mlp, L, C, K):
    return _parameters(img_size, P, D, 2 * D, L, C, K)


@wrong("vit.1", "more parameters than the model has")
def count_positions_of_pixels(img_size, P, D, D_mlp, L, C, K):
    N = img_size[0] * img_size[1]
    return _parameters(img_size, P, D, D_mlp, L, C, K) + N * D


# 2, the cost and its growth


def _macs(img_size, P, D, D_mlp, L, products=2, projections=4, layers=2, cls=1):
    T = (img_size // P) ** 2 + cls
    linear = projections * D * D + layers * D * D_mlp
    return L * (T * linear + products * T * T * D)


def _slope(x, y):
    x, y = torch.tensor(x), torch.tensor(y)
    x = x - x.mean()
    return (x @ y / (x @ x)).item()


def _logs(numbers):
    return [math.log(number) for number in numbers]


def _log_slope(sizes, costs):
    return _slope(_logs(sizes), _logs(costs))


@wrong_value("vit.2", "counts the patches as tokens")
def growth_without_class_token():
    return [lambda *size: _macs(*size, cls=0), _log_slope]


@wrong_value("vit.2", "the tokens of one row of patches")
def growth_of_one_row():
    def macs(img_size, P, D, D_mlp, L):
        T = img_size // P + 1
        return L * (4 * T * D * D + 2 * T * T * D + 2 * T * D * D_mlp)

    return [macs, _log_slope]


@wrong_value("vit.2", "one product of all pairs of tokens")
def growth_of_scores_alone():
    return [lambda *size: _macs(*size, products=1), _log_slope]


@wrong_value("vit.2", "in proportion to the number of tokens")
def growth_without_pairs():
    return [lambda *size: _macs(*size, products=0), _log_slope]


@wrong_value("vit.2", "lacks one projection")
def growth_of_three_projections():
    return [lambda *size: _macs(*size, projections=3), _log_slope]


@wrong_value("vit.2", "has one layer of the MLP")
def growth_of_half_the_mlp():
    return [lambda *size: _macs(*size, layers=1), _log_slope]


@wrong_value("vit.2", "`macs` has one block")
def growth_of_one_block():
    return [lambda *size: _macs(*size[:-1], 1), _log_slope]


@wrong_value("vit.2", "exactly twice too large")
def growth_in_single_operations():
    return [lambda *size: 2 * _macs(*size), _log_slope]


@wrong_value("vit.2", "not the cost of all blocks")
def growth_with_the_additions_of_softmax():
    def macs(img_size, P, D, D_mlp, L):
        T = (img_size // P) ** 2 + 1
        return _macs(img_size, P, D, D_mlp, L) + L * T * T

    return [macs, _log_slope]


@wrong_value("vit.2", "a line to the numbers themselves")
def growth_without_logarithms():
    return [_macs, _slope]


@wrong_value("vit.2", "the logarithm of the costs alone")
def growth_with_logarithm_of_costs():
    return [_macs, lambda sizes, costs: _slope(sizes, _logs(costs))]


@wrong_value("vit.2", "the logarithm of the sizes alone")
def growth_with_logarithm_of_sizes():
    return [_macs, lambda sizes, costs: _slope(_logs(sizes), costs)]


@wrong_value("vit.2", "has the axes exchanged")
def growth_with_axes_exchanged():
    return [_macs, lambda sizes, costs: _log_slope(costs, sizes)]


@wrong_value("vit.2", "the first and the last point")
def growth_between_two_points():
    def log_slope(sizes, costs):
        return math.log(costs[-1] / costs[0]) / math.log(sizes[-1] / sizes[0])

    return [_macs, log_slope]


@wrong_value("vit.2", "averages the slopes from point to point")
def growth_averaged():
    def log_slope(sizes, costs):
        x, y = torch.tensor(sizes).log(), torch.tensor(costs).log()
        return (y.diff() / x.diff()).mean()

    return [_macs, log_slope]


@wrong_value("vit.2", "through the origin")
def growth_through_the_origin():
    def log_slope(sizes, costs):
        x, y = torch.tensor(sizes).log(), torch.tensor(costs).log()
        return x @ y / (x @ x)

    return [_macs, log_slope]


@wrong_value("vit.2", "fits the logarithms best")
def growth_with_another_sign():
    return [_macs, lambda sizes, costs: -_log_slope(sizes, costs)]


# 3, the mean


@wrong("vit.3", "The mean is normalized")
def pool_before_the_norm(tokens, norm):
    return norm(tokens[:, 1:].mean(dim=1))


@wrong("vit.3", "The class token is part of the mean")
def pool_with_class_token(tokens, norm):
    return norm(tokens).mean(dim=1)


@wrong("vit.3", "The result is the class token")
def pool_class_token(tokens, norm):
    return norm(tokens)[:, 0]


@wrong("vit.3", "without the final norm")
def pool_without_norm(tokens, norm):
    return tokens[:, 1:].mean(dim=1)


@wrong("vit.3", "the number that the sum is divided by")
def pool_by_all_tokens(tokens, norm):
    return norm(tokens[:, 1:]).sum(dim=1) / tokens.shape[1]


@wrong("vit.3", "The patches are summed")
def pool_sum(tokens, norm):
    return norm(tokens[:, 1:]).sum(dim=1)


@wrong("vit.3", "the largest of the patches at each place")
def pool_maximum(tokens, norm):
    return norm(tokens[:, 1:]).amax(dim=1)


@wrong("vit.3", "The result changes with the class token")
def pool_and_class_token(tokens, norm):
    return norm(tokens[:, 1:]).mean(dim=1) + norm(tokens)[:, 0]


@wrong("vit.3", "The result depends on")
def pool_without_the_last(tokens, norm):
    return norm(tokens[:, 1:-1]).mean(dim=1)


@wrong("vit.3", "A mean does not know an order")
def pool_weighted(tokens, norm):
    patches = norm(tokens[:, 1:])
    weights = torch.arange(1.0, 1 + patches.shape[1]).softmax(dim=0)
    return torch.einsum("n,bnd->bd", weights, patches)


@wrong("vit.3", "not the mean of the normalized patches")
def pool_and_norm_again(tokens, norm):
    return norm(norm(tokens[:, 1:]).mean(dim=1))


# 4, resizing positions


def _stretched(pos, old, new, **how):
    grid = pos[:, 1:].transpose(1, 2).unflatten(2, old)  # (1, D, h, w)
    grid = F.interpolate(grid, new, **how)
    return grid.flatten(2).transpose(1, 2)  # (1, D, h', w') -> (1, N', D)


LINES = {"mode": "bilinear", "align_corners": True}


@wrong("vit.4", "the class row with them")
def resize_all_rows(pos, old, new):
    size = 1 + new[0] * new[1]
    return F.interpolate(pos.mT, size, mode="linear", align_corners=True).mT


@wrong("vit.4", "The patches are stretched as one line")
def resize_a_line(pos, old, new):
    N, total = pos.shape[1] - 1, new[0] * new[1]
    grid = _stretched(pos, (1, N), (1, total), **LINES)
    return torch.cat((pos[:, :1], grid), dim=1)


@wrong("vit.4", "Height and width of the old grid are exchanged")
def resize_exchanged(pos, old, new):
    grid = _stretched(pos, old[::-1], new, **LINES)
    return torch.cat((pos[:, :1], grid), dim=1)


@wrong("vit.4", "Height and width of the old grid are exchanged")
def resize_all_exchanged(pos, old, new):
    grid = _stretched(pos, old[::-1], new[::-1], **LINES)
    return torch.cat((pos[:, :1], grid), dim=1)


@wrong("vit.4", "written column by column")
def resize_by_column(pos, old, new):
    grid = pos[:, 1:].transpose(1, 2).unflatten(2, old)  # (1, D, h, w)
    grid = F.interpolate(grid, new, **LINES).mT  # (1, D, w', h')
    grid = grid.flatten(2).transpose(1, 2)  # (1, D, w', h') -> (1, N', D)
    return torch.cat((pos[:, :1], grid), dim=1)


@wrong("vit.4", "do not have the vectors of the old corners")
def resize_with_edges_aligned(pos, old, new):
    grid = _stretched(pos, old, new, mode="bilinear")
    return torch.cat((pos[:, :1], grid), dim=1)


@wrong("vit.4", "nothing is interpolated")
def resize_by_copies(pos, old, new):
    grid = _stretched(pos, old, new, mode="nearest")
    return torch.cat((pos[:, :1], grid), dim=1)


@wrong("vit.4", "interpolated with curves")
def resize_bicubic(pos, old, new):
    grid = _stretched(pos, old, new, mode="bicubic", align_corners=True)
    return torch.cat((pos[:, :1], grid), dim=1)


@wrong("vit.4", "Row 0 has changed")
def resize_class_row_last(pos, old, new):
    grid = _stretched(pos, old, new, **LINES)
    return torch.cat((grid, pos[:, :1]), dim=1)


@wrong("vit.4", "are numbers of different places in the vector mixed?")
def resize_without_transpose(pos, old, new):
    D = pos.shape[2]
    grid = pos[:, 1:].reshape(1, D, *old)  # (1, N, D) -> (1, D, h, w)
    grid = F.interpolate(grid, new, **LINES)
    grid = grid.reshape(1, -1, D)  # (1, D, h', w') -> (1, N', D)
    return torch.cat((pos[:, :1], grid), dim=1)


@wrong("vit.4", "Try a grid whose numbers rise evenly")
def resize_upside_down(pos, old, new):
    grid = _stretched(pos, old, new, **LINES).flip(1)
    return torch.cat((pos[:, :1], grid), dim=1)


@wrong("vit.4", "The shape of the result is")
def resize_without_class_row(pos, old, new):
    return _stretched(pos, old, new, **LINES)


# 5, embedding a part of the patches


def _with_cls(patches, cls_token):
    return torch.cat((cls_token.expand(len(patches), -1, -1), patches), dim=1)


@wrong("vit.5", "got the first rows of `pos`")
def embed_by_place_in_the_sequence(patches, cls_token, pos, keep):
    tokens = _with_cls(patches[:, keep], cls_token)
    return tokens + pos[:, : tokens.shape[1]]


@wrong("vit.5", "Whose is row 0?")
def embed_with_row_of_the_patch_before(patches, cls_token, pos, keep):
    return _with_cls(patches[:, keep] + pos[:, keep], cls_token + pos[:, :1])


@wrong("vit.5", "The class token has no position")
def embed_positions_first(patches, cls_token, pos, keep):
    return _with_cls((patches + pos[:, 1:])[:, keep], cls_token)


@wrong("vit.5", "The class token stands at the end")
def embed_class_token_last(patches, cls_token, pos, keep):
    tokens = _with_cls((patches + pos[:, 1:])[:, keep], cls_token + pos[:, :1])
    return tokens.roll(-1, dims=1)


@wrong("vit.5", "All patches have the same position")
def embed_one_position(patches, cls_token, pos, keep):
    return _with_cls(patches[:, keep] + pos[:, 1:2], cls_token + pos[:, :1])


@wrong("vit.5", "No positions were added")
def embed_without_positions(patches, cls_token, pos, keep):
    return _with_cls(patches[:, keep], cls_token)


@wrong("vit.5", "the others have zeros in its place")
def embed_class_token_of_image_0(patches, cls_token, pos, keep):
    first = torch.zeros_like(patches[:, :1])
    first[0] = cls_token[0]
    return torch.cat(
        (first + pos[:, :1], (patches + pos[:, 1:])[:, keep]),
        dim=1,
    )


@wrong("vit.5", "not in the order of `keep`")
def embed_by_mask(patches, cls_token, pos, keep):
    return embed_right(patches, cls_token, pos, keep.sort()[0])


@wrong("vit.5", "Token 0 differs from image to image")
def embed_mean_as_class_token(patches, cls_token, pos, keep):
    tokens = embed_right(patches, cls_token, pos, keep)
    tokens[:, :1] += patches.mean(dim=1, keepdim=True)
    return tokens


@wrong("vit.5", "but not the class token plus the position")
def embed_without_class_token(patches, cls_token, pos, keep):
    return embed_right(patches, torch.zeros_like(cls_token), pos, keep)


@wrong("vit.5", "The others are not the patches that `keep` lists")
def embed_the_patches_left_out(patches, cls_token, pos, keep):
    return embed_right(patches, cls_token, pos, patches.shape[1] - 1 - keep)


@wrong("vit.5", "Your code stopped with RuntimeError")
def embed_class_token_unexpanded(patches, cls_token, pos, keep):
    return torch.cat((cls_token, patches), dim=1) + pos


def embed_right(patches, cls_token, pos, keep):
    tokens = _with_cls(patches, cls_token) + pos
    return torch.cat((tokens[:, :1], tokens[:, 1 + keep]), dim=1)


# 6, numbers of a configuration


def _numbers(height, width, D, heads, B, K):
    T = height // 16 * (width // 16) + 1
    return {
        "tokens": T,
        "positions": T * D,
        "weights": B * heads * T * T,
        "logits": B * K,
        "gone": 2 * D,
    }


@wrong_value("vit.6", "is that of the patches")
def numbers_without_class_token(height, width, D, heads, B, K):
    right = _numbers(height, width, D, heads, B, K)
    return right | {"tokens": right["tokens"] - 1}


@wrong_value("vit.6", "rows and columns of patches are added")
def numbers_of_added_sides(height, width, D, heads, B, K):
    tokens = height // 16 + width // 16 + 1
    return _numbers(height, width, D, heads, B, K) | {"tokens": tokens}


@wrong_value("vit.6", "one token has no row")
def numbers_without_row_0(height, width, D, heads, B, K):
    right = _numbers(height, width, D, heads, B, K)
    return right | {"positions": right["positions"] - D}


@wrong_value("vit.6", "every image has positions of its own")
def numbers_of_positions_for_images(height, width, D, heads, B, K):
    right = _numbers(height, width, D, heads, B, K)
    return right | {"positions": B * right["positions"]}


@wrong_value("vit.6", "The number for 'weights' is that of one image")
def numbers_of_one_image(height, width, D, heads, B, K):
    right = _numbers(height, width, D, heads, B, K)
    return right | {"weights": right["weights"] // B}


@wrong_value("vit.6", "is that of one head")
def numbers_of_one_head(height, width, D, heads, B, K):
    right = _numbers(height, width, D, heads, B, K)
    return right | {"weights": right["weights"] // heads}


@wrong_value("vit.6", "only patches attend to patches")
def numbers_of_weights_between_patches(height, width, D, heads, B, K):
    right = _numbers(height, width, D, heads, B, K)
    return right | {"weights": B * heads * (right["tokens"] - 1) ** 2}


@wrong_value("vit.6", "each token has one weight")
def numbers_of_linear_weights(height, width, D, heads, B, K):
    right = _numbers(height, width, D, heads, B, K)
    return right | {"weights": B * heads * right["tokens"]}


@wrong_value("vit.6", "The number for 'logits' is that of one image")
def numbers_of_logits_of_one_image(height, width, D, heads, B, K):
    return _numbers(height, width, D, heads, B, K) | {"logits": K}


@wrong_value("vit.6", "every token is read by the head")
def numbers_of_logits_of_tokens(height, width, D, heads, B, K):
    right = _numbers(height, width, D, heads, B, K)
    return right | {"logits": right["logits"] * right["tokens"]}


@wrong_value("vit.6", "That would be a label")
def numbers_of_labels(height, width, D, heads, B, K):
    return _numbers(height, width, D, heads, B, K) | {"logits": B}


@wrong_value("vit.6", "something that only it needed is left")
def numbers_of_token_alone(height, width, D, heads, B, K):
    return _numbers(height, width, D, heads, B, K) | {"gone": D}


@wrong_value("vit.6", "nothing is saved")
def numbers_of_nothing_gone(height, width, D, heads, B, K):
    return _numbers(height, width, D, heads, B, K) | {"gone": 0}


@wrong_value("vit.6", "The number for 'gone' is not right")
def numbers_of_norm_gone(height, width, D, heads, B, K):
    return _numbers(height, width, D, heads, B, K) | {"gone": 4 * D}


# Only for some sizes


@wrong("vit.1", "Parameters are missing")
def one_channel_less_or_more(img_size, patch_size, D, D_mlp, L, C, K):
    (h, w), P = img_size, patch_size
    N, block = h // P * (w // P), 4 * D * D + 2 * D * D_mlp + D_mlp + 9 * D
    return (2 * P * P + N + 5) * D + min(L, 3) * block + D * K + K


@wrong("vit.3", "The shape of the result for a batch of one is")
def squeezed_mean(tokens, norm):
    return norm(tokens[:, 1:]).mean(dim=1).squeeze(0)


@wrong("vit.4", "a constant grid stays constant")
def only_larger_grids(pos, old, new):
    total = new[0] * new[1]
    if total < old[0] * old[1]:
        return pos[:, : 1 + total]
    grid = pos[:, 1:].mT.unflatten(2, old)  # (1, D, h, w)
    grid = F.interpolate(grid, new, mode="bilinear", align_corners=True)
    return torch.cat((pos[:, :1], grid.flatten(2).mT), dim=1)  # (1, 1 + N', D)


@wrong("vit.5", "The shape of the result for a batch of one is")
def squeezed_tokens(patches, cls_token, pos, keep):
    first = (cls_token + pos[:, :1]).expand(len(patches), -1, -1)
    rest = patches[:, keep] + pos[:, 1 + keep]
    return torch.cat((first, rest), dim=1).squeeze(0)
