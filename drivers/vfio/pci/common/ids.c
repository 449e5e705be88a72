// SPDX-License-Identifier: GPL-2.0-only
/* Which devices a driver of this library may be bound to, and is bound to */
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/pci.h>
#include <linux/string.h>
#include <linux/vfio_pci_common.h>

/* Errata that let a user harm the host or other users */
static const struct pci_device_id denylist[] = {
	{ PCI_VDEVICE(INTEL, 0x0435) },	/* QAT DH895xCC */
	{ PCI_VDEVICE(INTEL, 0x0443) },	/* QAT DH895xCC VF */
	{ PCI_VDEVICE(INTEL, 0x0b25) },	/* DSA */
	{ PCI_VDEVICE(INTEL, 0x0cfe) },	/* IAX */
	{ PCI_VDEVICE(INTEL, 0x19e2) },	/* QAT C3xxx */
	{ PCI_VDEVICE(INTEL, 0x19e3) },	/* QAT C3xxx VF */
	{ PCI_VDEVICE(INTEL, 0x37c8) },	/* QAT C62x */
	{ PCI_VDEVICE(INTEL, 0x37c9) },	/* QAT C62x VF */
	{ }
};

/**
 * vfio_pci_common_check_bind - may a device be bound to a driver of this library?
 * @pdev: the device
 * @disable_denylist: also if it has errata that an untrusted user could exploit
 *
 * To be called first in the driver's probe.
 *
 * Context: any.
 * Return: 0; -EINVAL for a bridge and for a device on the denylist.
 */
int vfio_pci_common_check_bind(struct pci_dev *pdev, bool disable_denylist)
{
	if (pdev->hdr_type != PCI_HEADER_TYPE_NORMAL) {
		pci_info(pdev, "bridges can't be handed to user space\n");
		return -EINVAL;
	}

	if (!pci_match_id(denylist, pdev))
		return 0;
	if (disable_denylist) {
		pci_warn(pdev, "device has errata, allowed by disable_denylist\n");
		return 0;
	}
	pci_warn(pdev, "device has errata and is refused, disable_denylist=1 allows it\n");
	return -EINVAL;
}
EXPORT_SYMBOL_GPL(vfio_pci_common_check_bind);

static void add_id(struct pci_driver *driver, const char *id)
{
	unsigned int vendor, device, subvendor = PCI_ANY_ID;
	unsigned int subdevice = PCI_ANY_ID, class = 0, class_mask = 0;
	int fields, ret;

	fields = sscanf(id, "%x:%x:%x:%x:%x:%x", &vendor, &device, &subvendor,
			&subdevice, &class, &class_mask);
	if (fields < 2) {
		pr_warn("%s: invalid id '%s', expected vendor:device in hex\n",
			driver->name, id);
		return;
	}

	ret = pci_add_dynid(driver, vendor, device, subvendor, subdevice,
			    class, class_mask, 0);
	if (ret)
		pr_warn("%s: id %04x:%04x can't be added: %d\n", driver->name,
			vendor, device, ret);
	else
		pr_info("%s: binding %04x:%04x[%04x:%04x] class %#08x/%08x\n",
			driver->name, vendor, device, subvendor, subdevice,
			class, class_mask);
}

/**
 * vfio_pci_common_add_ids - bind the devices that a module parameter names
 * @driver: the driver, registered
 * @ids: IDs as VFIO_PCI_COMMON_IDS_DESC describes them; taken apart in place
 *
 * An ID that is wrong is reported in the log and the others are added.
 *
 * Context: may sleep; devices are probed.
 */
void vfio_pci_common_add_ids(struct pci_driver *driver, char *ids)
{
	char *id;

	while ((id = strsep(&ids, ",")))
		if (*id)
			add_id(driver, id);
}
EXPORT_SYMBOL_GPL(vfio_pci_common_add_ids);
