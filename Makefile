# make help tells what there is; every target sets up .venv from the lock where missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help venv demo test lab bench lint clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

venv: $(VENV)/.ready ## set up .venv from requirements.lock

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: venv ## the main job: storage, ingest, bursts, light curves, reports in demo/
	$(BIN)/orbital demo --out demo

test: venv ## every test
	$(BIN)/python -m pytest

lab: venv ## JupyterLab on the notebooks
	$(BIN)/jupyter lab notebooks

bench: venv ## side-by-side benchmarks
	$(BIN)/python -m benchmarks

lint: venv ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

clean: ## remove what the targets made
	rm -rf $(VENV) demo reports build dist .pytest_cache .mypy_cache .ruff_cache
