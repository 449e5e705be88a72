#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# qemu_test.sh DIR: QEMU with an NVMe controller that is an mdev of vfio-mdev-pci
# and a second one on vfio-pci.  The guest, which "guest" left in DIR of the host,
# finds both, drives them with its own driver and shares their disks with us.

# shellcheck source=/dev/null disable=SC2154 # names of lib.sh
. "$(dirname "$0")/lib.sh"

dir=$host$1
uuid=9e3a6ab0-3a4b-4f4f-a0c0-6f9a3a1a7f01
mdev=/sys/bus/mdev/devices/$uuid
bytes=262144
limit=300

# --- QEMU -----------------------------------------------------------------------

# Files that QEMU sees without $host
tty=/run/tty
qmp=/run/qmp

start_qemu() {
	local args
	read -r args < "$dir/machine"
	mkfifo $host$tty.{in,out} $host$qmp.{in,out}
	# shellcheck disable=SC2086 # words
	on_host qemu-system-x86_64 $args -serial pipe:$tty -qmp pipe:$qmp \
		-incoming "exec:cat ${dir#"$host"}/state" "$@" \
		< /dev/null > /tmp/qemu.log 2>&1 & qemu=$!
	exec 3<> $host$qmp.in 4<> $host$qmp.out 5<> $host$tty.in 6<> $host$tty.out
	command '{"execute": "qmp_capabilities"}'
}

# next DESCRIPTOR: the next line, as $line, unless QEMU ends before
next() {
	local n
	for ((n = 0; n < limit; n++)); do
		read -r -t 1 line <&"$1" && return 0
		kill -0 $qemu 2> /dev/null || break
	done
	echo "no more from QEMU, it said:"
	cat /tmp/qemu.log
	return 1
}

# command JSON: to QEMU; its answer is shown
command() {
	echo "$1" >&3
	while next 4; do
		echo "$line"
		case $line in
		*'"return"'*) return 0 ;;
		*'"error"'*) return 1 ;;
		esac
	done
	return 1
}

# add ID PROPERTY VALUE: a device of the host
add() {
	command '{"execute": "device_add", "arguments":
		{"driver": "vfio-pci", "id": "'"$1"'", "'"$2"'": "'"$3"'"}}'
}

# QEMU has let go of a device
wait_deleted() {
	until [[ $line == *DEVICE_DELETED*'"device": "'"$1"'"'* ]]; do
		next 4 || return
		echo "$line"
	done
}

# A QEMU of its own, that ends at once if all is well
other_qemu() {
	echo quit | on_host qemu-system-x86_64 -nodefaults -no-user-config -S -m 16 \
		-display none -monitor stdio -device vfio-pci,"$1"
}

# --- its guest ----------------------------------------------------------------------

# in_guest COMMAND: run it there; output and exit code are its own.  Blanks come
# first, because the port of a guest that was just restored loses what does.
in_guest() {
	printf '        %s\n' "${1//$'\n'/ }" >&5
	while next 6; do
		line=${line%$'\r'}
		case $line in
		'= '*) return "${line#= }" ;;
		esac
		echo "$line"
	done
	return 1
}

# Disks have their label in the first bytes, there and here.
# shellcheck disable=SC2016 # for the guest's shell
disk='disk() { for d in /dev/nvme*n1; do
	[ "$(head -c ${#1} $d 2> /dev/null)" != "$1" ] || { echo $d; return 0; }; done; return 1; }'
eval "$disk"

finds() {
	# shellcheck disable=SC2016 # for the guest's shell
	in_guest 'n=0; until disk '"$1"'; do n=$((n + 1)); [ $n -lt 60 ] || break;
		sleep 1; done; [ $n -lt 60 ]' && return
	in_guest 'dmesg | tail -n 20'
	return 1
}

# reads LABEL MD5
reads() {
	same "$(in_guest "head -c $bytes \$(disk $1) | md5sum")" "$2"
}

# What the guest's disk with this label is to have behind what we wrote
pattern() {
	yes "$1 written by the guest" | head -c $bytes
}

# writes LABEL...: all at once
writes() {
	local label
	for label; do
		in_guest "(yes '$label written by the guest' | head -c $bytes | \
			dd of=\$(disk $label) bs=64k seek=$((bytes / 65536)) \
			iflag=fullblock conv=fsync; echo \$? > /$label) &" || return
	done
	for label; do
		in_guest "wait; [ \$(cat /$label) = 0 ]" || return
	done
}

written() {
	local device
	device=$(disk "$1") || return
	dd if="$device" bs=64k skip=$((bytes / 65536)) count=$((bytes / 65536)) \
		iflag=fullblock 2> /dev/null | cmp - <(pattern "$1")
}

# interrupts N: so many vectors of the guest's driver have fired, all MSI-X
interrupts() {
	local lines
	lines=$(in_guest 'grep nvme /proc/interrupts')
	echo "$lines"
	awk -v wanted="$1" '/MSIX/ && $2 > 0 { n++ } END { exit n + 0 < wanted }' <<< "$lines"
}

host_interrupts() {
	grep vfio-msix /proc/interrupts
	awk -v name="($1)" 'index($0, name) && $2 > 0 { n++ } END { exit !n }' /proc/interrupts
}

# --- the host's side ------------------------------------------------------------------

# label ADDRESS LABEL: onto the disk behind a controller, then random bytes
label() {
	local device=/sys/bus/pci/devices/$1
	wait_for test -e "$device"/nvme/nvme*/nvme*n1 || return
	device=$(echo "$device"/nvme/nvme*/nvme*n1)
	{ echo "$2" && head -c $bytes /dev/urandom; } | head -c $bytes > "/tmp/$2" &&
		dd if="/tmp/$2" of="/dev/${device##*/}" bs=64k conv=fsync
}

sum() {
	md5sum < "/tmp/$1"
}

make_mdev() {
	local types=$pci/devices/$nvme/mdev_supported_types
	bind "$nvme" vfio-mdev-pci &&
		echo $uuid > "$types/vfio-mdev-pci-device/create" &&
		same "$(driver_of "$nvme")" vfio-mdev-pci
}

# The mdev is taken away from under QEMU, which gets its guest to let go.
remove_mdev() {
	echo 1 > $mdev/remove & removal=$!
	wait_deleted nvme && wait $removal && test ! -e $mdev
}

unplug() {
	command '{"execute": "device_del", "arguments": {"id": "sriov"}}' &&
		wait_deleted sriov
}

lost() {
	in_guest "! disk $1"
}

give_back() {
	bind "$1" "" && same "$(driver_of "$1")" nvme && wait_for disk "$2" && written "$2"
}

share_host
modprobe nvme_core multipath=0 && modprobe nvme && modprobe vfio_iommu_type1 &&
	modprobe vfio-pci && modprobe vfio-mdev-pci || bail_out "modules do not load"
nvme=$(address_of nvme)
sriov=$(address_of sriov)
[ -r "$dir/state" ] || bail_out "no guest in ${1-}: run clients/guest there"
label "$nvme" mdevdisk > $log 2>&1 || bail_out "no disk behind $nvme"
label "$sriov" pcidisk > $log 2>&1 || bail_out "no disk behind $sriov"

plan 19

check "an NVMe controller becomes an mdev" make_mdev || bail_out "no mdev"
check "another one goes to vfio-pci" bind "$sriov" vfio-pci

check "QEMU starts with the mdev" \
	start_qemu -device vfio-pci,sysfsdev=$mdev,id=nvme || bail_out "no QEMU"
check "its guest goes on" in_guest "$disk; ! disk none" || bail_out "the guest does not run"
check "a second QEMU is refused" refuses "busy" other_qemu sysfsdev=$mdev
check "so is the parent's own address" refuses "No such device" add parent host "$nvme"

in_guest 'echo 1 > /sys/bus/pci/rescan'
check "the guest's kernel finds it and its disk" finds mdevdisk ||
	bail_out "without a disk there is no more to see"
check "it reads what we wrote" reads mdevdisk "$(sum mdevdisk)"
check "hot plug of the device on vfio-pci" add sriov host "$sriov"
check "the guest's kernel finds that, too" finds pcidisk
check "it reads what we wrote there" reads pcidisk "$(sum pcidisk)"
check "it writes to both at once" writes mdevdisk pcidisk
check "interrupts reach the guest" interrupts 4
check "by way of vfio" host_interrupts "$nvme"

check "removing the mdev makes QEMU unplug it" remove_mdev
check "the guest goes on without it" lost mdevdisk
check "hot unplug of the device on vfio-pci" unplug
command '{"execute": "quit"}' > /dev/null
wait $qemu

check "the disk of the mdev has what the guest wrote" give_back "$nvme" mdevdisk
check "so has the other" give_back "$sriov" pcidisk

finish
