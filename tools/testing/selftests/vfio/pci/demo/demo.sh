#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The whole way of two PCI devices to user space and back: load vfio-pci, take
# one device from its driver by name and another by id, drive both with
# vfio-demo, give the first one back to its driver. Runs inside the VM, as root;
# one line for each step, ends with 1 at the first one that fails.

pci=/sys/bus/pci
drivers=$pci/drivers
dir=$(dirname "$0")

seen()
{
	printf '[ ok ] %-20s %s\n' "$1" "$2"
}

failed()
{
	printf '[FAIL] %-20s %s\n' "$1" "$2"
	exit 1
}

# The address of the first device with this vendor and device id.
find_device()
{
	for device in "$pci"/devices/*; do
		if [ "$(cat "$device/vendor")" = "0x$1" ] &&
		   [ "$(cat "$device/device")" = "0x$2" ]; then
			basename "$device"
			return 0
		fi
	done
	return 1
}

driver_of()
{
	if [ -e "$pci/devices/$1/driver" ]; then
		basename "$(readlink "$pci/devices/$1/driver")"
	else
		echo none
	fi
}

netdev_of()
{
	ls "$pci/devices/$1/net" 2>/dev/null
}

# Waits up to ten seconds until the command prints what is wanted.
wait_until()
{
	wanted=$1
	shift
	tries=0
	while [ "$("$@")" != "$wanted" ]; do
		tries=$((tries + 1))
		[ "$tries" -le 100 ] || return 1
		sleep 0.1
	done
}

has_netdev()
{
	[ -n "$(netdev_of "$1")" ] && echo yes
}

# By path: a busybox shell would take its own modprobe and modinfo.
load()
{
	/sbin/modprobe vfio_iommu_type1 || failed modprobe "vfio_iommu_type1 does not load"
	/sbin/modprobe vfio-pci || failed modprobe "vfio-pci does not load, see dmesg"
	file=$(/sbin/modinfo -F filename vfio-pci) || failed modprobe "modinfo knows no vfio-pci"
	seen modprobe "vfio-pci is $file"
	library=$(ls -d /sys/module/vfio_pci*/holders/vfio_pci 2>/dev/null)
	library=${library%/holders/vfio_pci}
	seen "its library" "${library##*/}"
}

# What a machine does at boot: the card belongs to its own driver.
start_own_driver()
{
	/sbin/modprobe e1000e || failed "own driver" "e1000e does not load"
	wait_until yes has_netdev "$nic" || failed "own driver" "$nic has no network interface"
	seen "own driver" "$nic belongs to $(driver_of "$nic"), which made $(netdev_of "$nic")"
}

take_by_override()
{
	echo vfio-pci >"$pci/devices/$nic/driver_override" ||
		failed driver_override "$nic refuses it"
	echo "$nic" >$drivers/e1000e/unbind || failed unbind "e1000e keeps $nic"
	seen unbind "$nic from e1000e, now: $(driver_of "$nic")"
	echo "$nic" >$pci/drivers_probe || failed driver_override "no driver takes $nic"
	[ "$(driver_of "$nic")" = vfio-pci ] ||
		failed driver_override "$nic belongs to $(driver_of "$nic")"
	seen driver_override "$nic belongs to $(driver_of "$nic")"
}

take_by_id()
{
	[ "$(driver_of "$edu")" = none ] || failed new_id "$edu has a driver already"
	echo "1234 11e8" >$drivers/vfio-pci/new_id || failed new_id "refused"
	[ "$(driver_of "$edu")" = vfio-pci ] ||
		failed new_id "$edu belongs to $(driver_of "$edu")"
	seen new_id "$edu belongs to $(driver_of "$edu")"
}

give_back()
{
	echo "$nic" >$drivers/vfio-pci/unbind || failed unbind "vfio-pci keeps $nic"
	echo >"$pci/devices/$nic/driver_override" || failed unbind "driver_override stays"
	echo "$nic" >$pci/drivers_probe || failed "given back" "no driver takes $nic"
	wait_until yes has_netdev "$nic" ||
		failed "given back" "$nic has no network interface, see dmesg"
	seen "given back" "$nic belongs to $(driver_of "$nic"), which made $(netdev_of "$nic")"
}

# An interface that comes up and sees its cable has a working device under it.
use_netdev()
{
	netdev=$(netdev_of "$nic")
	ip link set "$netdev" up || failed "works again" "$netdev does not come up"
	wait_until 1 cat "/sys/class/net/$netdev/carrier" ||
		failed "works again" "$netdev has no carrier"
	address=$(cat "/sys/class/net/$netdev/address")
	seen "works again" "$netdev is up, carrier on, address $address"
	ip link set "$netdev" down
}

drop_id()
{
	echo "1234 11e8" >$drivers/vfio-pci/remove_id || failed remove_id "refused"
	echo "$edu" >$drivers/vfio-pci/unbind || failed unbind "vfio-pci keeps $edu"
	seen unbind "$edu from vfio-pci, now: $(driver_of "$edu")"
}

unload()
{
	/sbin/modprobe -r vfio-pci || failed "unload" "vfio-pci stays loaded"
	[ ! -d /sys/module/vfio_pci ] || failed "unload" "vfio-pci stays loaded"
	seen "unload" "vfio-pci is gone"
}

edu=$(find_device 1234 11e8) || failed devices "no edu device (1234:11e8)"
nic=$(find_device 8086 10d3) || failed devices "no 82574 network card (8086:10d3)"

echo "Taking two devices"
load
start_own_driver
take_by_override
take_by_id

"$dir/vfio-demo" "$edu" "$nic" || exit 1

printf '\nGiving them back\n'
give_back
use_netdev
drop_id
unload

printf '\nAll steps as expected.\n'
