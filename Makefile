# fer_ros: environments, demonstration, tests. `make help` lists the targets.

SHELL := /bin/bash
PYTHON ?= python3
ROS_DISTRO ?= jazzy
VENV := .venv
TRAIN_VENV := .venv-train
# ROS parts that have no wheels (launch, ros2, cv_bridge), where somebody put them beside VENV.
EXTRAS ?= .ros-extras

export ROS_DISTRO

.DEFAULT_GOAL := env
.PHONY: env run test lint soak fuzz performance coverage mutation docs dist sbom audit licences \
  quality-env train-env lock clean help

env: ## make, update or mend .venv: ROS 2, the messages, the package (default)
	@$(PYTHON) tools/bootstrap robot --venv $(VENV) --distro $(ROS_DISTRO)

run: env ## camera stream -> emotions over DDS; SOURCE=0|clip.mp4|folder, OUT=folder
	@$(VENV)/bin/fer demo $(if $(SOURCE),--source '$(SOURCE)') $(if $(OUT),--out '$(OUT)')

test: env ## everything: lint, types, unit tests, nodes over DDS, training
	@$(PYTHON) tools/bootstrap train --venv $(TRAIN_VENV) --optional
	@EXTRAS='$(EXTRAS)' tools/test $(TESTS)

lint: env ## style and types
	@$(VENV)/bin/python -m ruff check .
	@$(VENV)/bin/python -m mypy

soak: env ## a node over DDS among faults; MINUTES=10 SEED=1 OUT=fer_soak
	@$(VENV)/bin/python tools/soak --minutes $(or $(MINUTES),10) --seed $(or $(SEED),1) \
	  --out '$(or $(OUT),fer_soak)'

fuzz: env ## decoders, led by coverage; TARGET=image|compressed|manifest|labels SECONDS=60
	@[ -d .build/fuzz/atheris ] || $(VENV)/bin/python -m pip install -q --target .build/fuzz atheris
	@PYTHONPATH=.build/fuzz $(VENV)/bin/python tools/fuzz \
	  --target $(or $(TARGET),compressed) --seconds $(or $(SECONDS),60)

performance: env ## write the figures of docs/performance.md; PEERS=python FORMATS=models FRAMES=n
	@ROUNDS='$(ROUNDS)' PEERS='$(PEERS)' FORMATS='$(FORMATS)' FRAMES='$(FRAMES)' tools/performance

coverage: env ## the tests' coverage of fer_ros, lines and branches; .build/coverage/html
	@$(PYTHON) tools/bootstrap train --venv $(TRAIN_VENV) --optional
	@EXTRAS='$(EXTRAS)' TRAIN_VENV='$(TRAIN_VENV)' tools/quality/coverage $(TESTS)

mutation: quality-env ## do the tests notice changes? MODULE=smoothing (of fer_ros/core) MINUTES=20
	@$(PYTHON) tools/quality/mutation --minutes $(or $(MINUTES),20) $(MODULE) $(TESTS)

docs: quality-env ## the documentation's site, warnings are errors; dist/site
	@tools/docs/pages
	@.venv-quality/bin/mkdocs build --strict

dist: quality-env ## sdist and wheel, built twice and compared; dist/
	@tools/quality/package

sbom: quality-env ## bills of materials of the lock files (CycloneDX); dist/sbom
	@tools/quality/sbom

audit: quality-env ## known vulnerabilities of locked packages (needs network); SERVICE=pypi|osv
	@$(PYTHON) tools/quality/audit --service $(or $(SERVICE),pypi)

licences: env train-env quality-env ## docs/licences.md, from the lock files and the environments
	@$(PYTHON) tools/quality/licences

quality-env: ## make or mend .venv-quality, for the targets above
	@$(PYTHON) tools/quality/environment

train-env: ## make or mend .venv-train: TensorFlow and Keras, to train and evaluate
	@$(PYTHON) tools/bootstrap train --venv $(TRAIN_VENV)

lock: ## resolve the lock files anew (needs network)
	@$(PYTHON) tools/lock

clean: ## remove everything that make made
	rm -rf $(VENV) $(TRAIN_VENV) .venv-quality .build dist $(EXTRAS) fer_demo_output fer_soak

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12
