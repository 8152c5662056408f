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
.PHONY: env run test lint performance train-env lock clean help

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

performance: env ## measure and write the figures of docs/performance.md; PEERS=python
	@ROUNDS='$(ROUNDS)' PEERS='$(PEERS)' tools/performance

train-env: ## make or mend .venv-train: TensorFlow and Keras, to train and evaluate
	@$(PYTHON) tools/bootstrap train --venv $(TRAIN_VENV)

lock: ## resolve the lock files anew (needs network)
	@$(PYTHON) tools/lock

clean: ## remove everything that make made
	rm -rf $(VENV) $(TRAIN_VENV) .build $(EXTRAS) fer_demo_output

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12
