"""Schema 2: results know what their metrics mean, and find the scores of a reference at once.

Units, directions and summaries stood in the program alone, so that a report could not tell them
of a plug-in's metric unless the plug-in was loaded. ``rank`` is the metric's place among all that
were known. Deleting the scores against a render that is made anew read the whole table.
"""

# What Earmark knew of its metrics while schema 1 was in use, in its order; as it was then.
_FACTS = (
    (
        "lufs_integrated",
        "LUFS",
        "none",
        "Integrated loudness: 400 ms blocks, gated at -70 LUFS and 10 LU below their mean.",
    ),
    (
        "lufs_short_term_max",
        "LUFS",
        "none",
        "Maximum short-term loudness: the loudest 3 s, in steps of 100 ms.",
    ),
    (
        "lufs_momentary_max",
        "LUFS",
        "none",
        "Maximum momentary loudness: the loudest 400 ms, in steps of 10 ms.",
    ),
    (
        "lra",
        "LU",
        "none",
        "Loudness range of EBU Tech 3342: 10th to 95th percentile of the gated 3 s loudness.",
    ),
    (
        "true_peak_dbtp",
        "dBTP",
        "none",
        "The largest true peak of all channels, four times oversampled (see ``interpolator``).",
    ),
    (
        "sample_peak_dbfs",
        "dBFS",
        "none",
        "The largest sample of all channels; 0 dBFS is full scale, 1.0.",
    ),
    (
        "overs",
        "samples",
        "lower",
        "Samples above full scale (magnitude > 1.0), counted over all channels.",
    ),
    ("plr", "LU", "none", "Peak to loudness ratio: true peak less integrated loudness."),
    (
        "crest_factor_db",
        "dB",
        "none",
        "Peak over RMS of each channel, averaged in dB over the channels that are not silent.",
    ),
    (
        "stereo_correlation",
        "",
        "none",
        "Correlation of L and R about zero, as a correlation meter has it: 1 mono, -1 opposite.",
    ),
    (
        "stereo_width_db",
        "dB",
        "none",
        "Energy of side over energy of mid: -inf for mono, 0 for two unrelated channels.",
    ),
    (
        "balance_db",
        "dB",
        "zero",
        "Energy of L over energy of R: positive where the left is louder.",
    ),
    (
        "mono_loss_db",
        "dB",
        "lower",
        "Level that folding down to mid costs: 0 for mono, 3 dB for two unrelated channels.",
    ),
    ("mae", "FS", "lower", "Mean absolute error of the samples, full scale 1.0."),
    (
        "esr",
        "",
        "lower",
        "Error to signal ratio: energy of the error over energy of the reference.",
    ),
    (
        "snr_db",
        "dB",
        "higher",
        "Signal to noise ratio, the difference to the reference taken as noise.",
    ),
    ("si_sdr_db", "dB", "higher", "Scale-invariant signal to distortion ratio."),
    (
        "a_weighted_error_db",
        "dB",
        "lower",
        "Energy of the error over energy of the reference, both A-weighted by IEC 61672-1.",
    ),
    (
        "lufs_error",
        "LU",
        "zero",
        "Integrated loudness less that of the reference; its magnitude with ``absolute``.",
    ),
    (
        "mrstft_auraloss",
        "",
        "lower",
        "Multi-resolution STFT distance, transforms of 1024, 2048, 512 (auraloss's default).",
    ),
    (
        "mrstft_music",
        "",
        "lower",
        "Multi-resolution STFT distance, transforms of 1024, 2048, 8192 with hops of a quarter.",
    ),
    (
        "mrstft_sum_diff",
        "",
        "lower",
        "Stereo distance: multi-resolution STFT of L + R plus that of L - R.",
    ),
    ("logmel_db", "dB", "lower", "Mean absolute difference of the levels of mel bands."),
    ("mcd_k25", "dB", "lower", "Mel-cepstral distance over coefficients 1 to 25 (Kubichek, 1993)."),
    (
        "rtf",
        "× length",
        "lower",
        "Real-time factor: seconds of processing for each second of audio.",
    ),
    (
        "peak_memory_mb",
        "MiB",
        "lower",
        "The most memory that the process, or the GPU, held while it rendered.",
    ),
    ("parameters", "", "lower", "Trained parameters of the system; 0 where nothing was trained."),
    (
        "fad",
        "",
        "lower",
        "Fréchet distance of embeddings to those of the reference masters; biased by about 1/n.",
    ),
    (
        "fad_inf",
        "",
        "lower",
        "Fréchet distance extrapolated to endless sets, without replacement, from a fixed seed.",
    ),
    (
        "kad",
        "",
        "lower",
        "Kernel distance: 100 × unbiased squared MMD, bandwidth from the reference masters.",
    ),
)

_UPDATE = (
    "UPDATE selection SET unit = {1}, better = {2}, summary = {3}, rank = {0} WHERE metric = {4}"
)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


STATEMENTS = (
    "ALTER TABLE selection ADD COLUMN unit TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE selection ADD COLUMN better TEXT NOT NULL DEFAULT 'none'",
    "ALTER TABLE selection ADD COLUMN summary TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE selection ADD COLUMN rank INTEGER",  # NULL: of no metric that was known
    # A plug-in's metric has told its unit with each score.
    "UPDATE selection SET unit = coalesce("
    "(SELECT s.unit FROM score AS s WHERE s.metric = selection.metric LIMIT 1), '')",
    *(
        _UPDATE.format(rank, *map(_quoted, (unit, better, summary, metric)))
        for rank, (metric, unit, better, summary) in enumerate(_FACTS)
    ),
    "CREATE INDEX score_by_reference ON score (reference)",
)
