# make help tells what there is; every target sets up .venv from the lock where missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONFORMANCE := .venv-conformance

.PHONY: help venv demo test test-notebooks test-notebooks-alone test-notebooks-portable wheel-test conformance fuzz-standin notebooks lab bench bench-queries bench-bursts bench-standin bench-scale kills-standin soak-standin bench-watch watch-kills docs lint clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 26

venv: $(VENV)/.ready ## set up .venv from requirements.lock

$(VENV)/.ready: requirements.lock sql.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --upgrade --target $(VENV)/sql -r sql.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: venv ## the main job: storage, ingest, bursts, light curves, reports in demo/
	$(BIN)/orbital demo --out demo

test: venv ## every test, the notebooks' results among them
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile
	@$(MAKE) --no-print-directory test-notebooks

NBVAL := $(BIN)/python -m pytest -q -p tests.notebook_values --nbval --nbval-current-env --nbval-cell-timeout 240 \
  --nbval-sanitize-with notebooks/nbval_sanitize.cfg
ALONE := -p tests.notebook_platform --numprocesses 2 --dist loadfile
NOTEBOOKS ?= notebooks

test-notebooks: venv ## the notebooks' results by value, in order on a platform that is empty at first
	rm -rf build/notebooks
	ORBITAL_HOME=$(CURDIR)/build/notebooks $(BIN)/orbital exec -- $(NBVAL) $(NOTEBOOKS); \
	status=$$?; ORBITAL_HOME=$(CURDIR)/build/notebooks $(BIN)/orbital down; exit $$status

test-notebooks-alone: venv ## the same, each notebook on an empty platform
	$(NBVAL) $(ALONE) $(NOTEBOOKS)

test-notebooks-portable: venv ## the same as on a processor without vector instructions
	env $$(grep -v '^#' tests/plain_processor.env) $(NBVAL) $(ALONE) $(NOTEBOOKS)

wheel-test: venv ## the built wheel in an environment of its own; WITH=python3.13
	$(BIN)/python tests/wheel_run.py $(if $(WITH),--python $(WITH))

conformance: venv $(CONFORMANCE)/.ready ## the vendor SDK's own suite, all of it, against a platform of its own
	rm -rf build/conformance
	ORBITAL_HOME=$(CURDIR)/build/conformance $(BIN)/orbital exec -- \
	  $(CONFORMANCE)/bin/python tests/standin/conformance; \
	status=$$?; ORBITAL_HOME=$(CURDIR)/build/conformance $(BIN)/orbital down; exit $$status

$(CONFORMANCE)/.ready: tests/standin/conformance/requirements.lock
	$(PYTHON) -m venv $(CONFORMANCE)
	$(CONFORMANCE)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

fuzz-standin: venv ## broken requests against the stand-in; SEED=1 SIZE=5000
	$(BIN)/python tests/standin/fuzz.py --seed $(or $(SEED),1) --size $(or $(SIZE),5000)

notebooks: venv ## run every notebook anew and keep its outputs
	$(BIN)/python notebooks/execute.py

lab: venv ## JupyterLab on the notebooks
	$(BIN)/orbital lab

bench: venv ## side-by-side benchmarks
	$(BIN)/python -m benchmarks

bench-queries: venv ## latency of selective queries beside DuckDB and Polars
	$(BIN)/python benchmarks/bench_queries.py --rows 1000000 10000000 --plot docs/query_latency.png

bench-bursts: venv ## the burst detector beside a grid of windows and Bayesian blocks
	$(BIN)/python benchmarks/bench_bursts.py --seconds 3600

bench-standin: venv ## the stand-in beside DuckDB and Polars on Parquet, and a store of 10^8 rows opened
	$(BIN)/python benchmarks/bench_standin.py --open-rows 100000000

kills-standin: venv ## 200 random kill -9 under eight writers and four readers
	$(BIN)/python tests/standin/kills.py --kills 200

soak-standin: venv ## 16 clients for 30 minutes: no error but conflicts, memory and files flat
	$(BIN)/python tests/standin/soak.py --minutes 30

bench-scale: venv ## the scale model, fitted to small tables, against a large one
	$(BIN)/python benchmarks/bench_scale.py

bench-watch: venv ## how soon a live burst can be asked for, while clients query
	$(BIN)/python benchmarks/bench_watch.py

watch-kills: venv ## the watcher killed 50 times, beside one left alone
	$(BIN)/python tests/watch_kills.py --kills 50

docs: venv ## guide and API reference in build/docs; warnings are errors
	$(BIN)/sphinx-build -W --keep-going -q -b html docs build/docs

lint: venv ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

clean: ## remove what the targets made
	rm -rf $(VENV) $(CONFORMANCE) demo build dist .pytest_cache .mypy_cache .ruff_cache
