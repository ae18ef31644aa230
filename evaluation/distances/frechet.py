"""The Fréchet distance between two sets of embeddings, in float64.

Both sets are taken for normal distributions; the distance is

    |m_r - m_e|² + tr C_r + tr C_e - 2 tr (C_r C_e)^½

(Dowson and Landau 1982; for audio Kilgour et al. 2019). The covariances divide by n - 1. The last
trace is the sum of the singular values of F_r F_eᵀ, for any factors with C = Fᵀ F. Hence no square
root of a matrix is needed, and no complex number:

- the reference keeps the triangular factor of a QR decomposition, computed once;
- with n of at least d embeddings, the squares of those singular values are the eigenvalues of the
  symmetric F_r C_e F_rᵀ;
- with fewer, F_e is the centred set itself, and the singular values are those of a matrix with n
  rows (the Gram form): exact, though the covariance has no full rank.

float32 would be off by up to 0.2, and a ridge on the diagonal, which other packages add where a
product is singular, is another distance. The estimate is biased upwards by about 1/n: see
:mod:`.extrapolation`.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ReferenceMoments:
    """What the distance needs of the reference set.

    ``root`` has ``min(n, d)`` rows and d columns, and its Gram matrix ``rootᵀ root`` is the
    covariance; it is upper triangular where n > d. ``mean`` is ``(d,)``.
    """

    n: int
    mean: Array
    root: Array

    @cached_property
    def spread(self) -> float:
        """The trace of the covariance."""
        return float(np.square(self.root).sum())


def statistics(embeddings: ArrayLike) -> ReferenceMoments:
    """Mean and root of the reference set ``(n, d)``.

    Raises:
        ValueError: for fewer than two embeddings, or one that is not finite.
    """
    values, mean = _centred(embeddings)
    n, dimensions = values.shape
    root: Array = np.asarray(np.linalg.qr(values, mode="r")) if n > dimensions else values
    return ReferenceMoments(n, mean, root)


def frechet_distance(reference: ReferenceMoments, embeddings: ArrayLike) -> float:
    """The distance of the set ``(n, d)`` from the reference; not below 0.

    Raises:
        ValueError: for fewer than two embeddings, one that is not finite, or another dimension.
    """
    values, mean = _centred(embeddings)
    root = reference.root
    if values.shape[1] != root.shape[1]:
        raise ValueError(f"{values.shape[1]} dimensions, the reference has {root.shape[1]}")
    if len(values) > values.shape[1]:
        return distance_from(reference, mean, values.T @ values)
    overlap = float(scipy.linalg.svdvals(values @ root.T, check_finite=False).sum())
    return _distance(reference, mean, float(np.square(values).sum()), overlap)


def distance_from(reference: ReferenceMoments, mean: Array, covariance: Array) -> float:
    """The distance of a distribution given by its mean ``(d,)`` and covariance ``(d, d)``."""
    if reference.n > len(covariance):
        product = _congruent(reference.root, covariance)
    else:  # the root is no triangle
        product = reference.root @ covariance @ reference.root.T
    return _distance(reference, mean, float(np.trace(covariance)), _root_trace(product))


def frechet_of_moments(
    mean: ArrayLike, covariance: ArrayLike, other_mean: ArrayLike, other_covariance: ArrayLike
) -> float:
    """The distance of two normal distributions given by their means and covariances."""
    first, second = np.asarray(covariance, np.float64), np.asarray(other_covariance, np.float64)
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(np.clip(values, 0, None))).T
    apart = np.square(np.asarray(mean, np.float64) - np.asarray(other_mean, np.float64)).sum()
    overlap = _root_trace(root @ second @ root.T)
    return max(float(apart + np.trace(first) + np.trace(second)) - 2 * overlap, 0.0)


def _distance(reference: ReferenceMoments, mean: Array, spread: float, overlap: float) -> float:
    apart = float(np.square(mean - reference.mean).sum())
    total = apart + reference.spread + spread - 2 * overlap
    return max(total, 0.0)


def _centred(embeddings: ArrayLike) -> tuple[Array, Array]:
    """The set without its mean, over the root of n - 1, and the mean."""
    values = np.asarray(embeddings, dtype=np.float64)
    if values.ndim != 2 or len(values) < 2:
        raise ValueError(f"two or more embeddings are needed, (n, d), not {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("an embedding is not finite")
    mean = values.mean(axis=0)
    return (values - mean) / np.sqrt(len(values) - 1), mean


def _congruent(root: Array, covariance: Array) -> Array:
    """``root · covariance · rootᵀ`` for a triangular root, in half the work of two products."""
    lapack: Any = scipy.linalg.lapack
    # itype 2 multiplies and never divides, so a singular root is as good as any other. Both are
    # handed over transposed, which is how LAPACK keeps matrices: nothing has to be turned round.
    product, _ = lapack.dsygst(covariance.T, root.T, itype=2, lower=1)
    return np.asarray(product)  # its lower triangle, which is what eigvalsh reads


def _root_trace(matrix: Array) -> float:
    """The trace of the square root of a symmetric matrix without negative eigenvalues."""
    values = np.linalg.eigvalsh(matrix)
    # What lies below LAPACK's own error is a zero; its square root would not be small.
    noise = len(values) * np.finfo(np.float64).eps * max(float(values[-1]), 0.0)
    return float(np.sqrt(values[values > noise]).sum())
