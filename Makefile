# `make help` lists the targets; each sets up .venv from the lock if it is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONFORMANCE := .venv-conformance
CLIENTS := .venv-clients

.PHONY: help venv demo test test-notebooks test-notebooks-alone test-notebooks-portable wheel-test conformance fuzz-standin notebooks lab bench bench-queries bench-bursts bench-cli bench-standin bench-scale kills-standin soak-standin bench-watch watch-kills docs sbom lint clean bench-lags clients flips-standin bench-quality bench-rare bench-questions bench-matching bench-coverage bench-lightcurves bench-reports bench-findings environments binder-test tour bench-lab bench-night

help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 26

venv: $(VENV)/.ready ## set up .venv from requirements.lock

$(VENV)/.ready: requirements.lock sql.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --upgrade --target $(VENV)/sql -r sql.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: venv ## run the main job: storage, ingest, bursts, light curves, reports in demo/
	$(BIN)/orbital demo --out demo

test: venv ## run all tests, including the notebooks' results
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile
	@$(MAKE) --no-print-directory test-notebooks

NBVAL := $(BIN)/python -m pytest -q -p tests.notebook_values --nbval --nbval-current-env --nbval-cell-timeout 240 \
  --nbval-sanitize-with notebooks/nbval_sanitize.cfg
ALONE := -p tests.notebook_platform --numprocesses 2 --dist loadfile
NOTEBOOKS ?= notebooks

test-notebooks: venv ## compare the notebooks' results by value, in order, starting with an empty platform
	rm -rf build/notebooks
	ORBITAL_HOME=$(CURDIR)/build/notebooks $(BIN)/orbital exec -- $(NBVAL) $(NOTEBOOKS); \
	status=$$?; ORBITAL_HOME=$(CURDIR)/build/notebooks $(BIN)/orbital down; exit $$status

test-notebooks-alone: venv ## the same, with an empty platform for each notebook
	$(NBVAL) $(ALONE) $(NOTEBOOKS)

test-notebooks-portable: venv ## the same, as on a processor without vector instructions
	env $$(grep -v '^#' tests/plain_processor.env) $(NBVAL) $(ALONE) $(NOTEBOOKS)

wheel-test: venv ## test the built wheel in a new environment; WITH=python3.13
	$(BIN)/python tests/wheel_run.py $(if $(WITH),--python $(WITH))

tour: venv ## try the lab as a new user in a browser; writes the pictures and the figures of README
	$(BIN)/python tests/browser/new_user.py
	$(BIN)/python tests/browser/guide_pictures.py

binder-test: venv ## set up Binder's environment in a clean directory and open the first notebook there
	$(BIN)/python tests/binder_run.py

environments: venv ## write the environment files of conda and Binder from the locks
	$(BIN)/python deploy/environments.py

conformance: venv $(CONFORMANCE)/.ready ## run the vendor SDK's whole test suite against a new platform
	rm -rf build/conformance
	ORBITAL_HOME=$(CURDIR)/build/conformance $(BIN)/orbital exec -- \
	  $(CONFORMANCE)/bin/python tests/standin/conformance; \
	status=$$?; ORBITAL_HOME=$(CURDIR)/build/conformance $(BIN)/orbital down; exit $$status

$(CONFORMANCE)/.ready: tests/standin/conformance/requirements.lock
	$(PYTHON) -m venv $(CONFORMANCE)
	$(CONFORMANCE)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

clients: venv $(CLIENTS)/.ready ## try the S3, SQL and management clients that people use
	rm -rf build/clients
	ORBITAL_HOME=$(CURDIR)/build/clients $(BIN)/orbital exec -- \
	  $(CLIENTS)/bin/python tests/standin/clients --write; \
	status=$$?; ORBITAL_HOME=$(CURDIR)/build/clients $(BIN)/orbital down; exit $$status

$(CLIENTS)/.ready: tests/standin/clients/requirements.lock
	$(PYTHON) -m venv $(CLIENTS)
	$(CLIENTS)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

fuzz-standin: venv ## send broken requests to the stand-in; SEED=1 SIZE=5000
	$(BIN)/python tests/standin/fuzz.py --seed $(or $(SEED),1) --size $(or $(SIZE),5000)

notebooks: venv ## run every notebook again and store its outputs
	$(BIN)/python notebooks/execute.py

lab: venv ## open JupyterLab on the notebooks
	$(BIN)/orbital lab

bench: venv ## run the side-by-side benchmarks
	$(BIN)/python -m benchmarks

bench-queries: venv ## measure the latency of selective queries against DuckDB and Polars
	$(BIN)/python benchmarks/bench_queries.py --rows 1000000 10000000 --plot docs/query_latency.png

bench-questions: venv ## measure public calls by name and place against DuckDB and Polars on sorted Parquet
	$(BIN)/python benchmarks/bench_questions.py --out benchmarks/RESULTS.md --plot docs/question_latency.png --keep notebooks/questions.csv

bench-bursts: venv ## measure the burst detector against a grid of windows and Bayesian blocks
	$(BIN)/python benchmarks/bench_bursts.py --seconds 3600

bench-cli: venv ## measure how soon commands of the shell answer, beside the vendor's import
	$(BIN)/python benchmarks/bench_cli.py

bench-lags: venv ## measure coverage of lags and false alarms in red noise; writes RESULTS.md
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/bench_lags.py --seeds 1000 --write

bench-lightcurves: venv ## assemble, bin and characterise 10^7 points of 10^4 objects, beside astropy Table, pandas and stingray, into RESULTS.md
	$(BIN)/python benchmarks/bench_lightcurves.py --write

bench-lab: venv ## measure control to redrawn plot in a browser, pan and zoom of the sky, memory of the tab; ROWS="100000"
	$(BIN)/python benchmarks/bench_lab.py --rows $(or $(ROWS),100000 1000000 10000000) --write

bench-standin: venv ## measure the stand-in against DuckDB and Polars on Parquet, and the start with 10^8 rows
	$(BIN)/python benchmarks/bench_standin.py --open-rows 100000000

kills-standin: venv ## kill -9 the stand-in 300 times: tables, definitions, S3, parts, ingest, merges, copies
	$(BIN)/python tests/standin/kills.py --kills 280
	rm -rf build/kills && $(BIN)/orbital sample build/kills
	$(BIN)/python tests/ingest_kills.py build/kills/archive 20

flips-standin: venv ## damage 100 files of a store, one at a time: none may go unnoticed
	$(BIN)/python tests/standin/flips.py --trials 100

soak-standin: venv ## run 16 clients for 30 minutes: only conflicts as errors, constant memory and files
	$(BIN)/python tests/standin/soak.py --minutes 30

bench-rare: venv ## measure false alarms of rare events on shuffled data, into RESULTS.md
	$(BIN)/python benchmarks/bench_rare.py --write

bench-reports: venv ## list the size of the page of every report on the sample sky, into RESULTS.md
	$(BIN)/python benchmarks/bench_reports.py --write

bench-findings: venv ## replay a year of detections into known sources; SOURCES=1000000 FILES=365
	$(BIN)/python benchmarks/bench_findings.py --sources $(or $(SOURCES),1000000) --files $(or $(FILES),365) --write

bench-quality: venv ## measure false alarms and dates of the control charts, into RESULTS.md
	$(BIN)/python benchmarks/bench_quality.py --write

bench-scale: venv ## compare the scale model of the public calls with the largest size measured
	$(BIN)/python benchmarks/bench_scale.py

bench-coverage: venv ## measure how often the offered intervals contain the truth, into RESULTS.md
	$(BIN)/python benchmarks/bench_coverage.py --write

bench-watch: venv ## measure the delay until a live burst can be queried, while clients query
	$(BIN)/python benchmarks/bench_watch.py

bench-night: venv ## replay a stored night under the watcher: seconds from the commit of a burst to its page, into RESULTS.md
	$(BIN)/python benchmarks/bench_night.py --write

bench-matching: venv ## measure matching beside astropy's join (STILTS, nway, LSDB where installed: NWAY=PYTHON, LSDB=PYTHON), and its posteriors; only from store to store at CURVE='SIZE ...'
	$(BIN)/python benchmarks/bench_matching.py --sizes $(or $(SIZES),100000 1000000) --calibrate 12000 --results $(if $(NWAY),--nway $(NWAY)) $(if $(LSDB),--lsdb $(LSDB)) $(if $(CURVE),--curve $(CURVE))

watch-kills: venv ## kill the watcher 50 times and compare with an undisturbed one
	$(BIN)/python tests/watch_kills.py --kills 50

docs: venv ## build guide and API reference in build/docs; warnings are errors
	$(BIN)/sphinx-build -W --keep-going -q -b html docs build/docs

sbom: venv ## write sbom.cdx.json, the bill of materials of the locks
	$(BIN)/python tests/sbom.py

lint: venv ## check format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

clean: ## remove all files that the targets created
	rm -rf $(VENV) $(CONFORMANCE) $(CLIENTS) demo build dist .pytest_cache .mypy_cache .ruff_cache
