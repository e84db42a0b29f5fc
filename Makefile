# Needs Go and a C compiler; the tests on Apache Kafka also Java 17 and Maven.
# Everything else is fetched, into the user's cache.

CLUSTER  := go run ./kafka/kafkatest/cluster
# Scripts about what three brokers make different: topics, groups, rights and the cluster.
OF_THREE := transaction|topic(_alter|_count|_offsets)?|cluster|acl|user|wait|group(_kafka|_offsets|_plan|_reset)?
# The packages with tests that can run on Apache Kafka: those that use its harness.
ON_KAFKA := go list -f '{{.ImportPath}} {{join .TestImports " "}} {{join .XTestImports " "}} .' ./... | sed -n -E '/ kstream\/kafka\/kafkatest |^kstream\/kafka\/kafkatest /s/ .*//p'
FUZZTIME ?= 30s
RACE     ?=
KSTREAM  ?= go run .
RELEASE_FILES ?= .release
LINT_VERSION := v2.15.0
LINT_DIR := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/kstream-test/golangci-lint-$(LINT_VERSION)
LINT     := $(LINT_DIR)/golangci-lint
DEADCODE_VERSION := v0.52.0
DEADCODE_DIR := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/kstream-test/deadcode-$(DEADCODE_VERSION)
DEADCODE := $(DEADCODE_DIR)/deadcode

.DEFAULT_GOAL := help
.PHONY: help build test test-kafka lint bench fuzz release-files

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## ./kstream
	go build -trimpath -ldflags '-s -w' -o kstream .

release-files: ## man pages and completions in .release/, for .goreleaser.yaml
	rm -rf $(RELEASE_FILES) && mkdir -p $(RELEASE_FILES)/completions
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} $(KSTREAM) docs man $(RELEASE_FILES)/man
	for shell in bash zsh fish; do $(KSTREAM) completion $$shell > $(RELEASE_FILES)/completions/kstream.$$shell || exit 1; done

test: ## unit and end to end on the embedded broker (RACE=-race: with the race detector), then on Apache Kafka when Java and Maven are here
	go test $(RACE) -timeout 45m ./...
	@if reason=$$($(CLUSTER) check 2>&1); then $(MAKE) --no-print-directory test-kafka; \
	else echo "not tested on Apache Kafka: $$reason" | grep -v '^exit status'; fi

# One package at a time: each starts brokers of its own, beside those that all share, and
# on two cores they would starve each other.
test-kafka: ## the same tests, and those of kills and faults, on Apache Kafka, started for them; scripts also on three nodes
	$(CLUSTER) run -- go test -p 1 -timeout 45m $$($(ON_KAFKA))
	$(CLUSTER) run --nodes 3 -- go test -timeout 10m ./cmd -run 'TestScripts/^($(OF_THREE))$$'

lint: $(LINT) $(DEADCODE) ## gofmt, vet, go.mod, the linters of .golangci.yml, and functions that nothing calls (.deadcode)
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "not formatted: $$unformatted"; exit 1; }
	go vet ./...
	go mod tidy -diff
	$(LINT) run ./...
	@$(DEADCODE) -f '{{range .Funcs}}{{.Position.File}} {{.Name}}{{"\n"}}{{end}}' ./... | awk ' \
	  NR == FNR { if ($$0 !~ /^(#|$$)/) reason[$$0]; next } \
	  $$0 == "" { next } \
	  { kept = 0; for (p in reason) if ($$0 ~ "^(" p ")$$") { used[p]; kept = 1 } \
	    if (!kept) { print "no program reaches " $$0; bad = 1 } } \
	  END { for (p in reason) if (!(p in used)) { print ".deadcode: nothing matches " p; bad = 1 }; exit bad }' .deadcode -

$(LINT):
	GOBIN=$(LINT_DIR) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

$(DEADCODE):
	GOBIN=$(DEADCODE_DIR) go install golang.org/x/tools/cmd/deadcode@$(DEADCODE_VERSION)

bench: build ## docs/benchmarks.md anew: 1,000,000 records on Apache Kafka, beside kcat and jq when they are installed
	$(CLUSTER) run -- go run ./kafka/kafkatest/bench -kstream ./kstream -write docs/benchmarks.md

fuzz: ## every fuzz target, FUZZTIME each (30s)
	@for package in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
	    echo "$$package $$target"; \
	    go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package || exit 1; \
	  done; \
	done
