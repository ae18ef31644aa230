CREATE TABLE benchmark (
    name TEXT PRIMARY KEY, config TEXT NOT NULL,   -- JSON: the file as read, defaults filled in
    simulated INTEGER NOT NULL DEFAULT 0, updated TEXT NOT NULL
);
CREATE TABLE failure (
    benchmark TEXT NOT NULL, song TEXT NOT NULL, system TEXT NOT NULL,
    step TEXT NOT NULL,                  -- render, or score:METRIC
    key TEXT NOT NULL, message TEXT NOT NULL, at TEXT NOT NULL, run TEXT NOT NULL,
    PRIMARY KEY (benchmark, song, system, step)
);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE placement (                 -- which render stands for song x system
    benchmark TEXT NOT NULL, song TEXT NOT NULL, system TEXT NOT NULL, render TEXT NOT NULL,
    PRIMARY KEY (benchmark, song, system)
);
CREATE TABLE render (
    key TEXT PRIMARY KEY, path TEXT NOT NULL,      -- path relative to the results folder
    sample_rate INTEGER NOT NULL, channels INTEGER NOT NULL, samples INTEGER NOT NULL,
    wall_seconds REAL NOT NULL, rtf REAL NOT NULL, peak_memory_mb REAL,
    device TEXT NOT NULL, sidecar TEXT NOT NULL, run TEXT NOT NULL
);
CREATE TABLE run (
    id TEXT PRIMARY KEY, benchmark TEXT NOT NULL, started TEXT NOT NULL, finished TEXT,
    command TEXT NOT NULL,               -- JSON list: argv
    record TEXT NOT NULL                 -- JSON: git, versions, devices, seed, workers
);
CREATE TABLE score (
    subject TEXT NOT NULL,               -- a render's key, or the key of a set of renders
    reference TEXT NOT NULL,             -- the render it is compared with, or ''
    metric TEXT NOT NULL, variant TEXT NOT NULL,   -- raw or aligned
    parameters TEXT NOT NULL,            -- JSON object: a band, a preset
    version INTEGER NOT NULL,
    value REAL, reason TEXT NOT NULL,    -- NULL with the reason why, never NaN
    unit TEXT NOT NULL, run TEXT NOT NULL,
    PRIMARY KEY (subject, reference, metric, variant, parameters, version)
);
CREATE INDEX score_by_reference ON score (reference);
CREATE TABLE selection (                 -- the metrics that the benchmark asks for, in order
    benchmark TEXT NOT NULL, position INTEGER NOT NULL,
    metric TEXT NOT NULL, parameters TEXT NOT NULL, version INTEGER NOT NULL, unit TEXT NOT NULL DEFAULT '', better TEXT NOT NULL DEFAULT 'none', summary TEXT NOT NULL DEFAULT '', rank INTEGER,
    PRIMARY KEY (benchmark, metric, parameters)
);
CREATE TABLE song (
    benchmark TEXT NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL,
    sha256 TEXT NOT NULL, reference_sha256 TEXT, mix_path TEXT, reference_path TEXT,
    sample_rate INTEGER NOT NULL, start INTEGER NOT NULL, samples INTEGER NOT NULL,
    tags TEXT NOT NULL,                  -- JSON object
    mix_key TEXT,                        -- key of the render that holds the mix as excerpted
    reference_key TEXT,                  -- and of the one that scores compare with
    PRIMARY KEY (benchmark, id)
);
CREATE TABLE system (
    benchmark TEXT NOT NULL, name TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL,
    role TEXT NOT NULL,                  -- system, baseline, anchor or reference
    uses_reference INTEGER NOT NULL, key TEXT NOT NULL, options TEXT NOT NULL,
    parameters INTEGER, step INTEGER, licence TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (benchmark, name)
);
