// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio-mdev-pci: a whole PCI device as a mediated device.
 *
 * A PCI device that is bound here becomes the parent of one mdev type with one
 * instance.  Its user creates the mdev by writing a UUID, opens the mdev by
 * that UUID, and has what vfio-pci would give: every region, interrupt, reset
 * and power state comes from vfio-pci-common, and DMA goes through the IOMMU.
 *
 * It shows how little a driver on that library has to do.  Its own part is to
 * give the device its other name:
 *
 *  - The vfio_device is registered for the PCI device, so that it lies in the
 *    PCI device's own IOMMU group.  An mdev has no DMA of its own to isolate.
 *  - In the device model it is the mdev's child, so that its cdev is found
 *    below the UUID, and the parent has none.
 *  - It answers to the UUID only, so that nobody opens it by the PCI name.
 *
 * While it has no mdev the PCI device is bound and idle.
 */
#include <linux/iommu.h>
#include <linux/kernfs.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/vfio_pci_common.h>

static char ids[1024] __initdata;
module_param_string(ids, ids, sizeof(ids), 0);
MODULE_PARM_DESC(ids, VFIO_PCI_COMMON_IDS_DESC);

static bool nointxmask;
module_param(nointxmask, bool, 0644);
MODULE_PARM_DESC(nointxmask, "Mask INTx at the interrupt line, not at the device; affects mdevs created later");

static bool disable_vga;
module_param(disable_vga, bool, 0644);
MODULE_PARM_DESC(disable_vga, "No access to legacy VGA ranges; affects mdevs created later");

static bool disable_idle_d3;
module_param(disable_idle_d3, bool, 0644);
MODULE_PARM_DESC(disable_idle_d3, "Keep mdevs that nobody has open in D0; affects mdevs created later");

static bool disable_denylist;
module_param(disable_denylist, bool, 0444);
MODULE_PARM_DESC(disable_denylist, "Allow devices with known errata that an untrusted user could exploit");

/**
 * struct vfio_mdev_pci_parent - a PCI device that is bound, its driver data
 * @parent: what the mdev core knows of it
 * @type: the one type of mdev it has
 * @list: of types, as the mdev core wants it
 * @ready: the type is complete; set once, with release semantics
 */
struct vfio_mdev_pci_parent {
	struct mdev_parent	parent;
	struct mdev_type	type;
	struct mdev_type	*list;
	bool			ready;
};

/* The mdev: a vfio_device by another name -------------------------------- */

/* The user's string: the UUID as its directory is called, and VF token */
static int vfio_mdev_pci_match(struct vfio_device *core_vdev, char *buf)
{
	return vfio_pci_common_match_name(core_vdev,
					  dev_name(core_vdev->device.parent),
					  buf);
}

static const struct vfio_device_ops vfio_mdev_pci_ops = {
	VFIO_PCI_COMMON_OPS,
	.name	= "vfio-mdev-pci",
	.match	= vfio_mdev_pci_match,
};

/*
 * User space finds the group of a device by its link iommu_group.  The mdev is
 * no member of the group, so the link is made here: to where that of the PCI
 * device leads.
 *
 * Return: 0, -ENODEV if the PCI device has no group, or the errno of sysfs.
 */
static int link_group(struct mdev_device *mdev, struct pci_dev *pdev)
{
	struct iommu_group *group;
	struct kernfs_node *link;
	int ret = -ENODEV;

	/* Held for the directory to stay */
	group = iommu_group_get(&pdev->dev);
	if (!group)
		return -ENODEV;

	link = kernfs_find_and_get(pdev->dev.kobj.sd, "iommu_group");
	if (link && kernfs_type(link) == KERNFS_LINK)
		ret = sysfs_create_link(&mdev->dev.kobj,
					link->symlink.target_kn->priv,
					"iommu_group");
	kernfs_put(link);
	iommu_group_put(group);
	return ret;
}

static void unlink_group(struct mdev_device *mdev)
{
	sysfs_remove_link(&mdev->dev.kobj, "iommu_group");
}

/*
 * A UUID was written to create: the parent's unreg_sem is held.  That file is
 * there before the directory in which the mdev core links the mdev; without
 * the directory the link would come to lie at the top of sysfs, and stay.
 */
static int vfio_mdev_pci_mdev_probe(struct mdev_device *mdev)
{
	struct vfio_mdev_pci_parent *parent =
		container_of(mdev->type->parent, struct vfio_mdev_pci_parent,
			     parent);
	struct pci_dev *pdev = to_pci_dev(parent->parent.dev);
	struct vfio_pci_device *vdev;
	int ret;

	/* Pairs with the store in vfio_mdev_pci_probe() */
	if (!smp_load_acquire(&parent->ready))
		return -EAGAIN;

	vdev = vfio_alloc_device(vfio_pci_device, vdev, &pdev->dev,
				 &vfio_mdev_pci_ops);
	if (IS_ERR(vdev))
		return PTR_ERR(vdev);

	vdev->vdev.device.parent = mdev_dev(mdev);
	vdev->policy.nointxmask = nointxmask;
	vdev->policy.disable_vga = disable_vga;
	vdev->policy.disable_idle_d3 = disable_idle_d3;

	ret = link_group(mdev, pdev);
	if (ret)
		goto put_device;

	dev_set_drvdata(mdev_dev(mdev), vdev);
	ret = vfio_pci_common_register_device(vdev);
	if (ret)
		goto unlink_group;
	return 0;

unlink_group:
	unlink_group(mdev);
put_device:
	vfio_put_device(&vdev->vdev);
	return ret;
}

/*
 * The mdev was removed, or its parent is about to go.  Waits for the user, who
 * is asked to close it.  Takes no lock of the PCI device: who unbinds that
 * holds its lock and waits here.
 */
static void vfio_mdev_pci_mdev_remove(struct mdev_device *mdev)
{
	struct vfio_pci_device *vdev = dev_get_drvdata(mdev_dev(mdev));

	vfio_pci_common_unregister_device(vdev);
	unlink_group(mdev);
	vfio_put_device(&vdev->vdev);
}

/* What the device behind the type is */
static ssize_t vfio_mdev_pci_show_description(struct mdev_type *type, char *buf)
{
	struct pci_dev *pdev = to_pci_dev(type->parent->dev);

	return sysfs_emit(buf, "PCI device %04x:%04x, class %06x, at %s\n",
			  pdev->vendor, pdev->device, pdev->class,
			  pci_name(pdev));
}

/*
 * A second vfio_device for the same PCI device is impossible.  Nor can an mdev
 * be bound a second time, so there is no unbind: it is removed.
 */
static struct mdev_driver vfio_mdev_pci_mdev_driver = {
	.device_api		= VFIO_DEVICE_API_PCI_STRING,
	.max_instances		= 1,
	.probe			= vfio_mdev_pci_mdev_probe,
	.remove			= vfio_mdev_pci_mdev_remove,
	.show_description	= vfio_mdev_pci_show_description,
	.driver = {
		.name		= "vfio-mdev-pci",
		.owner		= THIS_MODULE,
		.mod_name	= KBUILD_MODNAME,
		.suppress_bind_attrs = true,
	},
};

/* The PCI device: parent of the mdev ------------------------------------- */

static int vfio_mdev_pci_probe(struct pci_dev *pdev,
			       const struct pci_device_id *id)
{
	struct vfio_mdev_pci_parent *parent;
	int ret;

	ret = vfio_pci_common_check_bind(pdev, disable_denylist);
	if (ret)
		return ret;

	parent = kzalloc_obj(*parent);
	if (!parent)
		return -ENOMEM;

	parent->type.sysfs_name = "device";
	parent->type.pretty_name = "Whole PCI device";
	parent->list = &parent->type;

	pci_set_drvdata(pdev, parent);
	ret = mdev_register_parent(&parent->parent, &pdev->dev,
				   &vfio_mdev_pci_mdev_driver, &parent->list,
				   1);
	if (ret) {
		kfree(parent);
		return ret;
	}

	/* Pairs with the load in vfio_mdev_pci_mdev_probe() */
	smp_store_release(&parent->ready, true);
	return 0;
}

static void vfio_mdev_pci_remove(struct pci_dev *pdev)
{
	struct vfio_mdev_pci_parent *parent = pci_get_drvdata(pdev);

	mdev_unregister_parent(&parent->parent);
	kfree(parent);
}

/*
 * There is no id_table: an alias for every device would make management tools
 * choose this sample for any of them.  A device is bound by its
 * driver_override, by new_id or by the ids parameter.
 */
static struct pci_driver vfio_mdev_pci_driver = {
	.name			= "vfio-mdev-pci",
	.probe			= vfio_mdev_pci_probe,
	.remove			= vfio_mdev_pci_remove,
	.err_handler		= &vfio_pci_common_err_handlers,
	.driver.pm		= &vfio_pci_common_pm_ops,
	.driver_managed_dma	= true,
};

static int __init vfio_mdev_pci_init(void)
{
	int ret;

	ret = mdev_register_driver(&vfio_mdev_pci_mdev_driver);
	if (ret)
		return ret;

	ret = pci_register_driver(&vfio_mdev_pci_driver);
	if (ret) {
		mdev_unregister_driver(&vfio_mdev_pci_mdev_driver);
		return ret;
	}

	vfio_pci_common_add_ids(&vfio_mdev_pci_driver, ids);
	return 0;
}
module_init(vfio_mdev_pci_init);

/* The parents go first, and take their mdevs along */
static void __exit vfio_mdev_pci_exit(void)
{
	pci_unregister_driver(&vfio_mdev_pci_driver);
	mdev_unregister_driver(&vfio_mdev_pci_mdev_driver);
}
module_exit(vfio_mdev_pci_exit);

MODULE_DESCRIPTION("Sample on vfio-pci-common: a PCI device as a mediated device");
MODULE_AUTHOR("The vfio-pci-common authors");
MODULE_LICENSE("GPL");
