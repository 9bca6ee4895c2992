# Every target sets itself up: `make demo` and `make test` work in a fresh clone with Python 3.11 or newer.
# GANSMITH_VENV names an environment to use instead of .venv; WORKERS is how many tests run at once.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help environment demo test check format docs build bench fuzz lock data clean

VENV := $(or $(GANSMITH_VENV),.venv)
BIN := $(VENV)/bin
WORKERS ?= 2

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

environment: ## make the virtual environment, or bring it up to date
	@command -v python3 >/dev/null || { echo "python3 is missing; install it with: sudo apt-get install python3"; exit 1; }
	@python3 scripts/environment.py $(VENV)

demo: environment ## train on the bundled digits for a minute, generate, evaluate
	@rm -rf runs/demo samples/demo samples/demo-grid.png
	$(BIN)/gansmith train digits --minutes 1 --name demo
	$(BIN)/gansmith generate runs/demo/best --seeds 0-63 --grid --out samples/demo
	$(BIN)/gansmith evaluate runs/demo/best digits
	@echo
	@echo "report   runs/demo/report.html"
	@echo "samples  samples/demo-grid.png"

data: environment ## fetch the real data sets that the tests use
	$(BIN)/python tests/fetch_data.py

# Small networks on few cores: one thread in each of several test processes is faster than several threads in one.
test: environment ## run every test, the slow ones too
	@$(BIN)/python tests/fetch_data.py || true
	@$(BIN)/python scripts/chromium.py
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

check: environment ## lint, formatting, types, import contracts, structure
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/python -m pytest -q tests/test_structure.py

format: environment ## format the code and mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: environment ## build the documentation into docs/_build/html
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

build: environment ## build the wheel and the source archive into dist
	$(BIN)/python -m hatchling build --clean

bench: environment ## measure speed against plain loops, the GANs against each other, and how cost grows
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/default_gan.py
	$(BIN)/python benchmarks/growth.py --json docs/performance/growth.json
	$(BIN)/python benchmarks/performance_page.py

fuzz: environment ## give every reader hostile bytes, a minute each; SECONDS_EACH=600 for longer
	$(BIN)/python -m pip install -q -e '.[fuzz]'
	$(BIN)/python benchmarks/fuzz.py --seconds $(or $(SECONDS_EACH),60)

lock: environment ## write requirements.lock: every dependency with the hashes of its files
	$(BIN)/python scripts/lock.py

clean: ## remove what the other targets made, except runs
	rm -rf .venv .venv.lock dist docs/_build .pytest_cache .ruff_cache .hypothesis .import_linter_cache samples/demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
