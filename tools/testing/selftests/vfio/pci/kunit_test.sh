#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The library's KUnit tests as TAP, one result for each case and parameter.
#
# Loading the module runs them.  What they say is in the kernel's log, which is
# there whether or not the kernel has KUnit's files in debugfs.

module=vfio_pci_common_kunit

skip() {
	echo "TAP version 13"
	echo "1..0 # SKIP $*"
	exit 4
}

fail() {
	echo "TAP version 13"
	echo "not ok 1 $*"
	echo "1..1"
	exit 1
}

# Results of nested tests become those of "suite.case" and "suite.case.param".
# A test that says what it has to come with has to keep to it.
flatten() {
	awk '
	function result(ok, name) {
		n++
		bad += !ok
		print (ok ? "ok " : "not ok ") n " " name
	}
	# Leaf names of a case with parameters come before the name of the case
	function keep(ok, name, skipped) {
		held++
		held_ok[held] = ok
		held_name[held] = name (skipped ? " # SKIP " skipped : "")
	}
	function flush(suite, name,   i) {
		for (i = 1; i <= held; i++)
			result(held_ok[i], suite "." name "." held_name[i])
		held = 0
	}
	{ sub(/^<[0-9]+>/, ""); sub(/^\[[ 0-9.]*\] /, "") }
	/^1\.\./ { suites = substr($0, 4) + 0; next }
	/^    1\.\./ { cases = substr($0, 8) + 0; seen = 0; next }
	/^    # Subtest: / { suite = $3; next }
	/^ *(not )?ok [0-9]+ / {
		match($0, /^ */)
		depth = RLENGTH / 4
		line = substr($0, RLENGTH + 1)
		ok = line !~ /^not/
		sub(/^(not )?ok [0-9]+ (- )?/, "", line)
		skipped = ""
		if (match(line, / # SKIP/)) {
			skipped = substr(line, RSTART + 8)
			line = substr(line, 1, RSTART - 1)
			sub(/^ /, "", skipped)
			if (skipped == "")
				skipped = "by the test"
		}
		if (depth == 2)
			keep(ok, line, skipped)
		else if (depth == 1) {
			seen++
			failed = failed || !ok
			if (held) {
				# What fails outside of a parameter
				for (i = 1; i <= held; i++)
					ok = ok || !held_ok[i]
				flush(suite, line)
				if (!ok)
					result(0, suite "." line)
			} else
				result(ok, suite "." line \
				       (skipped ? " # SKIP " skipped : ""))
		} else {
			done++
			# Its result is that of its cases
			if (seen != cases)
				result(0, line " ended after " seen " of " \
				       cases " cases")
			else if (!ok && !failed)
				result(0, line " failed, but no case of it")
			failed = 0
			seen = cases = 0
		}
		next
	}
	# Why something failed
	{ sub(/^ *(# )?/, ""); print "# " $0 }
	END {
		if (!suites || done != suites)
			result(0, done + 0 " of " suites + 0 " suites ended")
		print "1.." n
		exit bad > 0
	}'
}

[ -e /sys/module/kunit ] || modprobe kunit 2> /dev/null ||
	skip "this kernel has no KUnit, see CONFIG_KUNIT"
modinfo $module > /dev/null 2>&1 ||
	skip "there is no $module, see CONFIG_VFIO_PCI_COMMON_KUNIT_TEST"
[ ! -e /sys/module/$module ] ||
	fail "$module is loaded already: rmmod it and try again"

mark="kunit_test.sh $$ $(cut -d' ' -f1 /proc/uptime)"
echo "$mark" > /dev/kmsg || fail "cannot write to /dev/kmsg, be root"
out=$(modprobe $module 2>&1) || fail "cannot load $module: $out"
rmmod $module || fail "cannot unload $module"

dmesg > /tmp/kunit.log
grep -q "$mark" /tmp/kunit.log ||
	fail "the kernel's log has no room for all of it: boot with log_buf_len=4M"

echo "TAP version 13"
sed "1,/$mark/d" /tmp/kunit.log | flatten
