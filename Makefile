# SPDX-License-Identifier: GPL-2.0-only
#
# What a person types.  The modules themselves are described by Kbuild files,
# which kbuild reads first: it does not get here.

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -ec
.DEFAULT_GOAL := all
MAKEFLAGS += --no-print-directory

# The build tree: the newest 6.12 headers that are installed
USER_KDIR := $(KDIR)
KDIR ?= $(shell ls -d /usr/src/linux-headers-6.12*-amd64 2>/dev/null | \
	  grep -vE -- '-(rt|cloud)-amd64' | sort -V | tail -n 1)
KREL = $(shell cat $(or $(KDIR),/nowhere)/include/config/kernel.release)

# More options for every VM, e.g. VMFLAGS="-k IMAGE -d MODDIR"
VMFLAGS ?=
# How tests reach devices in "make check", see lib/mode.h.  The distribution's
# kernel has no iommufd, so what needs it is not for it.
MODES ?= group mdev
# VMs at a time in "make check": most tests wait for most of their time
JOBS ?= $(shell echo $$((2 * $$(nproc))))
# Kernel sources that the project is laid over and built in: tests run on these
# kernels as well, with all checkers on
KERNELS ?= 6.12 7.3
# How they do in "make check": each test once on each, between them in each of the ways
CHECK_DEBUG_MODES ?= group/mdev@6.12-debug cdev/mdev-cdev/compat/group@7.3-debug
# What "make check_debug" runs, and how; with no tests named, all
DEBUG_TESTS ?=
DEBUG_MODES ?= group compat cdev mdev mdev-cdev
# Rows of kernel/cross-test that "make cross" compiles for
ARCHS ?= arm64 i386 i386-pae powerpc64le s390x
# CPUs of the VMs of the tests in RACES, in which processes race for a device
RACES := race_test
RACE_CPUS ?= 2
KCSAN_CONFIG = $(addprefix -c $(TESTS)/kernel/,plain.config kcsan.config)
race_cpus = $(foreach r,$(RACES),$(RACE_CPUS:%=-C %:$(r)))
# Calls of "make compare" to all devices together, and which they are: a number, or
# none for others each time
COMPARE_CALLS ?= 50000
# Those of "make compare_accesses"
COMPARE_TRACED ?= 5000
SEED ?=
# Inputs of "make fuzz", alone and in "make check", and how it reaches devices; SEED
# says which inputs
FUZZ_RUNS ?= 2000
CHECK_FUZZ_RUNS ?= 500
FUZZ_MODE ?= group
# The kernel with checkers that "make fuzz" and "make coverage" run on, and the tests
# for the latter: with none named, all
COVERAGE_KERNEL ?= 7.3
COVERAGE_TESTS ?=
COVERAGE_MODES ?= group/mdev cdev/mdev-cdev
# What installs missing packages; DEPS=: does not look
DEPS ?= KDIR='$(USER_KDIR)' scripts/deps
# The kernel's source, or the few files of it that are needed
SOURCE ?= $$(scripts/deps source)

OUT := $(CURDIR)/build
TESTS := tools/testing/selftests/vfio/pci
VM := $(TESTS)/vm
CONFIG = CONFIG_VFIO_PCI_COMMON=m CONFIG_VFIO_PCI=m CONFIG_SAMPLE_VFIO_MDEV_PCI=m $(KUNIT)
# Distributions' kernels have no KUnit
KUNIT = $(if $(shell grep -s '^CONFIG_KUNIT=[ym]' $(or $(KDIR),/nowhere)/include/config/auto.conf),CONFIG_VFIO_PCI_COMMON_KUNIT_TEST=m)
MODLIB = $(INSTALL_MOD_PATH)/lib/modules/$(KREL)
UPDATES := updates/vfio-pci
# Distributions keep their key: do not try to sign.
NO_KEY = $(if $(wildcard $(KDIR)/certs/signing_key.pem),,CONFIG_MODULE_SIG_ALL=)

# Directories of modules that only tests need
TEST_MODULES := $(patsubst %/Kbuild,%,$(wildcard $(TESTS)/*/Kbuild))

# $(call kbuild,/directory,arguments): a warning is an error.  As a second build
# would not say again what the first one said, nothing is left of such a build.
define kbuild
@scripts/kbuild-ready '$(KDIR)' '$(CURDIR)$(1)'
@mkdir -p $(OUT)
+@$(MAKE) -C $(KDIR) M=$(CURDIR)$(1) W=1e $(CONFIG) $(2) 2>&1 | tee $(OUT)/kbuild$(subst /,-,$(1)).log
@if grep -E '(warning|WARNING):' $(OUT)/kbuild$(subst /,-,$(1)).log | grep -v 'the compiler differs'; then \
	echo 'The build must not warn, see above' >&2; \
	$(MAKE) -s -C $(KDIR) M=$(CURDIR)$(1) $(CONFIG) clean; exit 1; fi
endef

vm_modules = $(addprefix -M ,$(shell find drivers samples $(TEST_MODULES) -name '*.ko' 2>/dev/null))
# $(call test_list,variable): tests, as their Makefile names them
test_list = $(shell $(MAKE) -s -C $(TESTS) --eval='list: ; @echo $$(notdir $$($(1)))' \
	      OUTPUT=$(OUT)/selftests KSELFTEST_DIR=/nowhere MAKECMDGOALS=clean list 2>/dev/null)

all: modules ## The modules (the same as "make modules")

help: ## This list
	@echo 'Targets:'
	@sed -n 's/^\([a-z_]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 22
	@echo
	@echo 'Variables: KDIR (kernel build tree), KSRC (kernel source tree), INSTALL_MOD_PATH (root of another system),'
	@echo 'VMFLAGS (options of $(VM)/run),'
	@echo 'JOBS (VMs at a time), MODES (of tests, see lib/mode.h), CHECK_FLAGS (of $(VM)/check),'
	@echo 'COMPARE_CALLS (of "make compare"), COMPARE_TRACED (of "make compare_accesses"),'
	@echo 'FUZZ_RUNS, FUZZ_MODE (of "make fuzz"), CHECK_FUZZ_RUNS (of it in "make check"), SEED (of all of these),'
	@echo 'COVERAGE_KERNEL, COVERAGE_TESTS, COVERAGE_MODES (of "make coverage"),'
	@echo 'RACE_CPUS (of VMs in which processes race),'
	@echo 'KERNELS (with checkers), DEBUG_TESTS, DEBUG_MODES (in "make check_debug"),'
	@echo 'CHECK_DEBUG_MODES (in "make check"),'
	@echo 'ARCHS (of "make cross"),'
	@echo 'SOURCE (kernel source, for checkpatch.pl and kselftest_harness.h),'
	@echo 'DEPS=: (do not look for missing packages), V=1 (all output)'

modules: ## Build the modules against KDIR, default: the newest 6.12 headers
	@$(DEPS) build
	$(call kbuild,,modules)

may_install:
	@if [ "$$(id -u)" != 0 ] && [ -z '$(INSTALL_MOD_PATH)' ]; then \
		echo 'This needs root: sudo make $(MAKECMDGOALS)' >&2; exit 1; fi

modules_install: may_install modules ## Install them where modprobe prefers them to the kernel's own
	@rm -rf '$(MODLIB)/$(UPDATES)'
	+@$(MAKE) -C $(KDIR) M=$(CURDIR) $(CONFIG) INSTALL_MOD_PATH='$(INSTALL_MOD_PATH)' \
		INSTALL_MOD_DIR=$(UPDATES) $(NO_KEY) modules_install 2>&1 | \
		{ grep -vE 'System.map|^  DEPMOD' || [ $$? = 1 ]; }
	@scripts/modules-installed yes $(KREL) '$(INSTALL_MOD_PATH)' $(UPDATES)

modules_uninstall: may_install ## Remove them again
	@test -n '$(KREL)'
	@rm -rf '$(MODLIB)/$(UPDATES)'
	@rmdir --ignore-fail-on-non-empty '$(MODLIB)/updates' 2>/dev/null || [ ! -d '$(MODLIB)/updates' ]
	@scripts/modules-installed no $(KREL) '$(INSTALL_MOD_PATH)' $(UPDATES)

# One of the modules that only tests need is a driver on the library.
selftests: modules ## Build the tests and the demo program, into build/selftests
	@$(DEPS) build
	@mkdir -p $(OUT)/selftests
	+@source=$(SOURCE) && $(MAKE) $(if $(V),,-s) -C $(TESTS) OUTPUT=$(OUT)/selftests \
		KSELFTEST_DIR="$$source/tools/testing/selftests"
	@$(MAKE) $(OUT)/selftests/vfio-demo $(TEST_MODULES:%=test-module-%)

$(OUT)/selftests/vfio-demo: $(wildcard $(TESTS)/demo/*.c $(TESTS)/lib/*.h)
	@mkdir -p $(@D)
	$(if $(V),,@)$(CC) -std=gnu11 -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -static -o $@ $(filter %.c,$^)

# Their names have slashes, which a plain pattern would not match.
$(TEST_MODULES:%=test-module-%): test-module-%:
	$(call kbuild,/$*,KBUILD_EXTRA_SYMBOLS=$(wildcard $(CURDIR)/Module.symvers) modules)

demo: modules selftests ## Boot a VM and show vfio-pci at work on its devices
	@$(DEPS) run
	@$(VM)/run $(VMFLAGS) $(vm_modules) -f $(TESTS)/demo/demo.sh \
		-f $(OUT)/selftests/vfio-demo -- sh /tests/demo.sh

# Tests in clients/
mdevctl: ## Test mdevctl on the sample, in that VM
qemu: ## Test QEMU with a guest on the sample and on vfio-pci, in that VM
mdevctl qemu: modules
	@$(DEPS) build run clients
	@$(TESTS)/clients/run $@ $(OUT)/clients $(VMFLAGS) $(vm_modules)

shell: modules selftests ## A shell in that VM, the tests are in /tests
	@$(DEPS) run
	@$(VM)/run $(VMFLAGS) $(vm_modules) -f $(OUT)/selftests:/tests -f $(TESTS)/demo/demo.sh -i

BENCH = $(TESTS)/bench/run -d $(OUT)/bench -o Documentation/driver-api/vfio-pci-bench.txt
BENCH_MODULES := drivers/vfio/pci/common/vfio-pci-common.ko drivers/vfio/pci/vfio-pci.ko

bench: modules ## Instructions and device accesses, beside the kernel's own vfio-pci
	@$(DEPS) build run
	@$(BENCH) $(BENCH_MODULES)

bench_scale: modules ## The same of many devices and many vectors
	@$(DEPS) build run
	@$(BENCH) -s $(BENCH_MODULES)

bench_profile: modules ## Where the instructions go: ROWS="0 5", by number in the table
	@$(DEPS) build run
	@$(BENCH) -p '$(ROWS)' $(BENCH_MODULES)

COMPARE = $(TESTS)/compare/run -d $(OUT)/compare $(if $(SEED),-s $(SEED))

compare: modules ## The same calls to the kernel's own vfio-pci and to this one (COMPARE_CALLS, SEED)
	@$(DEPS) build run
	@$(COMPARE) -n $(COMPARE_CALLS) -t $$((300 + $(COMPARE_CALLS) / 100)) $(BENCH_MODULES)

compare_accesses: modules ## The same, to see which accesses the devices get by it (COMPARE_TRACED, SEED)
	@$(DEPS) build run
	@$(COMPARE) -T -n $(COMPARE_TRACED) -t $$((300 + $(COMPARE_TRACED) / 30)) $(BENCH_MODULES)

# It ends with a report of any checker.
FUZZ = $(TESTS)/fuzz/run -d $(OUT)/fuzz -n $(FUZZ_RUNS) $(if $(SEED),-s $(SEED)) -m $(FUZZ_MODE) \
	-t $$((300 + $(FUZZ_RUNS) / 5))

fuzz: ## Random calls to vfio-pci; those that reach new code are kept (FUZZ_RUNS, SEED, FUZZ_MODE)
	@$(DEPS) build run kernel
	@options=$$(scripts/debug-kernel $(COVERAGE_KERNEL)) || { [ $$? = 4 ] && \
		echo '1..0 # SKIP the source of this kernel is not to be had' && exit; }; \
	$(FUZZ) -- $$options

fuzz_corpus: ## Put what the last one found into the corpus, as few and short inputs as will do
	@$(TESTS)/fuzz/run -d $(OUT)/fuzz -M -t 1800 -- $$(scripts/debug-kernel $(COVERAGE_KERNEL))
	@rm -f $(TESTS)/fuzz/corpus/*
	@cp $(OUT)/fuzz/corpus/* $(TESTS)/fuzz/corpus

coverage: selftests ## Lines of our files that tests and fuzzer reach together (COVERAGE_TESTS, COVERAGE_MODES)
	@$(DEPS) build run kernel
	@failed=; options=$$(scripts/debug-kernel $(COVERAGE_KERNEL)); \
	$(VM)/check -g -j $(JOBS) -n 8 -o $(OUT)/coverage $(CHECK_FLAGS) \
		-k 'coverage:scripts/debug-kernel $(COVERAGE_KERNEL)' -K coverage -S 6@coverage \
		$(addprefix -m ,$(COVERAGE_MODES)) -a '$(VMFLAGS)' \
		$(if $(COVERAGE_TESTS),$(addprefix $(OUT)/selftests/,$(filter-out %.sh,$(COVERAGE_TESTS))) \
			$(addprefix $(TESTS)/,$(filter %.sh,$(COVERAGE_TESTS))),-p '$(MAKE) test_programs') || failed=1; \
	$(FUZZ) -g $(OUT)/coverage/fuzz.gcov -- $$options || failed=1; \
	$(TESTS)/coverage/report -o $(OUT)/coverage/missed $(OUT)/debug-$(COVERAGE_KERNEL)/gcno \
		$(OUT)/coverage/*.gcov || failed=1; \
	echo 'Lines that were not reached are in $(OUT)/coverage/missed'; \
	[ ! "$$failed" ]

debug_kernels: ## The kernels with all checkers on (KERNELS="6.12 7.3")
	@$(DEPS) build kernel
	@for v in $(KERNELS); do scripts/debug-kernel $$v || exit; done

# Emulated and with checkers on, they take a test several times as long.
on_debug_kernels = -c 'checkers@$(lastword $(KERNELS))-debug:$(TESTS)/kernel/checkers $(KERNELS)' \
	$(foreach v,$(KERNELS),-k '$(v)-debug:scripts/debug-kernel $(v)' -S 6@$(v)-debug)

check: ## All tests in VMs, style, sparse; ends with "N passed, N failed, N skipped"
	@$(DEPS) build run clients check kernel
	@$(VM)/check -j $(JOBS) -n 6 -o $(OUT)/check $(CHECK_FLAGS) \
		-b 'modules:$(MAKE) modules' -b 'selftests:$(MAKE) selftests' \
		-c 'style:$(MAKE) style' -c 'htmldocs:$(MAKE) htmldocs' -c 'sparse:$(MAKE) sparse' \
		-c 'overlay:$(MAKE) overlay_test' -c 'coccicheck:$(MAKE) coccicheck' \
		-c 'clang:$(MAKE) clang KERNELS=$(lastword $(KERNELS))' \
		-c 'cross:$(MAKE) cross KERNELS=$(lastword $(KERNELS))' \
		-c 'vm:$(VM)/test' -c 'demo:$(MAKE) demo' \
		-c 'mdevctl:$(MAKE) mdevctl' -c 'qemu:$(MAKE) qemu' \
		-c 'compare:$(MAKE) compare SEED=$(or $(SEED),1)' \
		-c 'accesses:$(MAKE) compare_accesses SEED=$(or $(SEED),1)' \
		-c 'fuzz@$(COVERAGE_KERNEL)-debug:$(MAKE) fuzz SEED=$(or $(SEED),1) FUZZ_RUNS=$(CHECK_FUZZ_RUNS)' \
		$(patsubst %,-m %@default,$(MODES)) \
		$(on_debug_kernels) $(addprefix -m ,$(CHECK_DEBUG_MODES)) $(race_cpus) \
		-p '$(MAKE) test_programs' -a '$(VMFLAGS)'

check_debug: selftests ## Tests on kernels with all checkers on: DEBUG_TESTS in DEBUG_MODES on KERNELS
	@$(DEPS) build run kernel
	@$(VM)/check -j $(JOBS) -o $(OUT)/check-debug $(CHECK_FLAGS) \
		$(DEBUG_COMMANDS) $(on_debug_kernels) $(patsubst %,-K %-debug,$(KERNELS)) \
		$(addprefix -m ,$(DEBUG_MODES)) $(race_cpus) -a '$(VMFLAGS)' \
		$(if $(DEBUG_TESTS),$(addprefix $(OUT)/selftests/,$(filter-out %.sh,$(DEBUG_TESTS))) \
			$(addprefix $(TESTS)/,$(filter %.sh,$(DEBUG_TESTS))),-p '$(MAKE) test_programs')

check_kcsan: selftests ## The tests that race on a kernel that looks for data races
	@$(DEPS) build run kernel
	@$(VM)/check -j $(JOBS) -o $(OUT)/check-kcsan $(CHECK_FLAGS) -S 10@kcsan \
		-k 'kcsan:scripts/debug-kernel -n kcsan $(KCSAN_CONFIG) 6.12' -K kcsan \
		$(race_cpus) -m group -a '$(VMFLAGS)' $(addprefix $(OUT)/selftests/,$(RACES))

# By groups and by cdevs on both kernels with checkers, in each other way on one of them
LONG_DEBUG_MODES = group cdev mdev@6.12-debug compat@7.3-debug mdev-cdev@7.3-debug

check_long: ## No loop cut short, all tests in all modes, all of what may be built
	@$(MAKE) check CHECK_FLAGS='-K default -l -t 3600 $(CHECK_FLAGS)' COMPARE_CALLS=1000000 \
		COMPARE_TRACED=30000 CHECK_FUZZ_RUNS=5000 SEED=$$RANDOM RACE_CPUS='2 4'
	@$(MAKE) fuzz FUZZ_MODE=cdev FUZZ_RUNS=5000
	@$(MAKE) check_debug CHECK_FLAGS='-l -t 3600 $(CHECK_FLAGS)' RACE_CPUS='2 4' \
		DEBUG_MODES='$(LONG_DEBUG_MODES)' \
		DEBUG_COMMANDS="-c 'kconfig:$(MAKE) kconfig_test' -c 'clang:$(MAKE) clang' \
			-c 'cross:$(MAKE) cross'"
	@$(MAKE) check_kcsan CHECK_FLAGS='-l -t 3600 $(CHECK_FLAGS)' RACE_CPUS='2 4'

check-long: check_long

# For the above: "-M module" for VMs, then the programs
test_programs:
	@echo $(vm_modules)
	@printf '%s\n' $(addprefix $(OUT)/selftests/,$(call test_list,TEST_GEN_PROGS)) \
		$(addprefix $(TESTS)/,$(call test_list,TEST_PROGS))

overlay: ## Lay this project over a kernel source tree, KSRC=<directory>
	@scripts/overlay '$(KSRC)'

patches: ## The same as patches for "git am", in OUTDIR=build/patches
	@scripts/overlay -p '$(or $(OUTDIR),$(OUT)/patches)' '$(KSRC)'

overlay_test: # See whether the above does what it says
	@$(DEPS) kernel check
	@$(TESTS)/kernel/overlay-test $(KERNELS)

kconfig_test: selftests ## Build and boot kernels with each combination of the drivers, KERNELS="6.12 7.3"
	@$(DEPS) build run kernel
	@$(TESTS)/kernel/kconfig-test $(KERNELS)

style: ## checkpatch --strict, kernel-doc and shellcheck; silent when all is well
	@$(DEPS) check
	@source=$(SOURCE) && scripts/style "$$source/scripts"

htmldocs: ## Documentation as HTML, in build/htmldocs; a warning is an error
	@$(DEPS) check
	@source=$(SOURCE) && scripts/htmldocs "$$source" $(OUT)/htmldocs

sparse: ## Check the modules with sparse; silent when all is well
	@$(DEPS) build check
	@mkdir -p $(OUT)
	+@for d in '' $(TEST_MODULES:%=/%); do \
		scripts/kbuild-ready '$(KDIR)' "$(CURDIR)$$d"; \
		$(MAKE) -C $(KDIR) M="$(CURDIR)$$d" W=1e C=2 CF=-D__CHECK_ENDIAN__ \
			$(CONFIG) $${d:+KBUILD_EXTRA_SYMBOLS=$(CURDIR)/Module.symvers} modules \
			> $(OUT)/sparse.log 2>&1 || { cat $(OUT)/sparse.log >&2; exit 1; }; \
		scripts/sparse-log $(OUT)/sparse.log "$(CURDIR)$$d"; done

# Where a compiler is not to be had, the result says so.
clang: ## Compile ours with clang, in the source of KERNELS
	@$(DEPS) kernel
	@$(DEPS) clang || :
	@$(TESTS)/kernel/cross-test clang $(KERNELS)

cross: ## Compile ours for ARCHS, in the source of KERNELS
	@$(DEPS) kernel
	@$(DEPS) cross || :
	@$(TESTS)/kernel/cross-test '$(ARCHS)' $(KERNELS)

# A newer kernel has what an older one looks for, and more.
coccicheck: ## Check ours with Coccinelle and what the last of KERNELS looks for
	@$(DEPS) cocci || :
	@$(TESTS)/kernel/coccicheck $(lastword $(KERNELS))

clean: ## Remove what was built
	@rm -rf $(OUT)
	@for d in '' $(TEST_MODULES:%=/%); do \
		if [ -f '$(KDIR)/Makefile' ]; then $(MAKE) -s -C $(KDIR) M=$(CURDIR)$$d clean; fi; done

.PHONY: all help modules modules_install modules_uninstall selftests demo mdevctl qemu shell
.PHONY: compare compare_accesses coverage fuzz fuzz_corpus debug_kernels kconfig_test check_debug check_kcsan check_long check-long overlay patches overlay_test bench bench_scale bench_profile may_install check test_programs style htmldocs sparse clang cross coccicheck clean $(TEST_MODULES:%=test-module-%)
.DELETE_ON_ERROR:
