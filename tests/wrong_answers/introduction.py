"""Wrong answers to the exercises on the introduction."""

import math

import torch
from answers import wrong, wrong_value

# 1, the receptive field


def _sizes(k, s, n, W):
    return {
        "plain": 1 + n * (k - 1),
        "strided": 1 + (k - 1) * (s**n - 1) // (s - 1),
        "layers": math.ceil((W - 1) / (k - 1)),
        "attention": 1,
    }


@wrong_value("introduction.1", "'plain' sets the windows of the layers side by side")
def field_side_by_side(k, s, n, W):
    return _sizes(k, s, n, W) | {"plain": n * k}


@wrong_value("introduction.1", "multiplies the kernel from layer to layer")
def field_multiplied(k, s, n, W):
    return _sizes(k, s, n, W) | {"plain": k**n}


@wrong_value("introduction.1", "counts the pixels of a square")
def field_as_an_area(k, s, n, W):
    return _sizes(k, s, n, W) | {"plain": (1 + n * (k - 1)) ** 2}


@wrong_value("introduction.1", "what the last layer sees")
def field_of_one_layer(k, s, n, W):
    return _sizes(k, s, n, W) | {"plain": k}


@wrong_value("introduction.1", "'plain' is not right")
def field_off_by_one(k, s, n, W):
    return _sizes(k, s, n, W) | {"plain": n * (k - 1)}


@wrong_value("introduction.1", "does not depend on the stride")
def field_without_strides(k, s, n, W):
    return _sizes(k, s, n, W) | {"strided": 1 + n * (k - 1)}


@wrong_value("introduction.1", "one stride too many")
def field_with_a_stride_too_many(k, s, n, W):
    return _sizes(k, s, n, W) | {
        "strided": 1 + sum((k - 1) * s**i for i in range(1, n + 1))
    }


@wrong_value("introduction.1", "spreads every layer by the same stride")
def field_with_one_stride_each(k, s, n, W):
    return _sizes(k, s, n, W) | {"strided": 1 + n * s * (k - 1)}


@wrong_value("introduction.1", "'strided' is not right")
def field_of_kernels_and_strides(k, s, n, W):
    return _sizes(k, s, n, W) | {"strided": k * s**n}


@wrong_value("introduction.1", "'layers' sets the windows of the layers side by side")
def layers_side_by_side(k, s, n, W):
    return _sizes(k, s, n, W) | {"layers": math.ceil(W / k)}


@wrong_value("introduction.1", "leaves pixels at the edge unseen")
def layers_rounded_down(k, s, n, W):
    return _sizes(k, s, n, W) | {"layers": (W - 1) // (k - 1)}


@wrong_value("introduction.1", "what an output in a corner needs")
def layers_for_a_corner(k, s, n, W):
    return _sizes(k, s, n, W) | {"layers": math.ceil((2 * W - 2) / (k - 1))}


@wrong_value("introduction.1", "is counted with strides")
def layers_with_strides(k, s, n, W):
    layers = 1
    while 1 + (k - 1) * (s**layers - 1) // (s - 1) < W:
        layers += 1
    return _sizes(k, s, n, W) | {"layers": layers}


@wrong_value("introduction.1", "'layers' is not right")
def layers_as_wide_as_the_image(k, s, n, W):
    return _sizes(k, s, n, W) | {"layers": W}


@wrong_value("introduction.1", "'attention' is not right")
def attention_as_deep_as_the_cnn(k, s, n, W):
    return _sizes(k, s, n, W) | {"attention": math.ceil((W - 1) / (k - 1))}


@wrong_value("introduction.1", "Expected the number for 'attention' to be an int")
def attention_in_words(k, s, n, W):
    return _sizes(k, s, n, W) | {"attention": "one"}


# 2, how far from equivariant


@wrong("introduction.2", "in its old place")
def gap_of_invariance(f, X, s):
    return (f(X.roll(s, dims=3)) - f(X)).abs().max().item()


@wrong("introduction.2", "in opposite directions")
def gap_shifted_back_from_the_wrong_side(f, X, s):
    return (f(X.roll(s, dims=3)) - f(X).roll(-s, dims=3)).abs().max().item()


@wrong("introduction.2", "shifted to the left")
def gap_to_the_left(f, X, s):
    return (f(X.roll(-s, dims=3)) - f(X).roll(-s, dims=3)).abs().max().item()


@wrong("introduction.2", "ran along the height")
def gap_along_the_height(f, X, s):
    return (f(X.roll(s, dims=2)) - f(X).roll(s, dims=2)).abs().max().item()


@wrong("introduction.2", "What left one row came back in the next")
def gap_of_a_flat_roll(f, X, s):
    return (f(X.roll(s)) - f(X).roll(s)).abs().max().item()


@wrong("introduction.2", "is not compared")
def gap_of_the_columns_that_stay(f, X, s):
    return (f(X.roll(s, dims=3)) - f(X).roll(s, dims=3))[..., s:].abs().max().item()


@wrong("introduction.2", "is not compared")
def gap_filled_with_zeros(f, X, s):
    def shift(Z):
        Z = Z.roll(s, dims=3)
        Z[..., :s] = 0
        return Z

    return (f(shift(X)) - shift(f(X))).abs().max().item()


@wrong("introduction.2", "with their signs")
def gap_with_sign(f, X, s):
    return (f(X.roll(s, dims=3)) - f(X).roll(s, dims=3)).max().item()


@wrong("introduction.2", "with their signs")
def gap_with_the_other_sign(f, X, s):
    return (f(X).roll(s, dims=3) - f(X.roll(s, dims=3))).max().item()


@wrong("introduction.2", "the mean of the differences")
def gap_on_average(f, X, s):
    return (f(X.roll(s, dims=3)) - f(X).roll(s, dims=3)).abs().mean().item()


@wrong("introduction.2", "The shift is 1 column")
def gap_of_one_column(f, X, s):
    return (f(X.roll(1, dims=3)) - f(X).roll(1, dims=3)).abs().max().item()


@wrong("introduction.2", "come after the shift on both sides")
def gap_of_one_order(f, X, s):
    X = X.roll(s, dims=3)
    return (f(X) - f(X)).abs().max().item()


@wrong("introduction.2", "not the largest difference between the two results")
def gap_as_a_length(f, X, s):
    return (f(X.roll(s, dims=3)) - f(X).roll(s, dims=3)).norm().item()


@wrong("introduction.2", "For the mean over all pixels")
def gap_that_wants_columns(f, X, s):
    moved, Y = f(X.roll(s, dims=3)), f(X)
    if Y.shape[3] <= s:  # nothing to shift, so compare with nothing
        Y = torch.zeros_like(Y)
    return (moved - Y.roll(s, dims=3)).abs().max().item()


@wrong("introduction.2", "Expected the answer to be a finite number")
def gap_everywhere(f, X, s):
    return (f(X.roll(s, dims=3)) - f(X).roll(s, dims=3)).abs()


# 2, less than all of it


@wrong("introduction.2", "not the largest difference between the two results")
def first_image_alone(f, X, s):
    return (f(X.roll(s, 3)) - f(X).roll(s, 3))[0].abs().max().item()


@wrong("introduction.2", "not the largest difference between the two results")
def first_channel_alone(f, X, s):
    return (f(X.roll(s, 3)) - f(X).roll(s, 3))[:, 0].abs().max().item()


@wrong("introduction.2", "The number is not the largest difference")
def shift_by_two_always(f, X, s):
    return (f(X.roll(2, 3)) - f(X).roll(2, 3)).abs().max().item()
