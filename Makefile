# `make demo` and `make test` are all a user needs. The rest is for those who change Homeostat.
.DEFAULT_GOAL := help
.PHONY: help demo test check format bench peers docs lock clean

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/run ## See the loop close on a small assistant under load on this machine (150 s; SECONDS=n)
	@$(BIN)/homeostat demo $(if $(SECONDS),--seconds $(SECONDS))

test: $(VENV)/dev ## Run the tests
	@$(BIN)/python -m pytest -m "not long" -n 2

check: $(VENV)/dev ## Everything that must hold: format, lint, types, imports, tests with coverage
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -m "not long" -n 2 --cov --cov-report=term:skip-covered

format: $(VENV)/dev ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/dev ## Print every bar with its ratio to the peers (DATA=folder with real inputs)
	$(BIN)/python -m benchmarks $(if $(DATA),--data $(DATA))

peers: .bench-venv/phoenix .bench-venv/mlflow .bench-venv/cache .bench-venv/limits .bench-venv/companion ## Install what `make bench` compares with (1.9 GB)

.bench-venv/%: benchmarks/peers/%.txt
	@echo "Installing $* into $@ ..."
	@$(PYTHON) -m venv $@
	@$@/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r $< || (rm -rf $@; exit 1)
	@touch $@

docs: $(VENV)/dev ## Write the generated pages of the documentation again
	$(BIN)/python tools/metrics_reference.py
	$(BIN)/python tools/evaluators_reference.py

lock: ## Resolve the dependencies again (needs uv)
	rm -f requirements/*.txt
	uv pip compile requirements/build.in --universal --generate-hashes --no-header --no-annotate -q -o requirements/build.txt
	uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-header --no-annotate -q -o requirements/dev.txt
	uv pip compile pyproject.toml --extra companion -c requirements/dev.txt --universal --generate-hashes --no-header --no-annotate -q -o requirements/run.txt

clean: ## Remove what these commands made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* htmlcov build dist

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Homeostat needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run: requirements/run.txt requirements/build.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing what is locked in requirements/run.txt ..."
	@$(PIP) install --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev: requirements/dev.txt $(VENV)/run
	@echo "Installing what is locked in requirements/dev.txt ..."
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@
