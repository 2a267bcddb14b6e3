# The words a person would guess. Each sets up what it needs, once, in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test politeness fuzz lint bench docs format clean

demo: $(VENV)/.installed
	$(BIN)/aggregator demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --dist worksteal

politeness: $(VENV)/.dev
	$(BIN)/python -m tests.politeness

# Longer and elsewhere: make fuzz EXAMPLES=100000 CORPUS=/folder/of/real/feeds
EXAMPLES ?= 3000
CORPUS ?=
fuzz: $(VENV)/.dev
	AGGREGATOR_FUZZ_EXAMPLES=$(EXAMPLES) AGGREGATOR_CORPUS="$(CORPUS)" $(BIN)/python -m pytest -n auto \
		tests/fetch/test_parse_property.py tests/fetch/test_slicing.py

lint: $(VENV)/.dev
	$(BIN)/ruff check src tests benchmarks docs
	$(BIN)/ruff format --check src tests benchmarks docs
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks.pipeline
	$(BIN)/python -m benchmarks.fetch

docs: $(VENV)/.installed
	$(BIN)/python -m aggregator.publish.schema_page > docs/schema.md

format: $(VENV)/.dev
	$(BIN)/ruff check --fix src tests benchmarks docs
	$(BIN)/ruff format src tests benchmarks docs

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[full-text,vision]" --group dev
	touch $@
