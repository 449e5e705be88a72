// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fake PCI bus with one device that no IOMMU stands in front of, for tests.
 *
 * While the module is loaded there is a PCI domain of its own, in which the
 * IOMMUs of the machine have no say: fa4e:00:00.0 is in no IOMMU group, however
 * the kernel was booted.  The device has a header, which ignores writes, and
 * nothing else: no BAR, no capability, no interrupt.
 */
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/pci.h>

#define DOMAIN	0xfa4e

/* Vendor and device, class and revision; all else is 0 */
static const u32 header[] = {
	[PCI_VENDOR_ID / 4]		= 0xfa4e1234,
	[PCI_CLASS_REVISION / 4]	= 0xff000001,
};

static struct pci_sysdata sysdata = {
	.domain	= DOMAIN,
	.node	= NUMA_NO_NODE,
};

static struct resource numbers = {
	.name	= "fake bus",
	.start	= 0,
	.end	= 0,
	.flags	= IORESOURCE_BUS,
};

static struct pci_bus *bus;

static int fakebus_read(struct pci_bus *bus, unsigned int devfn, int where,
			int size, u32 *val)
{
	u32 dword = 0;

	if (devfn)
		return PCIBIOS_DEVICE_NOT_FOUND;

	if (where / 4 < ARRAY_SIZE(header))
		dword = header[where / 4];
	*val = (dword >> 8 * (where & 3)) & GENMASK(8 * size - 1, 0);
	return PCIBIOS_SUCCESSFUL;
}

static int fakebus_write(struct pci_bus *bus, unsigned int devfn, int where,
			 int size, u32 val)
{
	return devfn ? PCIBIOS_DEVICE_NOT_FOUND : PCIBIOS_SUCCESSFUL;
}

static struct pci_ops fakebus_ops = {
	.read	= fakebus_read,
	.write	= fakebus_write,
};

static int __init fakebus_init(void)
{
	LIST_HEAD(resources);

	pci_add_resource(&resources, &numbers);
	pci_lock_rescan_remove();
	bus = pci_create_root_bus(NULL, 0, &fakebus_ops, &sysdata, &resources);
	if (bus) {
		pci_scan_child_bus(bus);
		pci_bus_add_devices(bus);
	}
	pci_unlock_rescan_remove();

	if (!bus)
		pci_free_resource_list(&resources);
	return bus ? 0 : -ENOMEM;
}
module_init(fakebus_init);

static void __exit fakebus_exit(void)
{
	struct pci_host_bridge *bridge = to_pci_host_bridge(bus->bridge);

	pci_lock_rescan_remove();
	pci_stop_root_bus(bus);
	pci_remove_root_bus(bus);
	pci_unlock_rescan_remove();
	/* The reference that pci_create_root_bus() left to its caller */
	pci_free_host_bridge(bridge);
}
module_exit(fakebus_exit);

MODULE_DESCRIPTION("A PCI device without an IOMMU, for tests of vfio-pci");
MODULE_AUTHOR("The vfio-pci-common authors");
MODULE_LICENSE("GPL");
