# Two commands do everything on a machine with python3 (3.11 or newer): `make demo` and `make test`.
# Both make their own environment in .venv from the lock file; nothing else is installed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SEED ?= 7
RULE ?= H8

.PHONY: demo test lint types imports unit gate docs lock clean

demo: $(STAMP)
	@$(BIN)/redoraft demo --seed $(SEED) --rule $(RULE)

test: lint types imports docs unit gate

lint: $(STAMP)
	$(BIN)/ruff check refimpl traces model_check tests benchmarks
	$(BIN)/ruff format --check refimpl traces model_check tests benchmarks

types: $(STAMP)
	$(BIN)/mypy

imports: $(STAMP)
	$(BIN)/lint-imports

unit: $(STAMP)
	$(BIN)/pytest -n 2 -q

gate: $(STAMP)
	$(BIN)/redoraft check --jobs 2 --out out/check
	$(BIN)/redoraft check --mutants --jobs 2 --out out/check-mutants
	$(BIN)/redoraft prove --no-cache --out out/prove

# The pages as HTML in out/docs; a warning, or a generated page that is not of this tree, is an error.
docs: $(STAMP)
	$(BIN)/redoraft docs --check
	$(BIN)/sphinx-build -W --keep-going -q -b html docs out/docs

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "redoraft needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	@echo "making $(VENV) from requirements.lock"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

# The lock file has every package, with hashes, for this Python; `make lock` makes it anew.
lock: $(STAMP)
	$(BIN)/python -m pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --all-extras --all-build-deps --output-file requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) out
