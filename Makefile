# Two commands on a fresh machine: `make run` and `make test`. Both do all their own set-up.
SHELL := bash
PYTHON := $(firstword $(foreach name,python3.11 python3.12 python3 python,$(shell command -v $(name) >/dev/null 2>&1 && $(name) -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null && echo $(name))))
CHROMIUM := $(firstword $(foreach name,chromium chromium-browser google-chrome,$(shell command -v $(name) 2>/dev/null)))
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -q -c constraints.txt

.PHONY: help run test check lint types imports bench bench-gifts bench-recommend bench-fanout train dagster docs screenshots clean
.DEFAULT_GOAL := help

help:  ## what can be done here
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.venv/bin/python:
	@if [ -z "$(PYTHON)" ]; then echo "LiveStreamX needs Python 3.11 or 3.12, and neither was found: install one of them and try again."; exit 1; fi
	@$(PYTHON) -m venv .venv || { echo "Python's venv module is missing: install it (Debian: apt install python3-venv) and try again."; exit 1; }

.venv/.installed: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing LiveStreamX into .venv (a minute or two, once)"
	@$(INSTALL) -e .
	@touch $@

.venv/.installed-all: .venv/.installed
	@echo "Installing what training and the tests need (a few minutes, once)"
	@$(INSTALL) -e '.[train,dev]'
	@touch $@

run: .venv/.installed  ## the whole platform with a demo audience, at http://localhost:4000
	@LSX_DEV_TOPUP=$${LSX_DEV_TOPUP:-on} $(BIN)/livestreamx up --demo

test: .venv/.installed-all  ## all tests, on real engines; the browser's too where Chromium is there
	@if [ -n "$(CHROMIUM)" ]; then paths=tests; else paths="tests/unit tests/flows tests/integration"; \
	  echo "No Chromium found: leaving out tests/browser (Debian: apt install chromium)."; fi; \
	  $(BIN)/python -m pytest -n 2 --dist loadfile $$paths

check: lint types imports test  ## everything that must hold before a change lands

lint: .venv/.installed-all
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: .venv/.installed-all
	@$(BIN)/mypy

imports: .venv/.installed-all
	@$(BIN)/lint-imports

train: .venv/.installed-all  ## train and promote recommendations on the running platform's history
	@$(BIN)/livestreamx train

dagster: .venv/.installed-all  ## Dagster's own pages on the training jobs
	@$(BIN)/livestreamx dagster

bench: .venv/.installed-all  ## print the tables of docs/performance.md
	@for table in $$(grep -l '"__main__"' bench/*.py); do $(BIN)/python -m bench.$$(basename $$table .py) || exit 1; done

bench-gifts: .venv/.installed-all  ## gifts a second beside pgbench and a naive ledger, in one run
	@$(BIN)/python -m bench.gifts

bench-fanout: .venv/.installed-all  ## a room's frames a second beside Socket.IO and a C loop, in one run; wants cc and npm
	@$(BIN)/python -m bench.fanout

bench-recommend: .venv/.installed-all  ## the recommender beside LiveRec and simple rankings on a log: INTERACTIONS=FILE.csv
	@OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m bench.recommender --interactions "$(INTERACTIONS)"

bench-streams: .venv/.installed-all .venv-peers/.installed  ## windows by our flow, a hand-written loop, Bytewax, Quix and Pathway, in one run
	@$(BIN)/python -m bench.streams --peers .venv-peers

.venv-peers/.installed:
	@echo "Installing Quix Streams and Pathway into .venv-peers (a minute or two, once)"
	@$(PYTHON) -m venv .venv-peers && .venv-peers/bin/python -m pip install --disable-pip-version-check -q quixstreams==3.23.3 pathway==0.33.0
	@touch $@

bench-day: .venv/.installed-all  ## a synthetic day killed, shuffled, replayed and split, against plain counting
	@$(BIN)/python -m bench.day

docs: .venv/.installed-all  ## write the generated pages: events and frames; LOG=<chat log> also its mood timeline
	@$(BIN)/python -m livestreamx.catalogue > docs/events.md
	@if [ -n "$(LOG)" ]; then $(BIN)/python -m docs.mood_timeline "$(LOG)"; fi

screenshots: .venv/.installed-all  ## docs/screenshots from a running demo platform
	@$(BIN)/python -m docs.screenshots

clean:  ## forget the installation; the platform's data stays
	@rm -rf .venv
