// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio-pci: any PCI device, handed to user space as it is.
 *
 * Which devices, and which policy for them, is decided here; everything else
 * is vfio-pci-common.  A device is bound by its driver_override in sysfs, by
 * an ID written to new_id, or by an ID of the ids parameter.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/vfio_pci_common.h>

static char ids[1024] __initdata;
module_param_string(ids, ids, sizeof(ids), 0);
MODULE_PARM_DESC(ids, VFIO_PCI_COMMON_IDS_DESC);

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

static const struct vfio_device_ops vfio_pci_ops = {
	VFIO_PCI_COMMON_OPS,
	.name	= "vfio-pci",
	.match	= vfio_pci_common_match,
};

static int vfio_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct vfio_pci_device *vdev;
	int ret;

	ret = vfio_pci_common_check_bind(pdev, disable_denylist);
	if (ret)
		return ret;

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

static int __init vfio_pci_init(void)
{
	int ret;

	ret = pci_register_driver(&vfio_pci_driver);
	if (ret)
		return ret;

	vfio_pci_common_add_ids(&vfio_pci_driver, ids);
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
