PYTHON ?= python3
BIN := .venv/bin
PHOTOS ?=

.PHONY: help setup demo test nightly lint lock format bench screenshot clean

help:  ## What there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/ready  ## A virtual environment with everything in it

.venv/ready: pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

demo: setup  ## Index photos and search them, offline
	$(BIN)/python tools/demo.py $(PHOTOS)

test: setup  ## Run the tests, but for the slow ones
	$(BIN)/python -m pytest -m "not slow" --numprocesses auto --dist loadfile

nightly: setup  ## Run all tests
	$(BIN)/python -m pytest

lint: setup  ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock: setup  ## Pin what the setup installs, as of today
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-emit-index-url --no-header --no-annotate --output-file requirements.lock

format: setup  ## Put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup  ## Short forms of the benchmarks
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	$(BIN)/python -m benchmarks.solver --short
	$(BIN)/python -m benchmarks.recomposition
	$(BIN)/python -m benchmarks.quality
	$(BIN)/python -m benchmarks.small_collections --draws 3
	$(BIN)/python -m benchmarks.curation
	$(BIN)/python -m benchmarks.photos --limit 200
	$(BIN)/python -m benchmarks.indexing --short
	$(BIN)/python -m benchmarks.query --short
	$(BIN)/python -m benchmarks.memory --short
	$(BIN)/python -m benchmarks.load --short

screenshot: setup  ## The README's picture of the page
	$(BIN)/python -m tools.screenshot

clean:  ## Remove what make made
	rm -rf .venv build dist artifacts demo-index .mypy_cache .ruff_cache .pytest_cache .hypothesis
