# Everything runs from .venv, which `make install` creates; nothing but Python 3.11 or newer is needed before.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

# What starts whole fleets, kills them and counts the seconds until they are back wants the machine for itself.
ALONE        := tests/component/test_up.py tests/e2e tests/faults tests/clusters tests/restore
SIDE_BY_SIDE := tests/test_architecture.py tests/unit tests/contracts tests/simulation tests/web tests/component --ignore=tests/component/test_up.py

.PHONY: help install run test test-unit check web web-check simulate bench clean

help:
	@echo "make install  create .venv and install everything into it (quick when nothing changed)"
	@echo "make run      install, then start the whole fleet in this terminal; ARGS=--port-offset=100 for other ports"
	@echo "make test     the whole suite, against real Kafka and real PostgreSQL; T=path::name for one test"
	@echo "make test-unit  all unit tests but the thorough ones, with few examples: no servers, under a minute"
	@echo "make check    lint, types, import rules, generated contracts, migrations from zero, alert rules"
	@echo "make web      build the web application into services/ingress/web (Node, or one from a Python package)"
	@echo "make web-check  types, lint and tests of web/, and that the committed build is what it builds"
	@echo "make simulate simulate the delivery core; SEEDS=1000:2000, a count, or =SEED (docs/simulation.md)"
	@echo "make bench    measure; writes one JSON file and prints one table"
	@echo "make clean    remove .venv and caches (not the data in .appointments)"

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt deploy/local/kafka-jars.json
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "Python 3.11 or newer is needed; name it with: make PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "Python's venv module is missing; on Debian: apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[local,dev]'
	$(BIN)/python -m deploy.local.kafka_jars
	@touch $(STAMP)

run: install
	$(BIN)/appointments up $(ARGS)

test: install
ifdef T
	$(BIN)/python -m pytest $(T)
else
	$(BIN)/python -m pytest -n 2 --dist loadfile $(SIDE_BY_SIDE)
	$(BIN)/python -m pytest $(ALONE)
endif

test-unit: install
	$(BIN)/python -m pytest -q -n auto --dist worksteal -m "not thorough" --hypothesis-profile=quick tests/unit

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/appointments contracts --check
	$(BIN)/python -m deploy.local.migrate_from_zero
	@if command -v promtool >/dev/null; then \
	  cd deploy/grafana && promtool check rules alerts.yaml && promtool test rules alerts.test.yaml; \
	elif test "$$CI" = true; then \
	  echo "promtool is missing, so the alert rules were not tested; on Debian: apt-get install prometheus" >&2; exit 1; \
	else \
	  echo "NOT CHECKED: the alert rules, because promtool is missing; on Debian: apt-get install prometheus" >&2; \
	fi

web:
	cd web && PYTHON=$(PYTHON) ./with-node sh -c 'npm ci --no-progress && npm run --silent types && npm run --silent build'

web-check:
	cd web && PYTHON=$(PYTHON) ./with-node ./check.sh

SEEDS ?= 1000

simulate: install
	$(BIN)/python -m tests.simulation --seeds=$(SEEDS) $(SIMULATE)

bench: install
	$(BIN)/appointments bench

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
