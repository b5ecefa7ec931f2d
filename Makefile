PYTHON ?= python3
BIN := .venv/bin
PHOTOS ?=
# In which order tests run: "fixed" or "random".
ORDER ?= fixed
# Tests wait a quarter of their time: one process more than there are cores.
WORKERS ?= $(shell $(PYTHON) -c "import os; print((os.cpu_count() or 1) + 1)")
PYTEST := $(BIN)/python -m pytest $(if $(filter random,$(ORDER)),-p randomly)

# The tests start hundreds of processes: they share compiled modules.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test nightly lint lock format bench screenshot wheel clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/ready  ## Create .venv with everything a developer needs

.venv/ready: pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

demo: setup  ## Index sample photos, or PHOTOS=FOLDER, and search them, offline
	$(BIN)/python tools/demo.py $(PHOTOS)

test: setup  ## Run the tests except the slow ones; ORDER=random shuffles them
	$(PYTEST) -m "not slow" --numprocesses $(WORKERS) --dist loadfile

nightly: setup  ## Run all tests
	$(PYTEST) --timeout 7200

lint: setup  ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy examples
	$(BIN)/basedpyright --level error --pythonpath $(BIN)/python examples

format: setup  ## Fix style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: setup  ## Renew requirements.lock with today's releases
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-emit-index-url --no-header --no-annotate --output-file requirements.lock

bench: setup  ## Run short forms of the benchmarks
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	$(BIN)/python -m benchmarks.solver --short
	$(BIN)/python -m benchmarks.recomposition
	$(BIN)/python -m benchmarks.quality
	$(BIN)/python -m benchmarks.negation --sample 100
	$(BIN)/python -m benchmarks.small_collections --draws 3
	$(BIN)/python -m benchmarks.curation
	$(BIN)/python -m benchmarks.copies --short
	$(BIN)/python -m benchmarks.photos --limit 200
	$(BIN)/python -m benchmarks.encoding --short
	$(BIN)/python -m benchmarks.indexing --short
	$(BIN)/python -m benchmarks.query --short
	$(BIN)/python -m benchmarks.memory --short
	$(BIN)/python -m benchmarks.load --short

screenshot: setup  ## Renew the pictures of the page in docs/
	$(BIN)/python -m tools.screenshot

wheel: setup  ## Build the wheel and the sdist into dist/
	$(BIN)/python -m hatchling build --directory dist

clean:  ## Remove everything that make created
	rm -rf .venv build dist artifacts .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis
