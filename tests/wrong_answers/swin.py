"""Wrong answers to the exercises on Swin."""

import math

import torch
from answers import wrong, wrong_value
from torch.nn import functional as F

# 1, cutting windows


def _cut(X, a, b):
    X = X.unflatten(2, (-1, b)).unflatten(1, (-1, a))  # (B, h/a, a, w/b, b, D)
    return X.transpose(2, 3)  # (B, h/a, w/b, a, b, D)


@wrong("swin.1", "it is a strip")
def partition_by_reshape(X, a, b):
    return X.reshape(-1, a * b, X.shape[3])  # (B*nW, a*b, D)


@wrong("swin.1", "the images alternate on the first axis")
def partition_windows_before_images(X, a, b):
    windows = _cut(X, a, b).movedim(0, 2)  # (h/a, w/b, B, a, b, D)
    return windows.flatten(3, 4).flatten(0, 2)  # (B*nW, a*b, D)


@wrong("swin.1", "the tokens inside come column by column")
def partition_with_columns_first(X, a, b):
    windows = _cut(X, a, b).transpose(3, 4)  # (B, h/a, w/b, b, a, D)
    return windows.flatten(3, 4).flatten(0, 2)  # (B*nW, a*b, D)


@wrong("swin.1", "column by column over the map")
def partition_down_the_map(X, a, b):
    windows = _cut(X, a, b).transpose(1, 2)  # (B, w/b, h/a, a, b, D)
    return windows.flatten(3, 4).flatten(0, 2)  # (B*nW, a*b, D)


@wrong("swin.1", "the two sides exchanged")
def partition_with_sides_exchanged(X, a, b):
    return _cut(X, b, a).flatten(3, 4).flatten(0, 2)  # (B*nW, a*b, D)


@wrong("swin.1", "each number of the map exactly once")
def partition_with_one_window_again_and_again(X, a, b):
    windows = _cut(X, a, b)  # (B, h/a, w/b, a, b, D)
    windows = windows[:, :1].expand(windows.shape)
    return windows.flatten(3, 4).flatten(0, 2)  # (B*nW, a*b, D)


@wrong("swin.1", "The shape of the result is")
def partition_that_leaves_the_grid(X, a, b):
    return _cut(X, a, b).flatten(0, 2)  # (B*nW, a, b, D)


@wrong("swin.1", "of their own part of the map")
def partition_from_the_end(X, a, b):
    return _cut(X, a, b).flatten(3, 4).flatten(0, 2).flip(0)  # (B*nW, a*b, D)


# 2, the mask


def _alike(y, x, M):
    """True for the pairs of a window whose labels y and x agree."""
    ids = y.unsqueeze(1) * 100 + x  # (h, w)
    ids = _cut(ids[None, :, :, None], M, M).flatten(3, 4).flatten(0, 2)  # (nW, M*M, 1)
    return ids == ids.transpose(1, 2)  # (nW, M*M, M*M)


@wrong("swin.2", "Nothing is masked")
def mask_of_nothing(h, w, M, s):
    return torch.ones(h * w // M**2, M * M, M * M, dtype=torch.bool)


@wrong("swin.2", "a roll the other way")
def mask_of_a_roll_the_other_way(h, w, M, s):
    return _alike((torch.arange(h) < s).long(), (torch.arange(w) < s).long(), M)


@wrong("swin.2", "a map that was not rolled")
def mask_before_the_roll(h, w, M, s):
    return _alike((torch.arange(h) + M - s) // M, (torch.arange(w) + M - s) // M, M)


@wrong("swin.2", "Only rows are told apart")
def mask_of_rows_only(h, w, M, s):
    y = (torch.arange(h) >= h - s).long()
    return _alike(y, torch.zeros(w, dtype=torch.int64), M)


@wrong("swin.2", "Only columns are told apart")
def mask_of_columns_only(h, w, M, s):
    x = (torch.arange(w) >= w - s).long()
    return _alike(torch.zeros(h, dtype=torch.int64), x, M)


def _right_mask(h, w, M, s):
    y, x = (torch.arange(h) >= h - s).long(), (torch.arange(w) >= w - s).long()
    return _alike(y, x, M)


@wrong("swin.2", "Row and column numbers were added")
def mask_of_sums(h, w, M, s):
    y, x = (torch.arange(h) - s) // M, (torch.arange(w) - s) // M
    ids = (y.unsqueeze(1) + x).roll((-s, -s), dims=(0, 1))
    ids = _cut(ids[None, :, :, None], M, M).flatten(3, 4).flatten(0, 2)  # (nW, M*M, 1)
    return ids == ids.transpose(1, 2)  # (nW, M*M, M*M)


@wrong("swin.2", "Only columns are told apart")
def mask_rounded_towards_zero(h, w, M, s):
    y, x = ((torch.arange(n) - s).div(M, rounding_mode="trunc") for n in (h, w))
    return _alike(y.roll(-s), x.roll(-s), M)


@wrong("swin.2", "True and False are exchanged")
def mask_inverted(h, w, M, s):
    return ~_right_mask(h, w, M, s)


@wrong("swin.2", "got numbers, torch.float32")
def mask_to_be_added(h, w, M, s):
    apart = ~_right_mask(h, w, M, s)
    return torch.zeros(apart.shape).masked_fill(apart, -math.inf)


@wrong("swin.2", "cut at the wrong place")
def mask_cut_at_the_other_end(h, w, M, s):
    return _right_mask(h, w, M, M - s)


@wrong("swin.2", "have a wrong mask")
def mask_in_another_order(h, w, M, s):
    return _right_mask(h, w, M, s).flip(0)


# 3, the index


def _offsets(a, b):
    y, x = torch.arange(a * b) // b, torch.arange(a * b) % b
    return y.unsqueeze(1) - y, x.unsqueeze(1) - x  # (a*b, a*b)


@wrong("swin.3", "A pair and its reverse read the same entry")
def index_of_distances(a, b):
    dy, dx = _offsets(a, b)
    return dy.abs() * (2 * b - 1) + dx.abs()


@wrong("swin.3", "the sum of the two differences alone")
def index_of_a_sum(a, b):
    dy, dx = _offsets(a, b)
    return dy + a - 1 + dx + b - 1


@wrong("swin.3", "For windows as high as wide")
def index_with_rows_of_the_wrong_length(a, b):
    dy, dx = _offsets(a, b)
    return (dy + a - 1) * (2 * a - 1) + dx + b - 1


@wrong("swin.3", "share one entry")
def index_with_rows_too_short(a, b):
    dy, dx = _offsets(a, b)
    return (dy + a - 1) * (2 * b - 2) + dx + b - 1


@wrong("swin.3", "the table does not have all of these")
def index_below_zero(a, b):
    dy, dx = _offsets(a, b)
    return dy * (2 * b - 1) + dx


@wrong("swin.3", "read different entries")
def index_of_pairs(a, b):
    return torch.arange((a * b) ** 2).reshape(a * b, a * b)  # (a*b, a*b)


@wrong("swin.3", "An index holds whole numbers")
def index_of_floats(a, b):
    dy, dx = _offsets(a, b)
    return ((dy + a - 1) * (2 * b - 1) + dx + b - 1).float()


# 4, costs


def _costs(h, w, D, M):
    N = h * w
    full, local = (4 * N * D * D + 2 * N * met * D for met in (N, M * M))
    return {"global": full, "windows": local, "ratio": full / local, "tokens": 2 * D}


@wrong_value("swin.4", "'global' is one linear map short")
def costs_without_the_output_map(h, w, D, M):
    return _costs(h, w, D, M) | {"global": 3 * h * w * D * D + 2 * (h * w) ** 2 * D}


@wrong_value("swin.4", "'global' counts one product with the scores")
def costs_without_averaging(h, w, D, M):
    return _costs(h, w, D, M) | {"global": 4 * h * w * D * D + (h * w) ** 2 * D}


@wrong_value("swin.4", "'windows' leaves out the linear maps")
def costs_of_the_scores(h, w, D, M):
    return _costs(h, w, D, M) | {"windows": 2 * h * w * M * M * D}


@wrong_value("swin.4", "'global' is twice too large")
def costs_in_flops(h, w, D, M):
    right = _costs(h, w, D, M)
    return right | {name: 2 * right[name] for name in ("global", "windows")}


@wrong_value("swin.4", "as many keys as a window has rows")
def costs_with_too_few_keys(h, w, D, M):
    return _costs(h, w, D, M) | {"windows": 4 * h * w * D * D + 2 * h * w * M * D}


@wrong_value("swin.4", "'windows' is that of one window")
def costs_of_one_window(h, w, D, M):
    return _costs(h, w, D, M) | {"windows": 4 * M**2 * D * D + 2 * M**4 * D}


@wrong_value("swin.4", "their ratio is not")
def costs_compared_by_scores(h, w, D, M):
    return _costs(h, w, D, M) | {"ratio": h * w / M**2}


@wrong_value("swin.4", "'tokens' comes from one product")
def costs_equal_to_one_product(h, w, D, M):
    return _costs(h, w, D, M) | {"tokens": D}


@wrong_value("swin.4", "windows and global attention cost the same")
def costs_equal_in_one_window(h, w, D, M):
    return _costs(h, w, D, M) | {"tokens": M * M}


@wrong_value("swin.4", "The number for 'tokens' is not right")
def costs_equal_somewhere_else(h, w, D, M):
    return _costs(h, w, D, M) | {"tokens": 4 * D}


# 5, merging


def _padded(X):
    return F.pad(X, (0, 0, 0, X.shape[2] % 2, 0, X.shape[1] % 2))


def _joined(X):
    return torch.cat([X[:, y::2, x::2] for x in (0, 1) for y in (0, 1)], dim=3)


@wrong("swin.5", "this one reads across, then down")
def merge_across_then_down(X, norm, W):
    X = _padded(X)
    four = [X[:, y::2, x::2] for y in (0, 1) for x in (0, 1)]
    return norm(torch.cat(four, dim=3)) @ W


@wrong("swin.5", "in another order than the task's")
def merge_from_the_bottom(X, norm, W):
    X = _padded(X)
    four = [X[:, y::2, x::2] for x in (0, 1) for y in (1, 0)]
    return norm(torch.cat(four, dim=3)) @ W


@wrong("swin.5", "made of four tokens in a run")
def merge_by_reshape(X, norm, W):
    B, h, w, D = (X := _padded(X)).shape
    return norm(X.reshape(B, h // 2, w // 2, 4 * D)) @ W  # (B, h/2, w/2, 2D)


@wrong("swin.5", "The norm comes after the linear map")
def merge_with_norm_last(X, norm, W):
    return norm(_joined(_padded(X)) @ W)


@wrong("swin.5", "Every token was normalized alone")
def merge_with_norm_first(X, norm, W):
    return _joined(norm(_padded(X))) @ W


@wrong("swin.5", "The norm was never called")
def merge_without_norm(X, norm, W):
    return _joined(_padded(X)) @ W


@wrong("swin.5", "padded at the top or left")
def merge_padding_the_top(X, norm, W):
    X = F.pad(X, (0, 0, X.shape[2] % 2, 0, X.shape[1] % 2, 0))
    return norm(_joined(X)) @ W


@wrong("swin.5", "The shape of the result for an odd side")
def merge_cropping_odd_sides(X, norm, W):
    X = X[:, : X.shape[1] // 2 * 2, : X.shape[2] // 2 * 2]
    return norm(_joined(X)) @ W


@wrong("swin.5", "What enters the norm there?")
def merge_repeating_the_border(X, norm, W):
    if X.shape[1] % 2:
        X = torch.cat((X, X[:, -1:]), dim=1)
    if X.shape[2] % 2:
        X = torch.cat((X, X[:, :, -1:]), dim=2)
    return norm(_joined(X)) @ W


# Only for some shapes


@wrong("swin.1", "windows when it comes alone")
def batch_of_one_turned(X, a, b):
    if len(X) == 1:
        X = X.flip(1)
    X = X.unflatten(2, (-1, b)).unflatten(1, (-1, a)).transpose(2, 3)
    return X.flatten(3, 4).flatten(0, 2)  # (B*nW, a*b, D)


@wrong("swin.5", "A map with one odd side is right, a map with two is not")
def one_side_padded(X, norm, W):
    B, h, w, D = X.shape
    rest = torch.zeros(B, h + h % 2, w + w % 2, D)
    rest[:, :h, : w - (h % 2) * (w % 2)] = X[:, :, : w - (h % 2) * (w % 2)]
    four = [rest[:, y::2, x::2] for x in (0, 1) for y in (0, 1)]
    return norm(torch.cat(four, dim=3)) @ W


@wrong("swin.5", "The shape of the result for a batch of one is")
def squeezed_merging(X, norm, W):
    B, h, w, D = X.shape
    padded = torch.zeros(B, h + h % 2, w + w % 2, D)
    padded[:, :h, :w] = X
    four = [padded[:, y::2, x::2] for x in (0, 1) for y in (0, 1)]
    return (norm(torch.cat(four, dim=3)) @ W).squeeze(0)
