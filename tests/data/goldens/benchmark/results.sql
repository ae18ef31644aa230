CREATE TABLE benchmark (
    name TEXT PRIMARY KEY, config TEXT NOT NULL,   -- JSON: the file as read, defaults filled in
    simulated INTEGER NOT NULL DEFAULT 0, updated TEXT NOT NULL
, run INTEGER);
CREATE TABLE failure (
    benchmark TEXT NOT NULL, song TEXT NOT NULL, system TEXT NOT NULL,
    step TEXT NOT NULL,                  -- render, or score:METRIC
    key TEXT NOT NULL, message TEXT NOT NULL, at TEXT NOT NULL, run TEXT NOT NULL,
    PRIMARY KEY (benchmark, song, system, step)
);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE numbering (last INTEGER NOT NULL, earlier INTEGER NOT NULL);
CREATE TABLE past_benchmark(
  run_number,
  name TEXT,
  config TEXT,
  simulated INT,
  updated TEXT,
  run INT
);
CREATE INDEX past_benchmark_by_run ON past_benchmark (run_number);
CREATE TABLE past_failure(
  run_number,
  benchmark TEXT,
  song TEXT,
  system TEXT,
  step TEXT,
  "key" TEXT,
  message TEXT,
  at TEXT,
  run TEXT
);
CREATE INDEX past_failure_by_run ON past_failure (run_number);
CREATE TABLE past_placement(
  run_number,
  benchmark TEXT,
  song TEXT,
  system TEXT,
  render TEXT
);
CREATE INDEX past_placement_by_run ON past_placement (run_number);
CREATE TABLE past_score(
  subject TEXT,
  reference TEXT,
  metric TEXT,
  variant TEXT,
  parameters TEXT,
  version INT,
  value REAL,
  reason TEXT,
  unit TEXT,
  run TEXT,
  source TEXT,
  since INT,
  until
);
CREATE INDEX past_score_by_subject ON past_score (subject);
CREATE TABLE past_selection(
  run_number,
  benchmark TEXT,
  position INT,
  metric TEXT,
  parameters TEXT,
  version INT,
  unit TEXT,
  better TEXT,
  summary TEXT,
  rank INT,
  source TEXT
);
CREATE INDEX past_selection_by_run ON past_selection (run_number);
CREATE TABLE past_song(
  run_number,
  benchmark TEXT,
  id TEXT,
  position INT,
  sha256 TEXT,
  reference_sha256 TEXT,
  mix_path TEXT,
  reference_path TEXT,
  sample_rate INT,
  start INT,
  samples INT,
  tags TEXT,
  mix_key TEXT,
  reference_key TEXT
);
CREATE INDEX past_song_by_run ON past_song (run_number);
CREATE TABLE past_system(
  run_number,
  benchmark TEXT,
  name TEXT,
  position INT,
  kind TEXT,
  role TEXT,
  uses_reference INT,
  "key" TEXT,
  options TEXT,
  parameters INT,
  step INT,
  licence TEXT
);
CREATE INDEX past_system_by_run ON past_system (run_number);
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
, number INTEGER, name TEXT);
CREATE UNIQUE INDEX run_by_name ON run (name);
CREATE UNIQUE INDEX run_by_number ON run (number);
CREATE TABLE score ( subject TEXT NOT NULL, reference TEXT NOT NULL, metric TEXT NOT NULL, variant TEXT NOT NULL, parameters TEXT NOT NULL, version INTEGER NOT NULL, value REAL, reason TEXT NOT NULL, unit TEXT NOT NULL, run TEXT NOT NULL, source TEXT NOT NULL DEFAULT '', since INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (subject, reference, metric, variant, parameters, version, source));
CREATE INDEX score_by_reference ON score (reference);
CREATE TABLE selection (                 -- the metrics that the benchmark asks for, in order
    benchmark TEXT NOT NULL, position INTEGER NOT NULL,
    metric TEXT NOT NULL, parameters TEXT NOT NULL, version INTEGER NOT NULL, unit TEXT NOT NULL DEFAULT '', better TEXT NOT NULL DEFAULT 'none', summary TEXT NOT NULL DEFAULT '', rank INTEGER, source TEXT NOT NULL DEFAULT '',
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
