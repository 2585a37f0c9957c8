"""Wrong answers to the exercises on the patch embedding."""

import torch
from answers import wrong, wrong_value
from torch.nn import functional as F

# 1, cutting the image


def _grid(X, P):
    B, C, H, W = X.shape
    X = X.reshape(B, C, H // P, P, W // P, P)  # (B, C, H/P, P, W/P, P)
    return X.permute(0, 2, 4, 1, 3, 5)  # (B, H/P, W/P, C, P, P)


def _rows(grid):
    return grid.flatten(3).flatten(1, 2)  # (B, N, C*P*P)


@wrong("patch_embedding.1", "Did any axis move?")
def patchify_by_reshape(X, P):
    B, C, H, W = X.shape
    return X.reshape(B, H * W // P**2, C * P**2)  # (B, N, C*P*P)


@wrong("patch_embedding.1", "the channels of one pixel lie side by side")
def patchify_with_channels_last(X, P):
    return _rows(_grid(X, P).permute(0, 1, 2, 4, 5, 3))  # (B, H/P, W/P, P, P, C)


@wrong("patch_embedding.1", "it is read column by column")
def patchify_turned_over(X, P):
    return _rows(_grid(X, P).transpose(4, 5))  # (B, H/P, W/P, C, P, P)


@wrong("patch_embedding.1", "row 1 is the patch below the first one")
def patchify_down_the_columns(X, P):
    return _rows(_grid(X, P).transpose(1, 2))  # (B, W/P, H/P, C, P, P)


@wrong("patch_embedding.1", "lie far apart in the image")
def patchify_every_other_pixel(X, P):
    B, C, H, W = X.shape
    X = X.reshape(B, C, P, H // P, P, W // P)  # (B, C, P, H/P, P, W/P)
    return _rows(X.permute(0, 3, 5, 1, 2, 4))  # (B, H/P, W/P, C, P, P)


@wrong("patch_embedding.1", "The shape of the result is")
def patchify_as_unfold_does(X, P):
    return F.unfold(X, P, stride=P)


@wrong("patch_embedding.1", "is not patch 0")
def patchify_backwards(X, P):
    return _rows(_grid(X, P)).flip(1)


# 2, a convolution as a matrix


@wrong("patch_embedding.2", "fits patches written as (channel, row, column)")
def linear_in_the_order_of_the_kernel(weight, bias):
    return weight.flatten(1).T, bias  # (D, C*P*P) -> (C*P*P, D)


@wrong("patch_embedding.2", "reads a patch column by column")
def linear_column_by_column(weight, bias):
    return weight.permute(3, 2, 1, 0).flatten(0, 2), bias  # (P*P*C, D)


@wrong("patch_embedding.2", "Was an axis moved before the reshape?")
def linear_by_reshape(weight, bias):
    return weight.reshape(-1, len(weight)), bias  # (P*P*C, D)


@wrong("patch_embedding.2", "Which axis has to be the last one?")
def linear_with_kernels_first(weight, bias):
    E = weight.permute(0, 2, 3, 1)  # (D, P, P, C)
    return E.reshape(-1, len(weight)), bias  # (P*P*C, D)


@wrong("patch_embedding.2", "turned by half a turn")
def linear_of_a_turned_kernel(weight, bias):
    E = weight.flip(2, 3).permute(2, 3, 1, 0)  # (P, P, C, D)
    return E.flatten(0, 2), bias  # (P*P*C, D)


@wrong("patch_embedding.2", "The shape of E is")
def linear_transposed(weight, bias):
    return weight.permute(0, 2, 3, 1).flatten(1), bias  # (D, P*P*C)


@wrong("patch_embedding.2", "E is right, b is not")
def linear_without_bias(weight, bias):
    E = weight.permute(2, 3, 1, 0).flatten(0, 2)  # (P*P*C, D)
    return E, torch.zeros_like(bias)


# 3, the numbers of a stem


def _stem(img_size, patch_size, num_hiddens, in_channels):
    N = (img_size // patch_size) ** 2
    learned = in_channels * patch_size**2 + 1 + 1 + N + 1
    other = img_size // (2 * patch_size)
    return {"tokens": N + 1, "parameters": learned * num_hiddens, "other": other}


@wrong_value("patch_embedding.3", "'tokens' counts the patches")
def stem_without_class_token(**sizes):
    right = _stem(**sizes)
    return right | {"tokens": right["tokens"] - 1}


@wrong_value("patch_embedding.3", "counts one row of patches")
def stem_of_one_row(img_size, patch_size, **sizes):
    return _stem(img_size, patch_size, **sizes) | {"tokens": img_size // patch_size}


@wrong_value("patch_embedding.3", "counts each channel by itself")
def stem_of_separate_channels(img_size, patch_size, in_channels, **sizes):
    right = _stem(img_size, patch_size, in_channels=in_channels, **sizes)
    return right | {"tokens": in_channels * (img_size // patch_size) ** 2}


@wrong_value("patch_embedding.3", "too small by whole vectors of width D")
def stem_without_a_position_for_the_class_token(num_hiddens, **sizes):
    right = _stem(num_hiddens=num_hiddens, **sizes)
    return right | {"parameters": right["parameters"] - num_hiddens}


@wrong_value("patch_embedding.3", "that of images with one channel")
def stem_of_grey_images(**sizes):
    grey = _stem(**sizes | {"in_channels": 1})
    return _stem(**sizes) | {"parameters": grey["parameters"]}


@wrong_value("patch_embedding.3", "The stem learns more")
def stem_without_positions(img_size, patch_size, num_hiddens, in_channels):
    right = _stem(img_size, patch_size, num_hiddens, in_channels)
    return right | {"parameters": (in_channels * patch_size**2 + 1) * num_hiddens}


@wrong_value("patch_embedding.3", "'parameters' is not right")
def stem_with_a_matrix_for_each_patch(**sizes):
    right = _stem(**sizes)
    return right | {"parameters": right["parameters"] * right["tokens"]}


@wrong_value("patch_embedding.3", "the patch side that is given")
def stem_with_the_same_patch(patch_size, **sizes):
    return _stem(patch_size=patch_size, **sizes) | {"other": patch_size}


@wrong_value("patch_embedding.3", "the partner for images with one channel")
def stem_with_the_partner_of_the_chapter(img_size, patch_size, **sizes):
    return _stem(img_size, patch_size, **sizes) | {"other": img_size // patch_size}


@wrong_value("patch_embedding.3", "does not divide the side of the image")
def stem_with_a_patch_that_does_not_fit(img_size, **sizes):
    return _stem(img_size, **sizes) | {"other": img_size - 1}


@wrong_value("patch_embedding.3", "the stem has another number of parameters")
def stem_with_one_patch(img_size, **sizes):
    return _stem(img_size, **sizes) | {"other": img_size}


# 4, how many patches


def _pair(value):
    return value if isinstance(value, (tuple, list)) else (value, value)


def _checked(fits, error=ValueError, text="{H} x {W} {P} x {Q}", swapped=False):
    def count(img_size, patch_size):
        (H, W), (P, Q) = _pair(img_size), _pair(patch_size)
        if swapped:
            P, Q = Q, P
        if not fits(H, W, P, Q):
            raise error(text.format(H=H, W=W, P=P, Q=Q))
        return (H // P) * (W // Q)

    return count


def _both(H, W, P, Q):
    return H % P == 0 and W % Q == 0


@wrong("patch_embedding.4", "(the height does not fit): the mistake passes in silence")
def patches_rounded_down(img_size, patch_size):
    return _checked(lambda *sizes: True)(img_size, patch_size)


@wrong("patch_embedding.4", "(the width does not fit): the mistake passes in silence")
def patches_checked_along_the_height(img_size, patch_size):
    return _checked(lambda H, W, P, Q: H % P == 0)(img_size, patch_size)


@wrong("patch_embedding.4", "(the area fits, the height does not): the mistake")
def patches_checked_by_area(img_size, patch_size):
    return _checked(lambda H, W, P, Q: H * W % (P * Q) == 0)(img_size, patch_size)


@wrong("patch_embedding.4", "Expected ValueError")
def patches_with_assert(img_size, patch_size):
    return _checked(_both, error=AssertionError)(img_size, patch_size)


@wrong("patch_embedding.4", "does not name")
def patches_refused_with_half_the_numbers(img_size, patch_size):
    return _checked(_both, text="{H} x {W} does not fit")(img_size, patch_size)


@wrong("patch_embedding.4", "fit, but are refused")
def patches_with_sides_exchanged(img_size, patch_size):
    return _checked(_both, swapped=True)(img_size, patch_size)


@wrong("patch_embedding.4", "one too many")
def patches_and_the_class_token(img_size, patch_size):
    return _checked(_both)(img_size, patch_size) + 1


@wrong("patch_embedding.4", "the number is not right")
def patches_of_one_column(img_size, patch_size):
    return _pair(img_size)[0] // _pair(patch_size)[0]


# 5, one convolution, channel by channel


def _parts(X, kernels):
    """Channel by channel: kernels (C*D, 1, k, k) -> (B, C, D, H', W')."""
    Y = F.conv2d(X, kernels, groups=X.shape[1])
    return Y.unflatten(1, (X.shape[1], -1))  # (B, C*D, H', W') -> (B, C, D, H', W')


def _by_channel(weight):
    kernels = weight.transpose(0, 1)  # (D, C, k, k) -> (C, D, k, k)
    return kernels.flatten(0, 1).unsqueeze(1)  # (C*D, 1, k, k)


@wrong("patch_embedding.5", "but with the kernels of others")
def sum_with_kernels_mixed(X, weight):
    parts = _parts(X, weight.flatten(0, 1).unsqueeze(1))  # (C*D, 1, k, k)
    return parts.sum(dim=1), parts


@wrong("patch_embedding.5", "is it at its place?")
def sum_with_parts_mixed(X, weight):
    D, C = weight.shape[:2]
    parts = F.conv2d(X, _by_channel(weight), groups=C)
    parts = parts.unflatten(1, (D, C)).transpose(1, 2)  # (B, C, D, H', W')
    return parts.sum(dim=1), parts


@wrong("patch_embedding.5", "turned by half a turn")
def sum_of_turned_kernels(X, weight):
    parts = _parts(X, _by_channel(weight.flip(2, 3)))
    return parts.sum(dim=1), parts


@wrong("patch_embedding.5", "have traded places")
def sum_of_transposed_kernels(X, weight):
    parts = _parts(X, _by_channel(weight.transpose(2, 3)))  # (D, C, k, k)
    return parts.sum(dim=1), parts


@wrong("patch_embedding.5", "is not its correlation with the kernels")
def sum_with_one_channels_kernels(X, weight):
    parts = _parts(X, _by_channel(weight[:, :1].expand_as(weight)))
    return parts.sum(dim=1), parts


@wrong("patch_embedding.5", "changed, but part 0 does not")
def sum_with_channels_reversed(X, weight):
    parts = _parts(X.flip(1), _by_channel(weight))
    return parts.sum(dim=1), parts


@wrong("patch_embedding.5", "does not notice channel")
def sum_that_is_depthwise(X, weight):
    Y = F.conv2d(X, weight[:, :1], groups=X.shape[1])
    return Y, _parts(X, _by_channel(weight))


@wrong("patch_embedding.5", "Y is their mean")
def sum_that_is_a_mean(X, weight):
    parts = _parts(X, _by_channel(weight))
    return parts.mean(dim=1), parts


@wrong("patch_embedding.5", "not the standard convolution that they make")
def sum_of_squares(X, weight):
    parts = _parts(X, _by_channel(weight))
    return parts.square().sum(dim=1), parts


# Only for a batch


@wrong("patch_embedding.1", "The shape of the result for a batch of one is")
def squeezed_patches(X, P):
    return F.unfold(X, P, stride=P).mT.squeeze(0)
