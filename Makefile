# Only python3 (3.11 or newer) and make are needed: everything is installed in .venv.
# Examples: make test FABRIQUES_HYPOTHESIS=audit; make test TESTS=tests/unit
PYTHON ?= python3
VENV   ?= .venv
PY     := $(VENV)/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

# The pip of the venv or, where Python came without ensurepip, the machine's pip aimed at the venv.
PIP = $$(if $(PY) -m pip --version >/dev/null 2>&1; then echo $(PY) -m pip; \
         else echo $(PYTHON) -m pip --python $(PY); fi)
INSTALLER = $(PIP) install -q -c constraints.txt -e

help: ## affiche cette aide
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.pret ## crée demo.db et montre le programme des lauréats publiés
	@$(VENV)/bin/fabriques demo --base demo.db

test: $(VENV)/.pret ## lance les tests, sur tous les cœurs (profil par FABRIQUES_HYPOTHESIS : dev, ci ou audit)
	@$(PY) -m pytest -q -n auto --maxprocesses=4 --dist worksteal $(TESTS)

lint: $(VENV)/.pret-lint ## vérifie le style, les types et les imports
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) -m basedpyright --level error --pythonpath $(PY)
	@$(VENV)/bin/lint-imports

bench: $(VENV)/.pret ## mesure les débits (BANC=--court ; --enorme : console à un million de faits ; "--ecrire docs/mesures.md")
	@$(PY) -m tests.bench $(BANC)
	@$(PY) -m tests.bench.partition --rapide

falsification: $(VENV)/.pret ## lance 10 000 falsifications et dit lesquelles se voient
	@$(PY) -m tests.campagne.falsification

test-bureautique: $(VENV)/.pret ## ouvre les classeurs dans LibreOffice et compare les valeurs
	@$(PY) -m tests.tableurs.bureautique

machine: $(VENV)/.pret ## compare un million de commandes au modèle de référence (vingt minutes)
	@$(PY) -m tests.campagne.machine

faults: $(VENV)/.pret ## lance les campagnes de pannes (docs/fautes.md)
	@$(PY) -m tests.fautes

ha: $(VENV)/.pret ## monte un principal et son secours PostgreSQL, tue le principal, compte les pertes
	@$(PY) -m pytest -q tests/postgres/test_secours.py tests/postgres/test_restauration.py

fuzz: $(VENV)/.pret ## essaie des octets quelconques sur chaque entrée (9 minutes), et dit ce qui casse
	@$(PY) -m tests.fuzz

mutation: $(VENV)/.pret-lint ## joue les mutants du noyau ; échoue sur un survivant inexpliqué
	@$(PY) -m tests.mutation

ecrans: $(VENV)/.pret-ecrans ## essaie les écrans de la console dans un vrai Chromium
	@$(PY) -m pytest -q -m navigateur tests/ecrans

captures: $(VENV)/.pret-ecrans ## refait les images de docs/captures
	@$(PY) -m tests.ecrans.captures

wheel: $(VENV)/.pret ## construit la roue dans dist/
	@$(PY) -m hatchling build -t wheel -d dist

clean: ## efface ce que make a créé (.venv, caches, dist, demo.db)
	@rm -rf .venv dist .fuzz .hypothesis .mutation .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@rm -f demo.db demo.db-wal demo.db-shm
	@find ledger commands projections tests -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.pret: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 ou plus récent est requis (essayé : $(PYTHON)) ; par exemple make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || $(PYTHON) -m venv --without-pip $(VENV)
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m pip --version >/dev/null 2>&1 || { \
	  echo "Ce Python n'a ni ensurepip ni pip : installer le paquet python3-venv, puis relancer." >&2; exit 1; }
	@echo "Installation dans $(VENV) (une vingtaine de secondes)…"
	@$(INSTALLER) '.[test]'
	@touch $@

$(VENV)/.pret-lint: $(VENV)/.pret
	@echo "Installation des outils de vérification…"
	@$(INSTALLER) '.[test,dev]'
	@touch $@

$(VENV)/.pret-ecrans: $(VENV)/.pret
	@$(INSTALLER) '.[test,navigateur]'
	@touch $@

.PHONY: help demo test lint bench falsification test-bureautique machine faults ha fuzz mutation ecrans captures wheel clean
