# Each target sets itself up in .venv; all it needs is make and a Python of 3.11 or later.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check docs format faults interrupts kills simulate explore compare bench clean

demo: .venv/with-emulator,cli
	@$(BIN)/python examples/demo.py $(if $(LIVE),--live)

test: .venv/with-test .venv/anthropic-0/.installed
	$(BIN)/python -m pytest -n auto

check: .venv/with-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/python checks/command_pages.py --check

faults: .venv/with-test
	$(BIN)/python checks/faults.py

interrupts: .venv/with-test
	$(BIN)/python checks/interrupts.py $(if $(TIMES),--times $(TIMES))

explore: .venv/with-test
	$(BIN)/python checks/explore_jobs.py $(if $(QUICK),--quick)

simulate: .venv/with-test
	$(BIN)/python checks/simulate_jobs.py --seeds $(or $(SEEDS),20000) --first $(or $(FIRST),0)

kills: .venv/with-emulator,cli
	$(BIN)/python checks/kill_jobs.py $(if $(TIMES),--times $(TIMES))

compare: .venv/with-emulator,cli
	$(BIN)/python checks/compare

bench: .venv/with-bench
	$(BIN)/python -m benchmarks $(SUITES) $(if $(QUICK),--quick) $(if $(AGAINST),--against $(AGAINST))

# Into out/docs. A broken link, a public name without a docstring and any other warning fails it.
docs: .venv/with-docs
	$(BIN)/python docs/house.py
	$(BIN)/sphinx-build -q -E -n -W --keep-going -b html docs out/docs
	@echo "out/docs/index.html"

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
	@echo "installing an older SDK for the tests into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --target .venv/anthropic-0 'anthropic<1'
	@touch $@

.venv/with-%: setup.cfg setup.py | .venv/bin/python
	@echo "installing into .venv, takes about a minute ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@
