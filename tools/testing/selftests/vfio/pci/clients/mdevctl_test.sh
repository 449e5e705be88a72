#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# mdevctl on a parent of vfio-mdev-pci: everything that its manual has for a
# device without attributes.

# shellcheck source=/dev/null disable=SC2154 # names of lib.sh
. "$(dirname "$0")/lib.sh"

type=vfio-mdev-pci-device
uuid=9e3a6ab0-3a4b-4f4f-a0c0-6f9a3a1a7f01
other=9e3a6ab0-3a4b-4f4f-a0c0-6f9a3a1a7f02

mdevctl() {
	on_host mdevctl "$@"
}

lists() {
	same "$(mdevctl list)" "$1"
}

lists_defined() {
	same "$(mdevctl list --defined)" "$1"
}

types() {
	same "$(mdevctl types --parent "$1")" "$1
  $type
    Available instances: $2
    Device API: vfio-pci
    Name: Whole PCI device
    Description: PCI device ${3/:/:}, at $1"
}

# A group of its own, and its number
has_group() {
	local mdev=/sys/bus/mdev/devices/$uuid
	same "$(readlink -f $mdev/iommu_group)" \
		"$(readlink -f "$pci/devices/$edu/iommu_group")" &&
		test -c "/dev/vfio/$(basename "$(readlink $mdev/iommu_group)")"
}

# What udev calls when a parent appears
starts_with_parent() {
	mdevctl start-parent-mdevs "$edu" &&
		lists "$uuid $edu $type auto (defined)" && mdevctl stop --uuid $uuid
}

share_host
# Not the definitions of the host
if ! mount -t tmpfs none $host/etc/mdevctl.d 2> $log; then
	bail_out "no /etc/mdevctl.d on the host: is mdevctl installed?"
fi
mkdir -p $host/etc/mdevctl.d/scripts.d/{callouts,notifiers}
modprobe vfio-mdev-pci || bail_out "vfio-mdev-pci does not load"
edu=$(address_of edu)
ivshmem=$(address_of ivshmem)

plan 24

check "no parent: no types" same "$(mdevctl types)" ""
check "a device becomes a parent" bind "$edu" vfio-mdev-pci || bail_out "no parent"
check "types: the device, one instance" types "$edu" 1 "1234:11e8, class 00ff00"
bind "$ivshmem" vfio-mdev-pci
check "types: a parent for each device" \
	same "$(mdevctl types | grep -c "^  $type")" 2

check "define" mdevctl define --uuid $uuid --parent "$edu" --type $type
check "define: again is refused" refuses "already defined" \
	mdevctl define --uuid $uuid --parent "$edu" --type $type
check "defined is listed, not started" lists_defined "$uuid $edu $type manual"
check "list: nothing is started" lists ""

check "start" mdevctl start --uuid $uuid
check "list: it is started" lists "$uuid $edu $type manual (defined)"
check "it has the device's group" has_group
check "types: no instance is left" types "$edu" 0 "1234:11e8, class 00ff00"
check "start: again is refused" refuses "already exists" mdevctl start --uuid $uuid
check "start: a second one is refused" refuses "No available instances" \
	mdevctl start --uuid $other --parent "$edu" --type $type
check "start: another parent has one" \
	mdevctl start --uuid $other --parent "$ivshmem" --type $type
check "stop: the other" mdevctl stop --uuid $other

check "stop" mdevctl stop --uuid $uuid
check "list: it is stopped" lists ""
check "stop: again is refused" refuses "No such file" mdevctl stop --uuid $uuid
check "types: the instance is back" types "$edu" 1 "1234:11e8, class 00ff00"

check "modify: to be started with its parent" mdevctl modify --uuid $uuid --auto
check "it starts with its parent" starts_with_parent
check "undefine" mdevctl undefine --uuid $uuid
check "nothing is defined" lists_defined ""

finish
