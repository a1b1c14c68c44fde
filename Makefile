# The commands of this repository. `make` or `make help` lists them.
#
# All that they install, build, log and store lies in .local/, which is ignored
# by git and can be deleted at any time (after `make stop`).

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory --no-builtin-rules

# Ports of the local stack, all on 127.0.0.1.
EMULATOR_PORT ?= 4566
SANDBOX_PORT ?= 4570
CONTROL_PORT ?= 4571
# Ports of the tests, so that they never meet a running local stack.
TEST_EMULATOR_PORT ?= 4666
TEST_SANDBOX_PORT ?= 4670
TEST_CONTROL_PORT ?= 4671
# What `make invoke` and `make signed-event` try, and whose API client asks.
FUNCTION ?=
EVENT ?=
APPS ?=
OWNER ?= atelier
# More options for `sam deploy`, `go test` and `affiliatectl redrive`.
ARGS ?=

BIN := .local/bin
SAM := SAM_CLI_TELEMETRY=0 .local/venv/sam/bin/sam
RUN := $(BIN)/local -profile run -emulator $(EMULATOR_PORT) -sandbox $(SANDBOX_PORT) -control $(CONTROL_PORT)
RUN_TEST := $(BIN)/local -profile test -emulator $(TEST_EMULATOR_PORT) -sandbox $(TEST_SANDBOX_PORT) -control $(TEST_CONTROL_PORT)
# The emulated AWS, and nothing of the caller's own settings.
EMULATED := env -u AWS_PROFILE -u AWS_SESSION_TOKEN -u AWS_CA_BUNDLE AWS_ENDPOINT_URL=http://127.0.0.1:$(EMULATOR_PORT) \
  AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1

##@ Run

.PHONY: local
local: binaries ## run everything on this machine and live through the first day; leave it running
	@$(RUN) up

.PHONY: stop
stop: ## stop what `make local` left running
	@[ ! -x $(BIN)/local ] || $(RUN) down

.PHONY: logs
logs: binaries ## follow the logs of the functions that `make local` runs
	@$(RUN) logs

.PHONY: walk
walk: binaries ## try every route of what `make local` left running as a stranger, who must be refused
	@$(RUN) walk

.PHONY: invoke
invoke: binaries ## give one function one event beside `make local`: FUNCTION=webhook EVENT=events/webhook-17.json
	@$(RUN) -function '$(FUNCTION)' -event '$(EVENT)' -owner $(OWNER) invoke

.PHONY: signed-event
signed-event: ## print an event with the signature it needs (EVENT=…; APPS=file signs for the apps of another deployment)
	@$(MAKE) binaries >&2
	@$(RUN) -event '$(EVENT)' -apps '$(APPS)' -owner $(OWNER) signed-event

.PHONY: redrive
redrive: binaries ## move the dead letters of `make local` back into their queues (ARGS=-list only lists them)
	@$(EMULATED) $(BIN)/affiliatectl redrive $(ARGS)

##@ Check

.PHONY: ci
ci: fmt-check lint validate contract-check client-check viewer-check vuln test ## everything a change must pass

.PHONY: test
test: binaries ## run all tests, race detector on, and the first day end to end, on ports of their own
	@go vet ./...
	@trap '$(RUN_TEST) down' EXIT; \
	  $(RUN_TEST) emulator && \
	  TEST_AWS_ENDPOINT_URL=http://127.0.0.1:$(TEST_EMULATOR_PORT) go test -race -p 2 $(ARGS) ./... && \
	  $(RUN_TEST) rehearse

.PHONY: explore
explore: binaries ## send made-up requests to what `make local` runs and check the answers (ARGS=-thorough)
	@$(RUN) $(ARGS) explore

.PHONY: emulator
emulator: binaries ## start only the emulated AWS of the tests; end it with `make emulator-stop`
	@$(RUN_TEST) emulator
	@echo 'export TEST_AWS_ENDPOINT_URL=http://127.0.0.1:$(TEST_EMULATOR_PORT)'

.PHONY: emulator-stop
emulator-stop: ## stop the emulated AWS of the tests
	@[ ! -x $(BIN)/local ] || $(RUN_TEST) down

.PHONY: bench
bench: binaries ## run the Go benchmarks, those over the wire against the emulated AWS of the tests
	@trap '$(RUN_TEST) down' EXIT; $(RUN_TEST) emulator && env -i PATH="$$PATH" HOME="$$HOME" TEST_AWS_ENDPOINT_URL=http://127.0.0.1:$(TEST_EMULATOR_PORT) \
	  go test -run '^$$' -bench . -benchmem $(ARGS) ./...

.PHONY: proof
proof: binaries ## live through SCHEDULES random schedules of orders and faults from seed SEED on, and send EXAMPLES made-up requests per route after a first day
	@env -i PATH="$$PATH" HOME="$$HOME" GOGC=400 go test ./local/proof -run '^TestProof$$' -count 1 -v -timeout 2h -schedules $(SCHEDULES) -seed $(SEED)
	@env -i PATH="$$PATH" HOME="$$HOME" GOGC=400 go test ./functions/order-fetcher -run '^TestProof$$' -count 1 -timeout 2h -schedules $$(($(SCHEDULES) / 200 + 1)) -seed $(SEED)
	@trap '$(RUN_TEST) down' EXIT; $(RUN_TEST) -thorough -examples $(EXAMPLES) rehearse
SCHEDULES ?= 10000
EXAMPLES ?= 50
SEED ?= 0

.PHONY: simulate
simulate: ## simulate a day of 1,000, 10,000 and 50,000 connections and write docs/simulation.md and .svg (takes minutes)
	@env -i PATH="$$PATH" HOME="$$HOME" GOGC=400 GOMEMLIMIT=10GiB go run ./local/simulate $(ARGS)

.PHONY: fuzz
fuzz: ## run every fuzz test for FUZZTIME
	@local/tools/fuzz $(FUZZTIME)
FUZZTIME ?= 20s

.PHONY: lint
lint: $(BIN)/golangci-lint ## run the linters of .golangci.yml
	@$(BIN)/golangci-lint run ./...

.PHONY: fmt
fmt: $(BIN)/golangci-lint ## format the Go files
	@$(BIN)/golangci-lint fmt ./...

.PHONY: fmt-check
fmt-check: $(BIN)/golangci-lint ## fail when a Go file is not formatted
	@$(BIN)/golangci-lint fmt --diff ./... || { echo 'fmt-check: run `make fmt`' >&2; exit 1; }

.PHONY: validate
validate: setup ## lint template.yaml, before and after the SAM translator, and docs/openapi.yaml
	@local/tools/lint-api
	@$(SAM) validate --lint --template-file template.yaml --region us-east-1
	@.local/venv/sam/bin/cfn-lint --template template.yaml --regions us-east-1
	@AWS_DEFAULT_REGION=us-east-1 .local/venv/emulator/bin/python local/tools/translate.py template.yaml > .local/processed.json
	@.local/venv/sam/bin/cfn-lint --template .local/processed.json --regions us-east-1

.PHONY: client
client: ## generate the Go client from docs/openapi.yaml
	@local/tools/generate-client

.PHONY: client-check
client-check: ## fail when the Go client is not what docs/openapi.yaml gives
	@local/tools/generate-client -check

.PHONY: viewer
viewer: ## pack the pinned viewer of the reference page anew
	@local/tools/viewer

.PHONY: viewer-check
viewer-check: ## fail when the packed viewer is not what its npm package has
	@local/tools/viewer -check

.PHONY: contract
contract: ## fetch the pinned descriptions of TikTok Shop, make the snapshots anew and show the difference
	@local/contract/fetch

.PHONY: contract-check
contract-check: ## fail when the generated operations or docs/coverage.md differ from what the generator writes
	@go run ./local/contract/cmd/gen -check

.PHONY: vuln
vuln: $(BIN)/govulncheck ## look for known vulnerabilities in what is called
	@local/tools/vuln $(BIN)/govulncheck

##@ Deploy

.PHONY: build
build: setup ## the SAM CLI's own build, for AWS, with small reproducible binaries
	@CGO_ENABLED=0 GOFLAGS="$$(sed -n 's/^const BuildFlags = `\(.*\)`$$/\1/p' local/up/sam.go)" $(SAM) build --parallel

.PHONY: deploy
deploy: build ## build and deploy to the AWS account of the environment (first time: ARGS=--guided)
	@$(SAM) deploy $(ARGS)

##@ Other

.PHONY: reference
reference: ## write the reference of the API as files for a browser
	@go run ./local/cmd/reference

.PHONY: setup
setup: ## install the pinned tools into .local/ (the other commands do this by themselves)
	@local/tools/setup

.PHONY: help
help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

# Our own binaries. Go knows by itself what has changed.
.PHONY: binaries
binaries: setup
	@go build -o $(BIN)/ ./local/cmd/local ./local/sandbox/cmd/sandbox ./cmd/affiliatectl

# Tools of other people, built from source at the versions of local/tools/go.mod.
$(BIN)/golangci-lint: TOOL := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
$(BIN)/govulncheck: TOOL := golang.org/x/vuln/cmd/govulncheck
$(BIN)/golangci-lint $(BIN)/govulncheck: local/tools/go.mod local/tools/go.sum | setup
	@echo 'setup: building $(@F) from source, once'
	@cd local/tools && go build -o ../../$@ $(TOOL) 2> ../../.local/log/$(@F).log && touch ../../$@ || \
	  { echo "setup: could not build $(@F): $$(tail -1 ../../.local/log/$(@F).log). Is $$(go env GOPROXY) reachable? Try again, or see .local/log/$(@F).log" >&2; exit 1; }
