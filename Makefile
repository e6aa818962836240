# Each target sets itself up in .venv; all it needs is make and a Python of 3.11 or later.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check format faults bench clean

demo: .venv/with-emulator,cli
	$(BIN)/python examples/demo.py $(if $(LIVE),--live)

test: .venv/with-test .venv/anthropic-0/.installed
	$(BIN)/python -m pytest

check: .venv/with-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright

faults: .venv/with-emulator,cli
	$(BIN)/python benchmarks/faults.py

bench: .venv/with-bench
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick)

format: .venv/with-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis out

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "needs Python 3.11 or later; this is $$($(PYTHON) --version 2>&1). Name another with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv

# The older line of the official SDK, apart from the newer one that the tests use otherwise.
.venv/anthropic-0/.installed: | .venv/with-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --target .venv/anthropic-0 'anthropic<1'
	@touch $@

.venv/with-%: setup.cfg setup.py | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@
