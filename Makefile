# make demo    sets up, and runs the main job against the simulator through the built wheel
# make test    sets up, and runs every language
# make dist    builds what users install into target/dist: a wheel, two npm archives, a Maven repository, a Swift package
# make soak    installs what make dist built, kills 400 renewals and 100 sets of 2,000 changes, sends generated requests of
#              docs/openapi.json to the simulator, and plays 50,000 seeds of the simulated world (core/tests/simulated) and
#              200,000 of sets of changes (core/tests/changes), which takes some hours
#
# Everything that is built lies in target/ and in the packages' own output folders; toolchains that had to be fetched lie
# in the user's cache folder.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PROFILE := ci
OUT := target/$(PROFILE)
# All that is built for tests has the same features of what it has in common, so that this is compiled once (tests/alike).
# What is measured has none but its own.
ifeq ($(PROFILE),ci)
ALIKE := -p beproduct-alike --features beproduct-alike/core
ALIKE_ALONE := alike
endif
VENV := target/venv
PY := $(VENV)/bin/python
# Where .ci/setup puts a newer Node than the machine's, if that is needed.
export PATH := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/beproduct-client/node/node_modules/.bin:$(PATH)
export BEPRODUCT_SIMULATOR := $(abspath $(OUT))/beproduct-simulator

CASES := $(PY) tests/drivers/run_cases.py --simulator $(BEPRODUCT_SIMULATOR)
# Not looked at before the setup has run.
DRIVERS = --driver rust=$(OUT)/beproduct-driver \
	--driver python="$(PY) tests/drivers/python/driver.py" \
	--driver python-async="$(PY) tests/drivers/python/driver.py --async" \
	--driver node="node tests/drivers/node/driver.mjs" \
	$(shell [ -e target/no-kotlin ] || echo --driver kotlin=tests/drivers/kotlin/driver) \
	$(shell [ -e target/no-swift ] || echo --driver swift=tests/drivers/swift/driver)

# Maven's own talk is left out; what remains is the count of tests and what failed.
SUREFIRE_ONLY := -Dorg.slf4j.simpleLogger.defaultLogLevel=warn $(foreach logger,plugin.surefire plugin.surefire.SurefirePlugin plugins.surefire,\
	-Dorg.slf4j.simpleLogger.log.org.apache.maven.$(logger)=info)

.PHONY: help demo test python-suite python-versions built suites rust-tests kotlin-glue swift-glue setup setup-python setup-node setup-types setup-openid setup-browser setup-keyring setup-redis setup-kotlin setup-swift generate tools check build \
	public-api public-api-python public-api-node public-api-rust public-api-swift public-api-kotlin \
	wheel node kotlin swift test-rust test-python test-node test-sign-in test-kotlin test-swift test-cases test-kills setup-openapi test-openapi soak bench bench-files measure measure-files measurable dist dist-python dist-node dist-mobile \
	dist-kotlin dist-swift setup-dist test-dist audit

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

demo: wheel
	$(PY) tests/demo/demo.py --simulator $(BEPRODUCT_SIMULATOR)

# All that the suites print, log and raise is kept, and searched for secrets at the end.
#
# Builds keep all cores busy and come one after the other; most suites keep one busy, so two of them run at a time, and each
# prints when it has ended.
test: export BEPRODUCT_TRANSCRIPTS := $(abspath target/transcripts)
test: export BEPRODUCT_SIMULATOR_SECRETS := $(abspath target/simulator-secrets.txt)
test: export RUST_BACKTRACE := 1
test:
	rm -rf $(BEPRODUCT_TRANSCRIPTS) $(BEPRODUCT_SIMULATOR_SECRETS)
	mkdir -p $(BEPRODUCT_TRANSCRIPTS)
	$(MAKE) --no-print-directory built 2>&1 | tee $(BEPRODUCT_TRANSCRIPTS)/built.txt
	$(MAKE) --no-print-directory --jobs 2 --output-sync=target BUILT=1 suites 2>&1 | tee $(BEPRODUCT_TRANSCRIPTS)/printed.txt
	python3 tests/secrets/search.py $(BEPRODUCT_SIMULATOR_SECRETS) $(BEPRODUCT_TRANSCRIPTS)

built: setup check build rust-tests wheel node kotlin-glue swift-glue

# The longest first.
suites: python-suite test-kotlin test-swift test-rust test-sign-in test-node python-versions test-cases

# What a suite needs besides, which `make test` has built before. A variable of the environment does not say so.
needs = $(if $(filter command,$(origin BUILT)),,$(1))

# --- what has to be there

setup: setup-python setup-node setup-types setup-openid setup-browser setup-keyring setup-redis setup-kotlin setup-swift

setup-python: $(VENV)/ready

$(VENV)/ready: .ci/setup tests/requirements.txt
	.ci/setup rust python
	"$$(.ci/setup --python)" -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --requirement tests/requirements.txt
	touch $@

setup-node: bindings-node/node_modules/ready

bindings-node/node_modules/ready: bindings-node/package-lock.json
	.ci/setup node
	cd bindings-node && npm ci --silent
	touch $@

setup-types: tests/types/node_modules/ready

tests/types/node_modules/ready: tests/types/package-lock.json
	.ci/setup node
	cd tests/types && npm ci --silent
	touch $@

setup-openid: tests/openid/node_modules/ready

tests/openid/node_modules/ready: tests/openid/package-lock.json
	.ci/setup node
	cd tests/openid && npm ci --silent
	touch $@

setup-browser:
	rm -f target/no-browser
	.ci/setup browser || .ci/not-here browser $$?

setup-keyring:
	rm -f target/no-keyring
	.ci/setup renewal keyring || .ci/not-here keyring $$?

setup-redis:
	rm -f target/no-redis
	.ci/setup redis || .ci/not-here redis $$?

setup-kotlin:
	rm -f target/no-kotlin
	bindings-swift/scripts/kotlin-toolchain || .ci/not-here kotlin $$?

setup-swift:
	rm -f target/no-swift
	bindings-swift/scripts/swift-toolchain >/dev/null || .ci/not-here swift $$?

# --- generated code and style

generate:
	cargo run --quiet --profile $(PROFILE) -p beproduct-codegen

tools: setup-python
	cargo build --quiet --profile $(PROFILE) -p beproduct-codegen -p beproduct-public-api $(ALIKE)

check: tools setup-node
	$(OUT)/beproduct-codegen --check
	cargo fmt --all --check
	$(PY) tests/alike/check.py
	if cargo clippy --version >/dev/null 2>&1; then \
		cargo clippy --quiet --profile $(PROFILE) --workspace --all-targets --features beproduct-alike/core -- --deny warnings; \
	else \
		echo "check: no clippy here, the Rust code is not linted"; \
		test "$${CI:-}" != true; \
	fi
	$(VENV)/bin/ruff check --quiet --config bindings-python/pyproject.toml bindings-python tests
	$(VENV)/bin/ruff format --quiet --check --config bindings-python/pyproject.toml bindings-python tests
	$(PY) tests/api/snapshot.py python node rust
	.ci/audit

# The snapshots of the public API in docs/api. `make check` compares those of Python, Node and Rust; Swift's and Kotlin's
# are compared where they are built, by `make test-swift` and `make test-kotlin`.
public-api: public-api-python public-api-node public-api-rust public-api-swift public-api-kotlin

public-api-python: setup-python
public-api-rust: tools
public-api-node: setup-python setup-node
public-api-swift: setup-python swift
public-api-python public-api-node public-api-rust public-api-swift: public-api-%:
	$(PY) tests/api/snapshot.py --renew $*

public-api-kotlin: kotlin
	BEPRODUCT_RENEW_API=1 mvn --batch-mode --quiet -Dtest=PublicApiTest --file bindings-swift/kotlin/pom.xml test

# --- builds

build: setup-python
	cargo build --quiet --profile $(PROFILE) -p beproduct-simulator -p beproduct-driver $(ALIKE)

wheel: build
	$(VENV)/bin/maturin build --quiet --profile $(PROFILE) $(ALIKE_ALONE:%=--features pyo3/extension-module,%) --manifest-path bindings-python/Cargo.toml --out target/wheels
	$(VENV)/bin/pip install --quiet --no-deps --force-reinstall target/wheels/*.whl

node: setup-node
	cd bindings-node && npm run --silent build:native -- --profile $(PROFILE) $(ALIKE_ALONE:%=--features %) && npm run --silent build:ts

kotlin-glue: setup-kotlin
	[ -e target/no-kotlin ] || bindings-swift/scripts/generate-kotlin

kotlin: $(call needs,kotlin-glue)
	[ -e target/no-kotlin ] || mvn --batch-mode --quiet --file bindings-swift/kotlin/pom.xml test-compile

swift-glue: setup-swift
	[ -e target/no-swift ] || bindings-swift/scripts/generate-swift

swift: $(call needs,swift-glue)
	[ -e target/no-swift ] || bindings-swift/scripts/swift-run --dir tests/drivers/swift/package -- swift build --quiet

# --- tests

# What the tests with Redis do without one.
REDIS = $$([ ! -e target/no-redis ] || echo env BEPRODUCT_WITHOUT_REDIS=1)

# The fixtures of a folder are for that folder only below the root.
PYTEST = $(PY) -m pytest --config-file bindings-python/pyproject.toml --rootdir . \
	$(if $(BEPRODUCT_TRANSCRIPTS),--log-file=$(BEPRODUCT_TRANSCRIPTS)/python-log-$@.txt --log-file-level=DEBUG)

RUST_TESTS = --profile $(PROFILE) -p beproduct -p beproduct-cli -p beproduct-codegen -p beproduct-loom -p beproduct-mobile \
	-p beproduct-public-api -p beproduct-simulator $(ALIKE)

rust-tests: build
	cargo test --quiet --no-run $(RUST_TESTS)

# Cargo has jobs of its own.
test-rust: $(call needs,rust-tests setup-redis)
	env --unset=MAKEFLAGS --unset=MFLAGS $(REDIS) cargo test --quiet $(RUST_TESTS)

test-python: python-suite python-versions

python-suite: $(call needs,wheel setup-types setup-keyring setup-redis)
	$(REDIS) $(PYTEST) bindings-python/tests tests/differential tests/ledger tests/renewal tests/keyring tests/kills \
		tests/demo tests/readme

python-versions: $(call needs,wheel)
	$(PY) bindings-python/tests/run_pythons.py

test-node: $(call needs,node build)
	cd bindings-node && npm test --silent

test-sign-in: $(call needs,wheel node setup-openid setup-browser)
	bindings-node/node_modules/.bin/prettier --config bindings-node/.prettierrc.json --check --log-level warn tests/openid
	$(PYTEST) tests/openid tests/browser \
		$$([ ! -e target/no-browser ] || echo --ignore tests/browser/test_browser.py)

test-kotlin: kotlin $(call needs,build)
	[ -e target/no-kotlin ] || mvn --batch-mode --no-transfer-progress $(SUREFIRE_ONLY) --file bindings-swift/kotlin/pom.xml test

test-swift: swift $(call needs,build)
	[ -e target/no-swift ] || bindings-swift/scripts/swift-run --dir bindings-swift/swift -- swift test --quiet
	[ -e target/no-swift ] || $(PY) tests/api/snapshot.py swift

test-cases: kotlin swift $(call needs,wheel node)
	$(CASES) $(DRIVERS)

# --- what users install

# The libraries for Linux are linked with zig, which has the symbols of every glibc.
GLIBC := 2.17
LINUX := x86_64-unknown-linux-gnu
DIST := target/dist
# Where the libraries lie that users get.
PORTABLE := target/$(LINUX)/release
ZIG = PATH="$(abspath $(VENV))/bin:$$PATH" .ci/with-zig $(LINUX).$(GLIBC)
ZIGBUILD = $(ZIG) cargo build --quiet --release --target $(LINUX)

dist: dist-python dist-node dist-kotlin dist-swift
	@ls -l $(PORTABLE)/libbeproduct_python.so $(PORTABLE)/libbeproduct_node.so $(PORTABLE)/libbeproduct_mobile.so
	@ls -1 $(DIST)

setup-dist: $(VENV)/dist

$(VENV)/dist: $(VENV)/ready tests/dist/requirements.txt
	$(VENV)/bin/pip install --quiet --requirement tests/dist/requirements.txt
	touch $@

dist-python: setup-dist
	rm -f $(DIST)/*.whl
	$(ZIG) maturin build --quiet --release --compatibility manylinux2014 --target $(LINUX) \
		--manifest-path bindings-python/Cargo.toml --out $(DIST)

dist-node: setup-dist setup-node
	rm -f $(DIST)/*.tgz
	$(ZIGBUILD) -p beproduct-node
	cd bindings-node && npm run --silent build:ts && npm run --silent pack:all -- --library ../$(PORTABLE)/libbeproduct_node.so

dist-mobile: setup-dist
	$(ZIGBUILD) -p beproduct-mobile --lib

dist-kotlin: dist-mobile setup-kotlin
	rm -rf $(DIST)/maven
	[ -e target/no-kotlin ] || bindings-swift/scripts/generate-kotlin --library $(PORTABLE)/libbeproduct_mobile.so
	[ -e target/no-kotlin ] || mvn --batch-mode --quiet --file bindings-swift/kotlin/pom.xml -Dmaven.test.skip=true \
		-Dmaven.install.skip=true -DaltDeploymentRepository=dist::file://$(abspath $(DIST))/maven deploy

dist-swift: dist-mobile
	bindings-swift/scripts/generate-swift
	bindings-swift/scripts/pack-swift $(PORTABLE)/libbeproduct_mobile.so $(DIST)

# The README's examples, with what `make dist` made and nothing else of the repository.
test-dist: dist build setup-swift
	$(PYTEST) tests/dist

# --- the rest

# Seeds of the simulated world and of sets of changes: a number, or a range such as 50000..100000.
SEEDS := 50000
SET_SEEDS := 200000

# Processes that are killed while they renew, with each kind of rotation.
KILLS := 200
CHANGES_KILLS := 100

# Generated requests of each operation of docs/openapi.json, and the seed that they come from.
EXAMPLES := 20
OPENAPI_SEED := 1

soak: test-dist test-kills test-openapi
	BEPRODUCT_SEEDS=$(SEEDS) BEPRODUCT_SET_SEEDS=$(SET_SEEDS) \
		cargo test --quiet --profile $(PROFILE) -p beproduct $(ALIKE) --test simulated --test changes

test-kills: wheel
	BEPRODUCT_KILLS=$(KILLS) BEPRODUCT_CHANGES_KILLS=$(CHANGES_KILLS) BEPRODUCT_CHANGES_EDITS=2000 \
		$(PYTEST) tests/renewal/test_random_kills.py tests/kills

# What schemathesis needs is much, and for this alone.
setup-openapi: $(VENV)/openapi/ready

$(VENV)/openapi/ready: $(VENV)/ready tests/openapi/requirements.txt
	"$$(.ci/setup --python)" -m venv $(VENV)/openapi
	$(VENV)/openapi/bin/pip install --quiet --requirement tests/openapi/requirements.txt
	touch $@

test-openapi: build setup-openapi
	HYPOTHESIS_STORAGE_DIRECTORY=target/hypothesis $(VENV)/openapi/bin/python tests/openapi/fuzz.py --simulator $(BEPRODUCT_SIMULATOR) --examples $(EXAMPLES) --seed $(OPENAPI_SEED)

# Measures what is published: everything is built as a release. BENCH="--quick lists" runs one part of the comparison,
# once; those of Kotlin and Swift are left out where these are not. `make bench-files` measures the files alone.
BENCH :=
FILES := files-python files-asyncio files-node files-kotlin files-swift images

bench:
	$(MAKE) --no-print-directory PROFILE=release measure

bench-files:
	$(MAKE) --no-print-directory PROFILE=release measure-files

measure: measurable setup-redis
	$(COMPARE)
	$(PY) tests/bench/calls.py --simulator $(BEPRODUCT_SIMULATOR)
	$(PY) tests/bench/quota.py
	$(PY) tests/bench/rate.py --simulator $(BEPRODUCT_SIMULATOR)

measure-files: measurable
	$(COMPARE) $(FILES)

COMPARE = $(PY) tests/bench/compare.py --server $(OUT)/beproduct-bench-server $(BENCH) \
	$(shell [ ! -e target/no-kotlin ] || echo --without files-kotlin) $(shell [ ! -e target/no-swift ] || echo --without files-swift)

# The glue of Kotlin and Swift is the same whatever the profile of the library; only the library is built again.
measurable: wheel node setup-kotlin setup-swift
	[ -e target/no-kotlin ] || bindings-swift/scripts/generate-kotlin
	[ -e target/no-kotlin ] || mvn --batch-mode --quiet --activate-profiles bench --file bindings-swift/kotlin/pom.xml test-compile
	cargo build --quiet --profile $(PROFILE) -p beproduct-bench-server
	$(VENV)/bin/pip install --quiet --requirement tests/bench/requirements.txt
	[ -e target/no-kotlin ] && [ -e target/no-swift ] || cargo build --quiet --profile $(PROFILE) -p beproduct-mobile
	[ -e target/no-swift ] || bindings-swift/scripts/generate-swift
	[ -e target/no-swift ] || BEPRODUCT_LIB_DIR=$(abspath $(OUT)) \
		bindings-swift/scripts/swift-run --dir tests/bench/clients/swift/package -- swift build --quiet --configuration release

audit:
	.ci/audit
