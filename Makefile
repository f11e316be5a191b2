# Everything a contributor runs. Only Go and make are needed; the race tests want a C compiler besides, and the tests of the
# examples use curl, wrk, h2load, nc, swaks and the Redis tools where they are installed.

# What `make bench-go` runs and how often; what `make fuzz` spends on each target; what `make
# fuzz-many` checks; how long `make soak` has traffic and `make simulate` plays; what `make run` and the `make bench`es pass on.
BENCH       ?= .
BENCH_COUNT ?= 1
FUZZTIME    ?= 1m
CASES       ?= 10000000
SEED        ?= 1
MINUTES     ?= 60
SIMTIME     ?= 10m
ARGS        ?=

# TOOL runs a tool at the version that .ci/tools/go.mod names, which keeps the tools out of the library's own go.mod.
TOOL = go tool -modfile=.ci/tools/go.mod

# HAVE_CC succeeds where there is a C compiler with its headers: the race detector is linked by it.
HAVE_CC = printf '\#include <stdlib.h>\n' | $$(go env CC) -x c -fsyntax-only - 2>/dev/null

# $(call step,name,command) names a step, runs it, and says so if it fails.
step = echo '== $(1)'; $(2) || { echo 'make: step "$(1)" failed' >&2; exit 1; }

.PHONY: help run test vet unit race poison fuzz-short fuzz fuzz-many bench-programs bench bench-quick bench-go bench-match generate fmt lint
.PHONY: torture mutants soak simulate
.NOTPARALLEL:

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## build the demo and start it; ARGS='-http 127.0.0.1:8081' passes it flags
	@CGO_ENABLED=0 go build -buildvcs=false -o bin/demo ./examples/demo
	@bin/demo $(ARGS)

test: vet unit race poison fuzz-short ## run all of the five below: a few minutes on two cores
	@echo '== all tests passed'

vet: ## vet every package
	@$(call step,vet,go vet ./...)

unit: ## run the tests of every package
	@$(call step,unit tests,go test ./...)

race: ## run them under the race detector; without a C compiler they are left out, and it says so
	@if $(HAVE_CC) || [ "$$MILLRACE_REQUIRE_CLIENTS" = 1 ]; then \
		$(call step,race tests,CGO_ENABLED=1 go test -race ./...); \
	else \
		echo '== race tests: left out, because there is no C compiler'; \
	fi

poison: ## run them with released memory overwritten, which shows a slice that is used after its time
	@$(call step,poison tests,go test -tags poison ./...)

fuzz-short: ## fuzz every target for five seconds
	@$(call step,short fuzz,.ci/fuzz 5s)

fuzz: ## fuzz every target for FUZZTIME (1m)
	@$(call step,fuzz,.ci/fuzz $(FUZZTIME))

fuzz-many: ## check CASES (10000000) generated cases of the searches against the reference, from seed SEED (1)
	@$(call step,generated cases,go test -count 1 -timeout 0 -run Generated ./fuzz -generated $(CASES) -generated-seed $(SEED))

torture: ## make every system call of a loop fail in every way, three minutes; writes docs/torture.txt
	@$(call step,torture,go test -count 1 -timeout 0 -run TestTorture ./loop -torture -torture-record ../docs/torture.txt)
	@cat docs/torture.txt

mutants: ## take out each protection of the scenarios and see a test fail, half an hour; writes docs/mutants.txt; ARGS='-scenario 5'
	@go -C .ci/mutants run . $(if $(ARGS),$(ARGS),-record ../../docs/mutants.txt)

soak: ## run every example under mixed traffic with faults for MINUTES (60); writes bench/records/DATE-soak.txt, docs/soak.svg
	@CGO_ENABLED=0 go build -buildvcs=false -o bin/ ./examples/demo ./examples/httpd ./examples/resp ./examples/chat \
		./examples/smtpd ./examples/ftp ./examples/httpget
	@CGO_ENABLED=0 go -C bench build -buildvcs=false -o ../bin/ ./cmd/soak
	@bin/soak -minutes $(MINUTES) -record bench/records/$$(date +%F)-soak.txt -plot docs/soak.svg $(ARGS)

simulate: ## play a loop on a made-up kernel for SIMTIME (10m), a seed a run; ARGS='-sim-seed 7' chooses the first
	@$(call step,simulation,go test -count 1 -timeout 0 -v -run 'TestSimulation$$' ./loop -sim-for $(SIMTIME) $(ARGS))

# Servers, load generator and comparison, all into bin/. Without a C compiler the loops in C are left out, and with them
# the ratios.
bench-programs:
	@CGO_ENABLED=0 go -C bench build -buildvcs=false -o ../bin/ ./cmd/load ./cmd/server ./cmd/compare
	@CGO_ENABLED=0 go -C bench/peers build -buildvcs=false -tags poll_opt,gc_opt -o ../../bin/peers .
	@bench/limit/build bin

bench: bench-programs ## compare servers with those in C and on other libraries, half an hour; ARGS='-run echo' passes it flags
	@bin/compare -record bench/records/$$(date +%F)-servers.txt -plots docs $(ARGS)

bench-quick: bench-programs ## some cells of it, in two minutes
	@bin/compare -quick -rounds 3 -duration 500ms -warmup 100ms -syscalls=false $(ARGS)

bench-go: ## run Go's benchmarks that match BENCH (all), BENCH_COUNT (1) times, in the form that benchstat reads
	@go -C bench test -run '^$$' -bench '$(BENCH)' -benchmem -count $(BENCH_COUNT) -timeout 0 .

bench-match: ## compare searches: ours on every tier, Go's, glibc's, Rust's, the read limit; ARGS='-run lines' passes it flags
	@CGO_ENABLED=0 go -C bench build -buildvcs=false -o ../bin/search ./search
	@bench/search/build bin
	@bin/search -record bench/records/$$(date +%F)-match.txt -plots docs $(ARGS)

generate: ## write the assembly of match anew, from match/_asm
	@$(call step,generate,go generate ./match)

fmt: ## format every Go file
	@gofmt -w .

lint: ## check the format of every Go file, and run staticcheck
	@$(call step,gofmt,{ files=$$(gofmt -l .) && [ -z "$$files" ] || { echo "not formatted: $$files"; false; }; })
	@$(call step,staticcheck,$(TOOL) staticcheck ./...)
