# Everything a newcomer needs: `make demo` shows the ledger at work, `make test` tests it.
# Go and a C compiler are enough; the modules come through Go's own proxy.

export CGO_ENABLED ?= 1
RACE := ./abci/... ./app/store/... ./client/... ./node/... ./localnet/...

.PHONY: build demo test js pages race bench fuzz golden clean

build: ## the one binary, ./carya
	go build -o carya .

demo: build ## nine organisations on this machine, a story, a proof; Ctrl-C ends it
	./carya demo

test: build js ## everything, and the packages with goroutines once more under the race detector
	go vet ./...
	go test -timeout 15m ./...
	GOOS=js GOARCH=wasm go build ./types/... ./app
	GORACE=atexit_sleep_ms=50 go test -race -short -timeout 9m $(RACE)

js: ## the second verifier, in TypeScript, where npm is installed
	@if command -v npm >/dev/null; then cd client/js && npm ci --no-audit --no-fund && npm test; \
	else echo "npm is not installed: the TypeScript verifier is not tested"; fi

pages: ## build the web pages that nodes serve anew, after a change to client/js
	cd client/js && npm ci --no-audit --no-fund && npm run pages

bench: build ## the figures of docs/performance.md
	go test -run '^$$' -bench . -benchmem ./types/... ./app/...
	./carya localnet load --rate 0 --duration 20s --baseline

FUZZTIME ?= 20s
fuzz: ## every decoder's fuzz test for FUZZTIME each
	@go list ./... | while read pkg; do \
		go test -list '^Fuzz' $$pkg | grep '^Fuzz' | while read name; do \
			echo "$$pkg $$name"; go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
		done || exit 1; \
	done

golden: ## rewrite golden files after a change that is meant; read the diff
	go test ./types -update

clean:
	rm -f carya
