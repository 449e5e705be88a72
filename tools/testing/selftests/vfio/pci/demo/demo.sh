#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The whole way of two PCI devices to user space and back: load vfio-pci, take
# one device from its driver by name and another by id, drive both with
# vfio-demo, give the first one back to its driver. Then the second one once more,
# as an mdev of vfio-mdev-pci. Runs inside the VM, as root; one line for each step,
# ends with 1 at the first one that fails.

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

load_sample()
{
	/sbin/modprobe vfio-mdev-pci ||
		failed modprobe "vfio-mdev-pci does not load, see dmesg"
	echo vfio-mdev-pci >"$pci/devices/$edu/driver_override" ||
		failed driver_override "$edu refuses it"
	echo "$edu" >$pci/drivers_probe || failed driver_override "no driver takes $edu"
	[ "$(driver_of "$edu")" = vfio-mdev-pci ] ||
		failed driver_override "$edu belongs to $(driver_of "$edu")"
	seen driver_override "$edu belongs to $(driver_of "$edu")"
}

# What mdevctl types shows
list_types()
{
	type=$(echo "$pci/devices/$edu"/mdev_supported_types/*)
	[ -d "$type" ] || failed types "$edu has no mdev types"
	[ "$(cat "$type/available_instances")" = 1 ] ||
		failed types "no instance of ${type##*/} is left"
	seen types "${type##*/}, 1 instance, API $(cat "$type/device_api"):"
	printf '       %-20s %s\n' "" "$(cat "$type/description")"
}

create_mdev()
{
	uuid=$(cat /proc/sys/kernel/random/uuid)
	mdev=/sys/bus/mdev/devices/$uuid
	echo "$uuid" >"$type/create" || failed create "refused, see dmesg"
	[ "$(cat "$type/available_instances")" = 0 ] ||
		failed create "there are more instances than devices"
	seen create "$uuid, in IOMMU group $(basename "$(readlink "$mdev/iommu_group")")"
}

remove_mdev()
{
	echo 1 >"$mdev/remove" || failed remove "refused"
	[ ! -e "$mdev" ] || failed remove "$uuid is still there"
	seen remove "$uuid is gone, $(cat "$type/available_instances") instance to create"
}

unload_sample()
{
	echo "$edu" >$drivers/vfio-mdev-pci/unbind ||
		failed unbind "vfio-mdev-pci keeps $edu"
	echo >"$pci/devices/$edu/driver_override"
	/sbin/modprobe -r vfio-mdev-pci || failed "unload" "vfio-mdev-pci stays loaded"
	[ ! -d /sys/module/vfio_pci_common ] || failed "unload" "its library stays loaded"
	seen "unload" "vfio-mdev-pci is gone, and the library with it"
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

printf '\nOne of them as an mdev\n'
load_sample
list_types
create_mdev
"$dir/vfio-demo" "$uuid" || exit 1
remove_mdev
unload_sample

printf '\nAll steps as expected.\n'
