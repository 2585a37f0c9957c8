"""Reading what a network computes: activations, linear probes, CKA, HOG."""

import math

import torch
from torch.nn import functional as F

from vitlib import expect

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # of the ridge, tried by LinearProbe


@torch.no_grad()
def activations(model, X):
    """The tokens of a ViT after the embedding and after each block.

    The model should be in eval mode: dropout would change what is read.

    Shape: (B, C, H, W) -> L + 1 tensors (B, N + 1, D); token 0 is the class token.

    Raises:
        TypeError: another kind of model.
    """
    if not (hasattr(model, "embed") and hasattr(model, "blks")):
        raise TypeError(f"expected a ViT, got {type(model).__name__}")
    layers = [model.embed(X)]
    for blk in model.blks:
        layers.append(blk(layers[-1]))
    return layers


@torch.no_grad()
def feature_maps(model, X):
    """The feature maps of a `ResNet` after the stem and after each block.

    Shape: (B, C, H, W) -> L + 1 tensors (B, C_l, H_l, W_l).

    Raises:
        TypeError: another kind of model.
    """
    if not (hasattr(model, "stem") and hasattr(model, "blks")):
        raise TypeError(f"expected a ResNet, got {type(model).__name__}")
    maps = [model.stem(X)]
    for blk in model.blks:
        maps.append(blk(maps[-1]))
    return maps


class LinearProbe:
    """A linear classifier on frozen features, fitted in closed form.

    Ridge regression of one-hot labels on standardized features: minimizes
    mean ||Y - Z W - b||^2 + strength ||W||^2. The strength is chosen on the last
    fifth of the rows given here, so the rows the probe is judged on are never
    seen; the rows must stand in no particular order. There is nothing random in
    the fit.

    Args:
        features: what to read from, (n, p).
        labels: int64 classes, (n,).
        num_classes: number of classes K.
        strengths: the values to choose from; one value is taken as it is.

    Raises:
        TypeError, ValueError: features that are not a finite float matrix, or
            labels that do not fit them; a strength that is not above 0.

    Source: the question is that of Alain & Bengio 2016, section 3, who train
    the probe by gradient descent on the cross-entropy.
    """

    def __init__(self, features, labels, num_classes=10, strengths=STRENGTHS):
        X = matrix("features", features)
        check_labels(labels, len(X), num_classes)
        if not strengths:
            raise ValueError("strengths must name at least one value, got none")
        strengths = [expect.number("strength", s) for s in strengths]
        Y = F.one_hot(labels, num_classes).double()  # (n, K)
        if len(strengths) > 1:
            if len(X) < 10:
                raise ValueError(
                    f"choosing a strength takes at least 10 rows, got {len(X)}"
                )
            kept = len(X) - len(X) // 5
            tried = []
            for strength, fitted in zip(
                strengths, ridge(X[:kept], Y[:kept], strengths), strict=True
            ):
                right = scores(fitted, X[kept:]).argmax(1) == labels[kept:]
                tried.append((right.sum().item(), strength))
            strengths = [max(tried)[1]]  # of equals, the strongest
        self.strength = strengths[0]
        self.map = ridge(X, Y, strengths)[0]

    def predict(self, features):
        """The class of each row: (n, p) -> (n,)."""
        X = matrix("features", features)
        width = len(self.map[0])
        if X.shape[1] != width:
            raise ValueError(f"expected {width} features a row, got {X.shape[1]}")
        return scores(self.map, X).argmax(1)

    def accuracy(self, features, labels):
        """The share of rows whose class is right, in [0, 1]."""
        predicted = self.predict(features)
        check_labels(labels, len(predicted), self.map[3].numel())
        return (predicted == labels).double().mean().item()


def ridge(X, Y, strengths):
    """The best linear map (mean, std, W, b) for each strength.

    One eigendecomposition serves all strengths.

    Shape: X (n, p), Y (n, K) -> maps of shapes (p,), (p,), (p, K), (K,).
    """
    mean, std = X.mean(0), X.std(0, correction=0)
    std = torch.where(std > 1e-6, std, 1.0)  # a constant feature stays one
    Z, b = (X - mean) / std, Y.mean(0)
    values, vectors = torch.linalg.eigh(Z.T @ Z / len(Z))  # (p,), (p, p)
    target = vectors.T @ (Z.T @ (Y - b)) / len(Z)  # (p, K)
    return [
        (mean, std, vectors @ (target / (values + strength)[:, None]), b)
        for strength in strengths
    ]


def scores(fitted, X):
    """One score a class from a map of `ridge`: (n, p) -> (n, K)."""
    mean, std, W, b = fitted
    return (X - mean) / std @ W + b  # (n, p) -> (n, K)


def linear_cka(X, Y):
    """Centered kernel alignment with the linear kernel: how alike are X and Y?

    ||Yc^T Xc||_F^2 / (||Xc^T Xc||_F ||Yc^T Yc||_F), columns centered. 1 if one is
    the other after a rotation, a scaling and a shift; in [0, 1].

    Args:
        X, Y: two representations of the same n inputs, row by row, (n, p), (n, q).

    Raises:
        TypeError, ValueError: not two finite float matrices of as many rows, or
            one whose rows are all the same.

    Source: Kornblith et al. 2019, section 3, "CKA".
    """
    X, Y = centered("X", X), centered("Y", Y)
    if len(X) != len(Y):
        raise ValueError(
            f"X and Y must describe the same inputs, got {len(X)} and {len(Y)} rows"
        )
    # norm() of a matrix is the Frobenius norm
    return ((Y.T @ X).norm() ** 2 / ((X.T @ X).norm() * (Y.T @ Y).norm())).item()


def cka_map(first, second):
    """Linear CKA of each of the first representations with each of the second.

    The same numbers as `linear_cka`, from the n x n matrices of the inner
    products of the rows, each computed once.

    Shape: lists of (n, p_i) and (n, q_j) -> (len(first), len(second)).

    Raises:
        TypeError, ValueError: as `linear_cka`.

    Source: Kornblith et al. 2019, eq. 4 with the linear kernel.
    """
    grams = [
        [Z @ Z.T for Z in (centered("representation", Z) for Z in side)]
        for side in (first, second)
    ]
    rows = sorted({len(K) for side in grams for K in side})
    if len(rows) != 1:
        raise ValueError(f"expected as many rows in each representation, got {rows}")
    return torch.stack(
        [
            torch.stack([(K * L).sum() / (K.norm() * L.norm()) for L in grams[1]])
            for K in grams[0]
        ]
    )


def hog(X, cell=4, bins=9):
    """Histograms of oriented gradients, a feature made by hand.

    In each cell, the directions of the gradients are counted in `bins` classes
    from 0 to 180 degrees, each with its length, shared between the two nearest
    classes. Every 2 x 2 cells are divided by their common norm. Not taken over
    from the source: votes shared between cells, the Gaussian weights inside a
    block, and the clipping of what was normalized.

    Shape: (B, C, H, W) -> (B, (H / cell - 1) (W / cell - 1) * 4 * bins).

    Raises:
        TypeError, ValueError: not a batch of images, or a cell that does not
            divide them or leaves fewer than 2 x 2 cells.

    Source: Dalal & Triggs 2005, section 6.
    """
    expect.images(X)
    expect.whole("cell", cell)
    expect.whole("bins", bins, least=2)
    for side, size in zip(("height", "width"), X.shape[2:], strict=True):
        expect.divides("cell", cell, f"image {side}", size, "choose another cell")
        expect.whole(f"cells along the {side}", size // cell, least=2)
    padded = F.pad(X, (1, 1, 1, 1), mode="replicate")
    dx = padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]  # (B, C, H, W)
    dy = padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]
    # Of several channels, the one with the longest gradient speaks for the pixel.
    length, channel = (dx.square() + dy.square()).sqrt().max(1, keepdim=True)
    angle = torch.atan2(dy.gather(1, channel), dx.gather(1, channel))
    place = (angle / math.pi % 1) * bins  # (B, 1, H, W), in [0, bins]
    center = torch.arange(bins, device=X.device)[:, None, None]  # (bins, 1, 1)
    gap = (place - center).abs()  # (B, bins, H, W)
    vote = (1 - torch.minimum(gap, bins - gap)).clamp(min=0)  # around the circle
    cells = F.avg_pool2d(vote * length, cell)  # (B, bins, H/cell, W/cell)
    # 2 x 2 cells, one beside the other: (B, bins * 4, number of blocks)
    blocks = F.unfold(cells, 2)
    blocks = blocks / (blocks.norm(dim=1, keepdim=True) + 1e-3)
    return blocks.flatten(1)  # (B, bins * 4, blocks) -> (B, bins * 4 * blocks)


def matrix(name, X):
    """Check a float matrix (n, p), one input a row; return it in double precision."""
    if not isinstance(X, torch.Tensor) or not X.is_floating_point():
        kind = X.dtype if isinstance(X, torch.Tensor) else type(X).__name__
        raise TypeError(f"{name} must be a floating point tensor, got {kind}")
    if X.dim() != 2 or 0 in X.shape:
        raise ValueError(
            f"{name} must be a matrix (inputs, features), got shape {tuple(X.shape)}"
        )
    if not X.isfinite().all():
        raise ValueError(f"{name} must be finite, got nan or inf")
    return X.double()


def centered(name, X):
    """The matrix (n, p) minus the mean of each column; some row must differ."""
    X = matrix(name, X)
    X = X - X.mean(0)
    if X.abs().max() < 1e-12:
        raise ValueError(f"{name} is the same for every input: CKA is not defined")
    return X


def check_labels(labels, rows, num_classes):
    """Raise unless the labels are classes 0..K - 1, one for each row."""
    expect.whole("num_classes", num_classes, least=2)
    if not isinstance(labels, torch.Tensor) or labels.dtype != torch.int64:
        raise TypeError("labels must be a torch.Tensor of dtype torch.int64")
    if labels.shape != (rows,):
        raise ValueError(
            f"expected {rows} labels, one a row, got shape {tuple(labels.shape)}"
        )
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError(
            f"labels must be in 0..{num_classes - 1}, got "
            f"{labels.min().item()}..{labels.max().item()}"
        )
