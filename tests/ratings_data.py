"""Public-domain data sets of R's documentation and of the textbooks, typed in as they stand there.

Sources: R's ``datasets`` and the examples of ``friedman.test``, ``quade.test`` and
``kruskal.test``; Sachs (1997); Conover (1999, p. 391); Brady in Hollander & Wolfe (1999);
Krippendorff (2011); Shrout & Fleiss (1979); Stigler's citations (``BradleyTerry2``).
"""

import numpy as np

from earmark.analysis.ratings.reading.table import Floats, Ints

NAN = float("nan")


def grouped(*groups: list[float]) -> tuple[Floats, Ints]:
    """Values and group codes of several groups one after the other, missing values left out."""
    values = np.concatenate([np.asarray(group, dtype=np.float64) for group in groups])
    codes = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    known = ~np.isnan(values)
    return values[known], codes[known]


# fmt: off
INSECT_SPRAYS = grouped(
    [10, 7, 20, 14, 14, 12, 10, 23, 17, 20, 14, 13],
    [11, 17, 21, 11, 16, 14, 17, 17, 19, 21, 7, 13],
    [0, 1, 7, 2, 3, 1, 2, 1, 3, 0, 1, 4],
    [3, 5, 12, 6, 4, 3, 5, 5, 5, 5, 2, 4],
    [3, 5, 3, 5, 3, 6, 1, 1, 3, 2, 6, 4],
    [11, 9, 15, 22, 15, 16, 13, 10, 26, 26, 24, 13],
)
AIRQUALITY_OZONE = grouped(
    [41, 36, 12, 18, NAN, 28, 23, 19, 8, NAN, 7, 16, 11, 14, 18, 14, 34, 6, 30, 11, 1, 11, 4, 32,
     NAN, NAN, NAN, 23, 45, 115, 37],
    [NAN, NAN, NAN, NAN, NAN, NAN, 29, NAN, 71, 39, NAN, NAN, 23, NAN, NAN, 21, 37, 20, 12, 13,
     NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN],
    [135, 49, 32, NAN, 64, 40, 77, 97, 97, 85, NAN, 10, 27, NAN, 7, 48, 35, 61, 79, 63, 16, NAN,
     NAN, 80, 108, 20, 52, 82, 50, 64, 59],
    [39, 9, 16, 78, 35, 66, 122, 89, 110, NAN, NAN, 44, 28, 65, NAN, 22, 59, 23, 31, 44, 21, 9,
     NAN, 45, 168, 73, NAN, 76, 118, 84, 85],
    [96, 78, 73, 91, 47, 32, 20, 23, 21, 24, 44, 21, 28, 9, 13, 46, 18, 13, 24, 16, 13, 23, 36, 7,
     14, 30, NAN, 14, 18, 20],
)
PLANT_GROWTH = grouped(
    [4.17, 5.58, 5.18, 6.11, 4.50, 4.61, 5.17, 4.53, 5.33, 5.14],
    [4.81, 4.17, 4.41, 3.59, 5.87, 3.83, 6.03, 4.89, 4.32, 4.69],
    [6.31, 5.12, 5.54, 5.50, 5.37, 5.29, 4.92, 6.15, 5.80, 5.26],
)
TOOTH_GROWTH = grouped(
    [4.2, 11.5, 7.3, 5.8, 6.4, 10, 11.2, 11.2, 5.2, 7,
     15.2, 21.5, 17.6, 9.7, 14.5, 10, 8.2, 9.4, 16.5, 9.7],
    [16.5, 16.5, 15.2, 17.3, 22.5, 17.3, 13.6, 14.5, 18.8, 15.5,
     19.7, 23.3, 23.6, 26.4, 20, 25.2, 25.8, 21.2, 14.5, 27.3],
    [23.6, 18.5, 33.9, 25.5, 26.4, 32.5, 26.7, 21.5, 23.3, 29.5,
     25.5, 26.4, 22.4, 24.5, 24.8, 30.9, 26.4, 27.3, 29.4, 23],
)
CHICKWTS = grouped(
    [368, 390, 379, 260, 404, 318, 352, 359, 216, 222, 283, 332],
    [179, 160, 136, 227, 217, 168, 108, 124, 143, 140],
    [309, 229, 181, 141, 260, 203, 148, 169, 213, 257, 244, 271],
    [325, 257, 303, 315, 380, 153, 263, 242, 206, 344, 258],
    [243, 230, 248, 327, 329, 250, 193, 271, 316, 267, 199, 171, 158, 248],
    [423, 340, 392, 339, 341, 226, 320, 295, 334, 322, 297, 318],
)
MUCOCILIARY = grouped([2.9, 3.0, 2.5, 2.6, 3.2], [3.8, 2.7, 4.0, 2.4], [2.8, 3.4, 3.7, 2.2, 2.0])

# Round out, narrow angle, wide angle.
ROUNDING_TIMES = np.array([
    [5.40, 5.50, 5.55], [5.85, 5.70, 5.75], [5.20, 5.60, 5.50], [5.55, 5.50, 5.40],
    [5.90, 5.85, 5.70], [5.45, 5.55, 5.60], [5.40, 5.40, 5.35], [5.45, 5.50, 5.35],
    [5.25, 5.15, 5.00], [5.85, 5.80, 5.70], [5.25, 5.20, 5.10], [5.65, 5.55, 5.45],
    [5.60, 5.35, 5.45], [5.05, 5.00, 4.95], [5.50, 5.50, 5.40], [5.45, 5.55, 5.50],
    [5.55, 5.55, 5.35], [5.45, 5.50, 5.55], [5.50, 5.45, 5.25], [5.65, 5.60, 5.40],
    [5.70, 5.65, 5.55], [6.30, 6.30, 6.25],
])
HAND_LOTION = np.array([
    [5, 4, 7, 10, 12], [1, 3, 1, 0, 2], [16, 12, 22, 22, 35], [5, 4, 3, 5, 4],
    [10, 9, 7, 13, 10], [19, 18, 28, 37, 58], [10, 7, 6, 8, 7],
], dtype=np.float64)
SACHS_DIURETICS = np.array([
    [3.88, 5.64, 5.76, 4.25, 5.91, 4.33], [30.58, 30.14, 16.92, 23.19, 26.74, 10.91],
    [25.24, 33.52, 25.45, 18.85, 20.45, 26.67], [4.44, 7.94, 4.04, 4.40, 4.23, 4.36],
    [29.41, 30.72, 32.92, 28.23, 23.35, 12.00], [38.87, 33.12, 39.15, 28.06, 38.23, 26.65],
]).T
CONOVER_ICE_CREAM = np.array([
    [2, 3, NAN, 1, NAN, NAN, NAN], [NAN, 3, 1, NAN, 2, NAN, NAN], [NAN, NAN, 2, 1, NAN, 3, NAN],
    [NAN, NAN, NAN, 1, 2, NAN, 3], [3, NAN, NAN, NAN, 1, 2, NAN], [NAN, 3, NAN, NAN, NAN, 1, 2],
    [3, NAN, 1, NAN, NAN, NAN, 2],
])
BRADY = np.array([
    [3, 5, 15], [1, 3, 18], [5, 4, 21], [2, NAN, 6], [0, 2, 17], [0, 2, 10], [0, 3, 8], [0, 2, 13],
])
# Units × coders.
KRIPPENDORFF = np.array([
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN], [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN], [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]).T
# Targets × judges.
SHROUT_FLEISS = np.array([
    [9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7],
], dtype=np.float64)
# Times the row was cited by the column: Biometrika, Commun. Statist., JASA, JRSS-B.
CITATIONS = np.array([
    [714, 730, 498, 221], [33, 425, 68, 17], [320, 813, 1072, 142], [284, 276, 325, 188],
], dtype=np.float64)
# fmt: on
