# Works as root, in a container, without a browser, and from a path with spaces.
#   PORT=8890     the port that `make explore` asks for (taken: the next free one)
#   PYTHON=...    the Python (3.11 or newer) that .venv is made with
#   UPGRADE=1     with `make lock`: take the newest releases, not the pinned ones
#   T=tests/...   with `make units`: these tests alone, without the plug-ins that they do not need

.POSIX:
.SUFFIXES:
.NOTPARALLEL:
.DEFAULT_GOAL := help

PY = .venv/bin/python
PIP = $(PY) -m pip -qq --disable-pip-version-check --no-input
UV_VERSION = 0.13.9
RELEASE = 3.11
READER = notebooks pdf aws cloud samples logs mcp setup
COMPILE = UV_CUSTOM_COMPILE_COMMAND='make lock' .venv-lock/bin/uv pip compile pyproject.toml --quiet --universal --python-version $(RELEASE) --generate-hashes --no-emit-index-url --no-emit-find-links --strip-extras
PORT =
T =

# Bytecode is kept: without it each of the tests' processes compiles the package again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help explore setup test test-all legs units slow cov guard docs notebooks browser lint format outputs lock bench clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

explore: .venv/.explore ## install what a reader needs, open JupyterLab and print its address (PORT=8890)
	@.venv/bin/explorer lab $(if $(PORT),--port $(PORT))

setup: .venv/.installed ## make .venv from requirements.lock, developers' tools too, and install explorer in it
	@:

# A .venv whose Python is gone, or that was moved or copied here, is made again.
USABLE = [ "$$(cat .venv/.where)" = "$$(pwd)" ] && $(PY) -c 'import pip'
STALE := $(shell { $(USABLE); } 2>/dev/null || rm -f .venv/.installed .venv/.explore)

define NEW_VENV
	set -e; \
	if ! { $(USABLE); } 2>/dev/null; then \
		python=; \
		for name in "$(PYTHON)" python3.13 python3.12 python3.11 python3; do \
			if [ -n "$$name" ] && "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then python=$$name; break; fi; \
		done; \
		if [ -z "$$python" ]; then echo 'make: explorer needs Python 3.11 or newer; none found (name one: make setup PYTHON=/path/to/python3)' >&2; exit 1; fi; \
		if ! "$$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then echo "make: $$python cannot make environments (Debian, Ubuntu: apt-get install python3-venv)" >&2; exit 1; fi; \
		echo "Making .venv with $$("$$python" --version)"; \
		"$$python" -m venv --clear .venv; \
		pwd > .venv/.where; \
	fi
endef

# Of a lock file, each package as it is fetched: a line that is written over in a terminal, every 25th elsewhere.
# pip's own code is kept, for a pipe ends with that of its last command.
define FROM_LOCK
	all=$$(grep -c '^[A-Za-z0-9]' $(1)); \
	echo "Installing the $$all packages of $(1) into .venv ($(2))"; \
	here=0; if [ -t 1 ]; then here=1; fi; \
	{ $(PY) -m pip --disable-pip-version-check --no-input install --progress-bar off --require-hashes -r $(1) 2>.venv/.pip-said; echo "code $$?"; } \
	| awk -v all="$$all" -v here="$$here" ' \
		/^(Collecting|Processing|Requirement already)/ { n++; name = $$0; sub(/^[A-Z][a-z]*( already satisfied:)? */, "", name); sub(/[ ;].*/, "", name); sub(/.*\//, "", name); \
			if (here) printf "\r\033[K%d of %d  %s", n, all, name; else if (n % 25 == 0) printf "%d of %d\n", n, all; fflush() } \
		/^Installing collected/ { if (here) printf "\r\033[K"; print "Fetched; unpacking (half a minute)"; fflush() } \
		/^code / { code = $$2 } \
		END { if (here) printf "\r\033[K"; exit code }' \
	|| { cat .venv/.pip-said >&2; exit 1; }; \
	$(PIP) install --no-deps --no-build-isolation -e .
endef

.venv/.installed: requirements.lock pyproject.toml
	@$(NEW_VENV)
	@$(call FROM_LOCK,requirements.lock,developers: 2 GB)
	@touch .venv/.explore .venv/.installed

.venv/.explore: requirements-explore.lock pyproject.toml
	@$(NEW_VENV)
	@$(call FROM_LOCK,requirements-explore.lock,readers: 1 GB)
	@touch .venv/.explore

test: lint units docs notebooks browser ## set up, then lint, types, tests, documentation, notebooks and browser tests

test-all: test slow legs ## `make test`, then the long guards and the legs: what .ci/run runs

slow: setup ## the guards that take long: answers of before, archives, brute force, five times as many examples
	$(PY) -m pytest -n 2 --dist loadfile -m 'slow and not browser'
	EXAMPLES=5 $(PY) -m pytest -n 2 --dist worksteal $$(grep -rl --include='test_*.py' example_count tests)

cov: setup ## the tests without a browser and the long guards, and which lines of the package they reach
	$(PY) -m coverage erase
	$(PY) -m coverage run -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m 'not browser and not slow'; \
	code=$$?; $(PY) -m coverage combine --quiet && $(PY) -m coverage report && exit $$code

# Made in environments of their own, by uv: minutes, so not a part of `make test`.
legs: setup ## every command with the core alone, with the lowest bounds, on the newest Python that is here
	@[ -x .venv-lock/bin/uv ] || { $(PY) -m venv .venv-lock && .venv-lock/bin/python -m pip --disable-pip-version-check install --quiet uv==$(UV_VERSION); }
	@$(PY) scripts/legs.py .venv-lock/bin/uv

lint: setup ## ruff (rules and format), the walls between rooms, and mypy
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	.venv/bin/lint-imports --no-logo --no-cache
	$(PY) -m mypy explorer
	$(PY) -m mypy explorer/live/functions/*.py

units: setup ## the tests without a browser, but the long guards (T=tests/facts/test_units.py: those alone, at once)
	$(PY) -m pytest $(if $(T),-p no:xdist -p no:nbval -p no:anyio $(T),-n 2 --dist loadfile --no-loadscope-reorder -m 'not browser and not slow')

guard: setup ## hold all answers of the tree against those of the baseline commit; tests/guard/accepted.txt says what may differ
	@$(PY) tests/guard/run.py

# A broken link, anchor or reference ends it. The notice is the theme's, of MkDocs 2.
docs: setup ## build the documentation into build/site, links checked, without a network
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --quiet --strict
	@echo 'Built build/site/index.html'

# One after another: two kernels that start at once may take the same port.
notebooks: setup
	$(PY) -m pytest --nbval notebooks

# Chromium comes from the system (Debian: apt-get install chromium), never from Playwright's
# own download. .ci/run installs it; in CI its absence is a failure, elsewhere one line.
browser: setup
	@[ -d tests/browser ] || echo 'No browser tests: there is no tests/browser'
	[ ! -d tests/browser ] || $(PY) -m pytest -rs -m browser tests/browser

format: setup ## format the code and mend what ruff can mend
	$(PY) -m ruff check --fix-only .
	$(PY) -m ruff format .

lock: setup ## make both lock files again from pyproject.toml (UPGRADE=1: newest releases)
	@[ -x .venv-lock/bin/uv ] || { $(PY) -m venv .venv-lock && .venv-lock/bin/python -m pip --disable-pip-version-check install --quiet uv==$(UV_VERSION); }
	$(COMPILE) --all-extras $(if $(UPGRADE),--upgrade) --output-file requirements.lock
	$(COMPILE) $(READER:%=--extra %) --constraints requirements.lock --output-file requirements-explore.lock

outputs: setup ## run the notebooks again in place, draw README's pictures, and run what its pages print
	@$(PY) scripts/outputs.py
	@$(PY) scripts/consoles.py

bench: setup ## run every script under benchmarks/
	@set -e; for script in benchmarks/*.py; do echo "== $$script"; $(PY) "$$script"; done

clean: ## remove .venv and everything that tools left behind
	rm -rf .venv .venv-lock build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -type d -prune -exec rm -rf {} +
