"""Slips made by hand, each noticed by the tests named beside it; and slips that change nothing.

Most of them survived once: balance, screening, levels of intervals, the order of writing to disk.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """``before`` stands once in the file; with ``after`` in its place ``tests`` must fail."""

    path: str
    before: str
    after: str
    tests: tuple[str, ...]


_ORDERS = "listening_test/study/orders.py"
_FLAGS = "analysis/ratings/inference/screening/flags.py"
_STANDARD = "analysis/ratings/inference/screening/standard.py"
_METHODS = "analysis/ratings/methods"
_MIXED = "analysis/ratings/mixed_models"
_STORE = "evaluation/results/store.py"
_STORAGE = "listening_test/storage"
_CONNECTIONS = "listening_test/wire/connections.py"
_ALIGNMENT = "models/audio/alignment.py"

_BALANCE = ("tests/listening_test/study/test_study_balance.py",)
_RULES = ("tests/analysis/ratings/inference/test_ratings_screening.py",)
_LEVELS = ("tests/analysis/ratings/methods/test_ratings_levels.py",)
_OPTIMUM = ("tests/analysis/ratings/mixed_models/test_ratings_mixed_optimum.py",)
_ORDINAL = ("tests/analysis/ratings/mixed_models/test_ratings_ordinal.py",)
_RANKS = ("tests/analysis/ratings/methods/test_ratings_ranks.py",)
_RESAMPLING = ("tests/analysis/ratings/methods/test_ratings_resampling.py",)
_DURABLE = ("tests/evaluation/results/test_durable.py",)
_PROMISES = ("tests/listening_test/storage/test_storage_promises.py",)
_BACKUP = ("tests/listening_test/storage/test_backup.py",)
_SCHEMA = ("tests/listening_test/storage/test_storage_schema.py",)
_SERVER = ("tests/listening_test/storage/test_storage_server.py",)
_BYTES = ("tests/listening_test/storage/test_journal_bytes.py",)
_TIME = ("tests/listening_test/wire/test_connections_time.py",)
_ROOM = ("tests/listening_test/wire/test_connections_room.py",)
_RATES = ("tests/listening_test/wire/test_rates.py",)
_DETAILS = ("tests/models/audio/test_loudness_details.py",)

KNOWN: Sequence[Known] = (
    Known(_ORDERS, "for row in block(least) if", "for row in range(rows) if", _BALANCE),
    Known(_ORDERS, "rows + [row[::-1] for row in rows]", "rows + rows", _BALANCE),
    Known(_ORDERS, "shuffled = draw.sample(list(items), len(items))", "shuffled = items", _BALANCE),
    Known(_ORDERS, "second = draw.sample(again, len(again))", "second = again", _BALANCE),
    Known(_ORDERS, "return draw.sample(spread, count)", "return spread", _BALANCE),
    Known(_ORDERS, "for step in (1, 2)}", "for step in (1, 3)}", _BALANCE),
    Known(_STANDARD, "if one.value > SHARE", "if one.value >= SHARE", _RULES),
    Known(_STANDARD, "if len(called) == 1 else", "if called else", _RULES),
    Known(_FLAGS, "< _ALONE:", "< 0.5:", _RULES),
    Known(_STANDARD, "shares <= IGNORED_SHARE", "shares < IGNORED_SHARE", _RULES),
    Known(_FLAGS, "len(part) >= 10 and", "len(part) > 10 and", _RULES),
    Known(_FLAGS, "np.nanmedian(medians)) / 3", "np.nanmedian(medians)) / 2", _RULES),
    Known(_FLAGS, "if share > 0.05:", "if share >= 0.05:", _RULES),
    Known(_FLAGS, "high + 1.5 * (high - low)", "high + 3.0 * (high - low)", _RULES),
    Known(_FLAGS, "if both.sum() < 8:", "if both.sum() < 9:", _RULES),
    Known(
        f"{_MIXED}/linear.py",
        "half = float(stats.t.isf(alpha / 2, df)) * error",
        "half = float(stats.t.isf(alpha, df)) * error",
        _LEVELS,
    ),
    Known(
        f"{_MIXED}/linear.py",
        "df = min(2 * variance**2 / spread",
        "df = min(variance**2 / spread",
        _LEVELS,
    ),
    Known(f"{_MIXED}/linear.py", "raise NotFittedError(NoteCode.NOT_PROVED)", "pass", _OPTIMUM),
    Known(
        "analysis/ratings/result/proof.py",
        "self.zeros.values(), default=0.0) >= -_LEVEL",
        "self.zeros.values(), default=0.0) <= _LEVEL",
        _OPTIMUM,
    ),
    Known(
        f"{_MIXED}/ordinal.py",
        "p = float(2 * stats.norm.sf(abs(z)))",
        "p = float(stats.norm.sf(abs(z)))",
        _ORDINAL,
    ),
    Known(f"{_MIXED}/ordinal.py", "ratio = max(2 * (without", "ratio = max((without", _ORDINAL),
    Known(
        f"{_METHODS}/equivalence.py",
        "half = float(stats.t.isf(alpha, df)) * error",
        "half = float(stats.t.isf(alpha / 2, df)) * error",
        _LEVELS,
    ),
    Known(
        f"{_METHODS}/friedman.py",
        "float(q / np.sqrt(2) * np.sqrt(",
        "float(q * np.sqrt(",
        _LEVELS,
    ),
    Known(f"{_METHODS}/paired.py", "1.0 if len(d) else None", "0.0 if len(d) else None", _LEVELS),
    Known(f"{_METHODS}/signed_rank.py", "return min(positive, ", "return max(positive, ", _RANKS),
    Known(
        f"{_METHODS}/permutation.py",
        "p = (1 + exceeding) / (1 + DRAWS)",
        "p = exceeding / DRAWS",
        _RESAMPLING,
    ),
    Known("models/audio/loudness.py", "* p + 0.5).floor()", "* p).floor()", _DETAILS),
    Known(
        "models/audio/loudness.py",
        "passed = _gate(energies, -20.0)",
        "passed = _gate(energies, -10.0)",
        _DETAILS,
    ),
    Known(_STORE, "            os.fsync(stream.fileno())", "            pass", _DURABLE),
    Known(_STORE, "scratch.replace(path)", "path.write_bytes(scratch.read_bytes())", _DURABLE),
    Known(_STORE, "        _sync_folder(path.parent)", "        pass", _DURABLE),
    Known(_STORE, "PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL", _DURABLE),
    Known(
        f"{_STORAGE}/connections.py", '"synchronous = FULL"', '"synchronous = NORMAL"', _PROMISES
    ),
    Known(
        f"{_STORAGE}/connections.py",
        '"BEGIN IMMEDIATE" if writes else "BEGIN"',
        '"BEGIN"',
        _PROMISES,
    ),
    Known(
        f"{_STORAGE}/tables.py",
        "            session.flush()\n            self.storage.present()",
        "            session.flush()",
        _PROMISES,
    ),
    Known(f"{_STORAGE}/backup.py", "shutil.rmtree(target, ignore_errors=True)", "pass", _BACKUP),
    Known(
        f"{_STORAGE}/schema.py",
        '        storage.lock(connection, "migrations")\n',
        "",
        _SCHEMA,
    ),
    Known(
        f"{_STORAGE}/wire.py",
        'wire.say("SET LOCAL synchronous_commit = on")',
        "pass",
        _SERVER,
    ),
    Known(f"{_STORAGE}/wire.py", "wire.rows(_LOCK, key=key_of(about))", "pass", _SERVER),
    Known(
        f"{_STORAGE}/journal.py", "if event.value is None:", "if event.value is not None:", _BYTES
    ),
    Known(
        _CONNECTIONS,
        "return name if waited > most else None",
        "return name if waited >= most else None",
        _TIME,
    ),
    Known(
        _CONNECTIONS,
        "if len(self.active_channels) >= self.patience.connections and",
        "if len(self.active_channels) > self.patience.connections and",
        _ROOM,
    ),
    Known(
        _CONNECTIONS, "for group in (self.silent, self.idle):", "for group in (self.idle,):", _ROOM
    ),
    Known(
        "listening_test/wire/rates.py",
        "max(min(self._rests[place] for place in places), now)",
        "max(max(self._rests[place] for place in places), now)",
        _RATES,
    ),
)

# (file, the line as it is after the change): no input tells these from the code.
ALIKE: Sequence[tuple[str, str]] = (
    (_ORDERS, "first.append((step + 2) // 2 if step % 2 else size - step // 2)"),
    # One page has nobody to follow, and of five items all pairs are near on the ring.
    (_ORDERS, "if (len(items) >= 1) and second[0] == items[-1]:"),
    (_ORDERS, "if (size < 5):"),
    (
        _ORDERS,
        "steps = {tuple(sorted((i, ((i - step)) % size))) for i in range(size) for step in (1, 2)}",
    ),
    # Where the mean is one half the statistic is zero, and minus zero is zero.
    (f"{_METHODS}/abx.py", "signed = np.sqrt(statistic) if (mean >= 0.5) else -np.sqrt(statistic)"),
    # Of so many degrees of freedom t is normal.
    (
        f"{_MIXED}/linear.py",
        "_MOST_DF = 1100000.0  # t is normal long before; "
        "a variance that is known has no end of them",
    ),
    # Shares of a number are as many as numbers.
    (f"{_METHODS}/incomplete.py", "and len(np.unique(present.mean(axis=1))) == 1"),
    (f"{_METHODS}/incomplete.py", "and len(np.unique(present.mean(axis=0))) == 1"),
    # No count of signs or orders is just that large, and it is drawn in parts of any size.
    (f"{_METHODS}/permutation.py", "_EXACT = 20001"),
    (f"{_METHODS}/permutation.py", "_CHUNK = 2000001"),
    (f"{_METHODS}/permutation.py", "if (arrangements < _EXACT):"),
    (f"{_METHODS}/permutation.py", "if (2 ** n < _EXACT):"),
    (f"{_METHODS}/permutation.py", "exact = (2 ** n < _EXACT)"),
    (f"{_METHODS}/permutation.py", "size = min(left, max(2, _CHUNK // (n * k)))"),
    (f"{_METHODS}/permutation.py", "size = min(left, max(2, _CHUNK // n))"),
    # No error is just that large; the bound says what rounding may do.
    (
        f"{_METHODS}/paired.py",
        "error = estimate.error "
        "if (estimate.error >= 1e-12 * (1 + abs(estimate.difference))) else 0",
    ),
    # To NumPy any negative size is the one that is left.
    (
        "analysis/ratings/estimation/agreement.py",
        "for at in np.flatnonzero((ratings.counts.reshape(-2)[cell] > 1) & (ratings.repeat < 2)):",
    ),
    # The matrix is symmetric.
    (
        "analysis/ratings/estimation/agreement.py",
        "marginal = coincidence.sum(axis=1)",
    ),
    # Audio has two dimensions, of which the last is the second.
    (_ALIGNMENT, "samples = min(audio.shape[(1)], target.shape[-1])"),
    (_ALIGNMENT, "samples = min(audio.shape[-1], target.shape[(1)])"),
    # Longer blocks, more of them at once, and more silence around them give the same sums.
    (_ALIGNMENT, "_BLOCK = 32769"),
    (_ALIGNMENT, "_BLOCKS_AT_ONCE = 33"),
    (_ALIGNMENT, "while (size <= 4 * reach):"),
    (_ALIGNMENT, "while size < 5 * reach:"),
    (_ALIGNMENT, "size *= 3"),
    (
        _ALIGNMENT,
        "_RINGING = 4097  # silence around the signal in which a fractional shift rings out",
    ),
    (_ALIGNMENT, "size = int(next_fast_len(length + 3 * _RINGING, real=True))"),
    (_ALIGNMENT, "size = int(next_fast_len(length + 2 * _RINGING, real=False))"),
    # A sample more, and a fraction back.
    (_ALIGNMENT, "whole = math.ceil(samples)"),
    # The correlation is divided by the energy of both.
    (_ALIGNMENT, "mid = audio.double().sum(dim=-2)"),
    # What is no peak is looked at too, and finds none that is higher than the peak beside it.
    (_ALIGNMENT, "left, right = height[(inner + 1)], height[inner + 1]"),
    (_ALIGNMENT, "left, right = height[inner - 1], height[(inner - 1)]"),
    (_ALIGNMENT, "peaks = inner[((height[inner] >= left) | (height[inner] >= right))]"),
    (
        _ALIGNMENT,
        "_SAMPLED = 0.55  # of its height is seen of a peak between two samples, at least",
    ),
    # Of two neighbours that are equal one is enough.
    (_ALIGNMENT, "peaks = inner[((height[inner] > left)) & (height[inner] >= right)]"),
    (_ALIGNMENT, "peaks = inner[(height[inner] >= left) & ((height[inner] > right))]"),
    # Where the curve does not bend there is no peak, and no correlation.
    (_ALIGNMENT, "flat = (bend.abs() <= 1e-14)"),
    (
        _ALIGNMENT,
        "beside = torch.where(flat, 1.0, 0.5 * (before - after) / torch.where(flat, 1.0, bend))",
    ),
    (
        _ALIGNMENT,
        "beside = torch.where(flat, 0.0, 0.5 * (before - after) / torch.where(flat, 1.1, bend))",
    ),
    # Beyond the last sample nothing overlaps.
    (_ALIGNMENT, "limit = min(round(max_seconds * sample_rate), (samples + 1))"),
    # Silence has a correlation of nothing by either way.
    (_ALIGNMENT, "usable = (scale >= scale.max() * 1e-09)"),
    (_ALIGNMENT, "inverted=bool((values[chosen] <= 0)),"),
    # No two peaks differ by just so much; the bound says what rounding may do.
    (_ALIGNMENT, "tied = (values.abs() > best - _TIE)"),
    (_ALIGNMENT, "_TIE = 1.1000000000000001e-05  # the short sinc is this exact"),
    # Another length of a transform is slower or faster, and gives the same.
    (
        "models/audio/loudness.py",
        "power = 1 << max((samples + 1), 1).bit_length()",
    ),
    # SQLite as Debian builds it (USE_URI) takes an address without being told.
    (
        f"{_STORAGE}/connections.py",
        "return sqlite3.connect(address, uri=False, timeout=BUSY_SECONDS, check_same_thread=False)",
    ),
    (
        f"{_STORAGE}/connections.py",
        "return sqlite3.connect(address, uri=False, timeout=BUSY_SECONDS, isolation_level=None)",
    ),
    (_STORE, "return sqlite3.connect(address, uri=False, timeout=60, isolation_level=None)"),
    # The file lay there just before.
    (_STORE, "scratch.unlink(missing_ok=False)"),
)
