# Every target is a line that calls scripts/ or go; no program needs this file.
GOLANGCI = v2.15.0
KERNEL   = 6.1

help:     ## list the targets
	@sed -n 's/^\([a-z-]*\): *.*## /  \1	/p' Makefile
demo:     ## run the tour: Go talks to the kernel through libnl
	scripts/demo
test:     ## vet and test
	scripts/test
race:     ## test with the race detector
	scripts/test -race
asan:     ## test with the address and leak sanitizers (gcc or clang with their runtime)
	scripts/test -asan
cgocheck: ## test with the strict check of pointers that pass into C
	GOEXPERIMENT=cgocheck2 scripts/test
parity:   ## run each scenario in C on libnl and in Go, and compare the traces
	scripts/setup --test && go test -count=1 -v -run 'TestMutations|TestOwnLoop|TestCoverage|TestParity' ./internal/parity
vm-test:  ## build the kernel modules, boot a VM, test them and the packages there (KERNEL=6.1, 6.12, 5.10 or several: '6.1 6.12')
	kmod/vm/test $(KERNEL)
bench:    ## measure against C, the peers and bare system calls, into docs/performance (a quarter of an hour on a quiet machine, else twice that)
	scripts/bench -out ../docs/performance
bench-smoke: ## do each of its workloads once, small, and compare the answers
	scripts/bench -smoke
vm-demo:  ## show the example programs and the kernel modules at work, in a VM
	kmod/vm/test $(KERNEL) demo
parity-latest: ## the same with the newest libnl that Debian has, in a chroot (root, debootstrap)
	scripts/parity-latest
docs:     ## write docs/c-to-go.md anew
	go run ./internal/ctogo > docs/c-to-go.md
docker:   ## build Dockerfile.build with buildah, run the images, see a failing test fail the build
	scripts/docker
docker-engine: ## the same with a Docker engine, by both of its builders
	scripts/docker engine
static:   ## build the tour as one static file and run it in an empty root
	scripts/static
cross:    ## build everything for arm64 and s390x, and run what qemu can
	scripts/cross
versions: ## build and test with libnl 3.7.0 and Debian's newest, and with the two newest Go releases
	scripts/versions
lint:     ## golangci-lint, at the version above
	scripts/lint $(GOLANGCI)

.PHONY: help demo test race asan cgocheck parity parity-latest vm-test bench bench-smoke docs docker docker-engine static cross versions lint
