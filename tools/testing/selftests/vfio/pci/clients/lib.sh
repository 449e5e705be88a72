# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the tests of clients share.  They run in the test VM, to which the host's
# root is there at /host, read-only: the programs are the host's.

pci=/sys/bus/pci
host=/host
log=/tmp/log

# --- TAP: "check NAME COMMAND..." is one result ---------------------------------

results=0
failed=0

plan() {
	echo "1..$1"
}

# check NAME COMMAND...: what it says is shown if it fails
check() {
	local name=$1
	shift
	results=$((results + 1))
	if "$@" > $log 2>&1; then
		echo "ok $results $name"
		return 0
	fi
	sed 's/^/# /' $log
	echo "not ok $results $name"
	failed=1
	return 1
}

finish() {
	exit $failed
}

skip() {
	results=$((results + 1))
	echo "ok $results $1 # SKIP $2"
}

bail_out() {
	[ ! -s $log ] || sed 's/^/# /' $log
	echo "Bail out! $*"
	exit 1
}

# refuses WORDS COMMAND...: it fails, and what it says has the words in it
refuses() {
	local words=$1
	shift
	if "$@" > /tmp/said 2>&1; then
		echo "succeeded: $*"
		return 1
	fi
	cat /tmp/said
	grep -qF -- "$words" /tmp/said
}

# same WHAT WANTED: compare two texts
same() {
	[ "$1" = "$2" ] || {
		printf 'is:     %s\nwanted: %s\n' "$1" "$2"
		return 1
	}
}

# wait_for COMMAND...: until it succeeds, or fail
wait_for() {
	local n
	for ((n = 0; n < 1200; n++)); do
		! "$@" || return 0
		sleep 0.1
	done
	echo "in vain waited for: $*"
	return 1
}

# --- the host's programs ----------------------------------------------------------

# What they need of this machine in place of the host's
share_host() {
	local dir
	for dir in proc sys dev; do
		mount --bind /$dir $host/$dir || bail_out "cannot mount $host/$dir"
	done
	mount -t tmpfs none $host/run || bail_out "cannot mount $host/run"
}

on_host() {
	chroot $host "$@"
}

# --- devices ------------------------------------------------------------------------

# address_of NAME: of a device of vm/devices
address_of() {
	awk -v name="$1" '$1 == name { print $2 }' /etc/vm-devices
}

driver_of() {
	local link
	link=$(readlink "$pci/devices/$1/driver") && echo "${link##*/}"
}

# bind ADDRESS DRIVER: take it from the driver that it has; no DRIVER: its own
bind() {
	local device=$pci/devices/$1
	echo "${2-}" > "$device/driver_override" &&
		{ [ ! -e "$device/driver" ] || echo "$1" > "$device/driver/unbind"; } &&
		echo "$1" > $pci/drivers_probe
}
