SHELL := /bin/sh
PY ?= python3
PORT ?= 8000
COLLECTOR_PORT ?= 8001
RESET ?= 0
UV := .tools/bin/uv
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -q -n 2 --durations=10

export UV_SYSTEM_CERTS := 1
export UV_PYTHON_DOWNLOADS := never
export UV_LINK_MODE := copy
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test test-suite test-postgresql test-long attack check check-hosts bench lock browser clean

help:
	@echo "make demo    set everything up, fill a demo organisation, serve it on http://127.0.0.1:$(PORT)"
	@echo "             (RESET=1 starts afresh; PORT= and COLLECTOR_PORT= move it)"
	@echo "make test    set everything up, then lint, types, import contracts and every test"
	@echo "make check   lint, types and import contracts only"
	@echo "make bench   measure what must be fast and print a table"
	@echo "make attack  the long form of the attacks on the privacy promises"
	@echo "make test-long  every test that is too slow for make test"
	@echo "make lock    resolve the requirements anew"
	@echo "make clean   remove what set-up and tools made (never instance/, where data lies)"

# The machine may have neither venv nor a pip that installs into the system: pip puts uv
# into a folder of ours, and uv does the rest from hash-locked lists.
$(UV): requirements/uv.txt
	@rm -rf .tools
	@$(PY) -m pip install -q --disable-pip-version-check --no-warn-script-location --root-user-action=ignore --require-hashes --target .tools -r requirements/uv.txt
	@touch $@

.venv/.runtime: $(UV) requirements/runtime.txt
	@echo "Setting up the Python packages ..."
	@test -x $(BIN)/python || $(UV) venv -q --python "$$(command -v $(PY))" .venv
	@$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements/runtime.txt
	@$(BIN)/python -c "import pathlib, sysconfig; pathlib.Path(sysconfig.get_path('purelib'), 'headwater.pth').write_text(str(pathlib.Path.cwd()) + '\n')"
	@printf '#!/bin/sh\nexec "%s" -m app.cli "$$@"\n' "$$PWD/$(BIN)/python" > $(BIN)/headwater
	@printf '#!/bin/sh\nexec "%s" -m collector.cli "$$@"\n' "$$PWD/$(BIN)/python" > $(BIN)/headwater-collector
	@chmod +x $(BIN)/headwater $(BIN)/headwater-collector
	@touch $@

.venv/.dev: .venv/.runtime requirements/dev.txt
	@echo "Setting up what the tests need ..."
	@$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

# Browser tests want Chromium.  Root on Debian gets it from the system's packages; anybody
# else keeps what is there, and the tests say loudly that they were skipped.
browser:
	@if command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "Installing Chromium from the system's packages ..."; \
		(apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium) >/dev/null 2>&1 \
		|| echo "Chromium could not be installed; browser tests will be skipped."; \
	else echo "No Chromium here and no right to install it; browser tests will be skipped."; fi

demo: .venv/.runtime
	@$(BIN)/headwater demo --port $(PORT) --collector-port $(COLLECTOR_PORT) $(if $(filter 1,$(RESET)),--reset,)

check: .venv/.dev check-hosts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check-hosts:
	@if grep -rnE '(https?|file)://' requirements/; then echo "A lock file holds an address."; exit 1; fi

test: .venv/.dev browser check test-suite test-postgresql

test-suite: .venv/.dev
	@$(PYTEST) -m "not long"

test-postgresql: .venv/.dev
	@echo "The tests that touch the database, once more on PostgreSQL:"
	@HEADWATER_TEST_DATABASE=postgresql $(PYTEST) -m "database and not long and not forms" tests

test-long: .venv/.dev browser
	@$(PYTEST) -m "long"
	@HEADWATER_TEST_DATABASE=postgresql $(PYTEST) -m "database and (long or forms)" tests

attack: .venv/.dev
	@$(PYTEST) -m "attack"

bench: .venv/.dev
	@$(BIN)/python -m benchmarks

lock: $(UV)
	@for f in uv runtime dev; do $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header requirements/$$f.in -o requirements/$$f.txt || exit 1; done

clean:
	@rm -rf .tools .venv .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis
