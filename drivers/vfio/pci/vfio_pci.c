// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio-pci: any PCI device, handed to user space as it is.
 *
 * Which devices, and which policy for them, is decided here; everything else
 * is vfio-pci-common.  A device is bound by its driver_override in sysfs, by
 * an ID written to new_id, or by an ID of the ids parameter.
 */
#include <linux/cleanup.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vfio_pci_common.h>

static char ids[1024] __initdata;
module_param_string(ids, ids, sizeof(ids), 0);
MODULE_PARM_DESC(ids, "IDs of devices to bind, vendor:device[:subvendor[:subdevice[:class[:class_mask]]]] in hex, separated by commas");

static bool nointxmask;
module_param(nointxmask, bool, 0644);
MODULE_PARM_DESC(nointxmask, "Mask INTx at the interrupt line, not at the device. For devices whose INTx Disable bit doesn't work; affects devices bound later");

#ifdef CONFIG_VFIO_PCI_VGA
static bool disable_vga;
module_param(disable_vga, bool, 0444);
MODULE_PARM_DESC(disable_vga, "No access to legacy VGA ranges");
#else
static const bool disable_vga = true;
#endif

static bool disable_idle_d3;
module_param(disable_idle_d3, bool, 0644);
MODULE_PARM_DESC(disable_idle_d3, "Keep devices that nobody has open in D0; affects devices bound later");

static bool enable_sriov;
#ifdef CONFIG_PCI_IOV
module_param(enable_sriov, bool, 0644);
MODULE_PARM_DESC(enable_sriov, "Allow VFs to be enabled by sysfs. Usually the user of the PF has to know of them, or they don't work");
#endif

static bool disable_denylist;
module_param(disable_denylist, bool, 0444);
MODULE_PARM_DESC(disable_denylist, "Allow devices with known errata that an untrusted user could exploit");

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

static bool is_denied(struct pci_dev *pdev)
{
	if (!pci_match_id(denylist, pdev))
		return false;

	if (disable_denylist) {
		pci_warn(pdev, "device has errata, allowed by disable_denylist\n");
		return false;
	}
	pci_warn(pdev, "device has errata and is refused, disable_denylist=1 allows it\n");
	return true;
}

static const struct vfio_device_ops vfio_pci_ops = {
	VFIO_PCI_COMMON_OPS,
	.name	= "vfio-pci",
	.match	= vfio_pci_common_match,
};

static int vfio_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct vfio_pci_device *vdev;
	int ret;

	if (is_denied(pdev))
		return -EINVAL;

	vdev = vfio_alloc_device(vfio_pci_device, vdev, &pdev->dev,
				 &vfio_pci_ops);
	if (IS_ERR(vdev))
		return PTR_ERR(vdev);

	vdev->policy.nointxmask = nointxmask;
	vdev->policy.disable_vga = disable_vga;
	vdev->policy.disable_idle_d3 = disable_idle_d3;

	pci_set_drvdata(pdev, vdev);
	ret = vfio_pci_common_register_device(vdev);
	if (ret)
		vfio_put_device(&vdev->vdev);
	return ret;
}

static void vfio_pci_remove(struct pci_dev *pdev)
{
	struct vfio_pci_device *vdev = pci_get_drvdata(pdev);

	vfio_pci_common_unregister_device(vdev);
	vfio_put_device(&vdev->vdev);
}

static int vfio_pci_sriov_configure(struct pci_dev *pdev, int nr_vfs)
{
	if (!enable_sriov)
		return -ENOENT;
	return vfio_pci_common_sriov_configure(pci_get_drvdata(pdev), nr_vfs);
}

/* Matches any device, but only by its driver_override */
static const struct pci_device_id vfio_pci_table[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_ANY_ID, PCI_ANY_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, vfio_pci_table);

static struct pci_driver vfio_pci_driver = {
	.name			= "vfio-pci",
	.id_table		= vfio_pci_table,
	.probe			= vfio_pci_probe,
	.remove			= vfio_pci_remove,
	.sriov_configure	= vfio_pci_sriov_configure,
	.err_handler		= &vfio_pci_common_err_handlers,
	.driver.pm		= &vfio_pci_common_pm_ops,
	.driver_managed_dma	= true,
};

/* One entry of the ids parameter */
static void __init add_id(const char *id)
{
	unsigned int vendor, device, subvendor = PCI_ANY_ID;
	unsigned int subdevice = PCI_ANY_ID, class = 0, class_mask = 0;
	int fields, ret;

	fields = sscanf(id, "%x:%x:%x:%x:%x:%x", &vendor, &device, &subvendor,
			&subdevice, &class, &class_mask);
	if (fields < 2) {
		pr_warn("vfio-pci: invalid id '%s', expected vendor:device in hex\n",
			id);
		return;
	}

	ret = pci_add_dynid(&vfio_pci_driver, vendor, device, subvendor,
			    subdevice, class, class_mask, 0);
	if (ret)
		pr_warn("vfio-pci: id %04x:%04x can't be added: %d\n", vendor,
			device, ret);
	else
		pr_info("vfio-pci: binding %04x:%04x[%04x:%04x] class %#08x/%08x\n",
			vendor, device, subvendor, subdevice, class,
			class_mask);
}

static int __init vfio_pci_init(void)
{
	char *rest = ids, *id;
	int ret;

	ret = pci_register_driver(&vfio_pci_driver);
	if (ret)
		return ret;

	while ((id = strsep(&rest, ",")))
		if (*id)
			add_id(id);

	if (disable_denylist)
		pr_warn("vfio-pci: denylist disabled, devices with known errata can be bound\n");
	return 0;
}
module_init(vfio_pci_init);

static void __exit vfio_pci_exit(void)
{
	pci_unregister_driver(&vfio_pci_driver);
}
module_exit(vfio_pci_exit);

MODULE_DESCRIPTION("VFIO PCI - hands PCI devices to user space");
MODULE_AUTHOR("The vfio-pci-common authors");
MODULE_LICENSE("GPL");
