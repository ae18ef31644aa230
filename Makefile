# make demo: set up and run the main job.   make test: set up and run the tests.
PYTHON ?= python3
PIP_FLAGS ?=
RESULTS ?= results
# A file of tests stays in one process, since its tests share what was made for them.
TEST_WORKERS ?= 3
MUTANTS ?= --known --sample 40
VENV := .venv
# Read for its weights, never imported: its own requirements (TensorFlow) are not wanted.
MUSICNN := --no-deps musicnn==0.1.0
# Reads the JSDoc types of the scripts of pages and reports; fetched by npx into its own cache, never shipped.
TYPESCRIPT := typescript@5.9.3
BIN := $(VENV)/bin
# Three on two cores: a test that waits for a server or a browser leaves its core to another.
# Python keeps what it compiled, also where the surroundings forbid it: the tests begin many processes.
TESTED := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: help install demo test test-slow lint mutants oracles docs pictures serve clean

help:
	@echo "make demo    set up, then master, measure and report eight songs (about ten minutes)"
	@echo "make test    set up, then run the tests (about seven minutes)"
	@echo "make test-slow set up, then run the tests that take many seconds each"
	@echo "make lint    set up, then check style and types"
	@echo "make mutants set up, then make small slips in the code and count those that tests notice"
	@echo "make oracles set up, then have R fit the models of the tests again, where it is installed"
	@echo "make docs    set up, then write docs/api.md from the docstrings"
	@echo "make pictures set up, then make the pictures of the documentation anew (needs Chromium)"
	@echo "make serve   show the reports in $(RESULTS) on http://127.0.0.1:8000"
	@echo "make install set up $(VENV) only"
	@echo "make clean   remove renders, reports and caches; studies are never touched"
	@echo "PIP_FLAGS='--index-url …' is passed to pip; PYTHON chooses the interpreter (3.11 or later)"

install: $(VENV)/.installed

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Earmark needs Python 3.11 or later; say make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet $(PIP_FLAGS) -c constraints.txt -e .
	$(BIN)/python -m pip install --quiet $(PIP_FLAGS) $(MUSICNN)
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet $(PIP_FLAGS) -c constraints.txt -e '.[dev]'
	$(BIN)/python -m pip install --quiet $(PIP_FLAGS) $(MUSICNN)
	@touch $@ $(VENV)/.installed

demo: install
	$(BIN)/earmark demo --results $(RESULTS)

test: $(VENV)/.installed-dev
	$(TESTED) -m "not slow"

# Kills, simulations, long songs: what takes many seconds each. CI runs both.
test-slow: $(VENV)/.installed-dev
	$(TESTED) -m slow

# About half an hour with 40 slips an area; MUTANTS='--area designs --sample 0' tries all of one.
mutants: $(VENV)/.installed-dev
	$(BIN)/python tests/mutation/check.py $(MUTANTS)

# Needs R with lme4, lmerTest, ordinal and jsonlite; without R the stored values stay.
oracles: $(VENV)/.installed-dev
	$(BIN)/python tests/oracles/make.py

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@if command -v npx >/dev/null; then \
	  echo "tsc --project tsconfig.json"; npx --yes --package $(TYPESCRIPT) tsc --project tsconfig.json; \
	elif [ -n "$$CI" ]; then \
	  echo "CI must have npx, to check the types of the scripts: install nodejs and npm"; exit 1; \
	else \
	  echo "npx not found: the types of the scripts are not checked (install nodejs and npm)"; \
	fi

pictures: $(VENV)/.installed-dev
	$(BIN)/python docs/make_pictures.py

docs: install
	$(BIN)/python docs/make_api.py

serve: install
	@$(BIN)/earmark serve --results $(RESULTS)

clean:
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis demo
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
	rm -rf $(RESULTS)/renders $(RESULTS)/embeddings $(RESULTS)/sets $(RESULTS)/reports
	rm -f $(RESULTS)/results.sqlite $(RESULTS)/results.sqlite-wal $(RESULTS)/results.sqlite-shm
