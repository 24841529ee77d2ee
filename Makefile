# Two commands set everything up: `make run` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

PROJECTS := pyproject.toml $(wildcard plugins/*/pyproject.toml)

.PHONY: run test coverage check docs clean

run: $(VENV)/installed
	$(BIN)/cellclf run examples/quickstart.toml

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not slow and not real_data"

coverage: $(VENV)/installed-dev
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not slow and not real_data" --cov --cov-report=term

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/installed-dev
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) build dist site

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python requirements.txt constraints.txt $(PROJECTS)
	@echo "Installing what cellclf needs: minutes, the first time"
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	@echo "Installing what the tests need: minutes, the first time"
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	touch $@
