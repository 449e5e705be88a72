// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life cycle: a device is allocated, registered, opened, closed, unregistered
 * and freed.  This is the only file that knows the order of all the others;
 * every step is undone in reverse.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "access.h"
#include "bar.h"
#include "config.h"
#include "debugfs.h"
#include "dmabuf.h"
#include "err.h"
#include "hotreset.h"
#include "igd.h"
#include "intx.h"
#include "ioeventfd.h"
#include "irq.h"
#include "msi.h"
#include "perm.h"
#include "platform.h"
#include "power.h"
#include "registry.h"
#include "reset.h"
#include "sriov.h"
#include "vga.h"
#include "zdev.h"

/**
 * vfio_pci_common_init_dev - prepare a device that was allocated
 * @core_vdev: the device; its dev is the PCI device
 *
 * The init operation of struct vfio_device_ops.
 *
 * Context: may sleep.
 * Return: 0.
 */
int vfio_pci_common_init_dev(struct vfio_device *core_vdev)
{
	struct vfio_pci_device *vdev = vfio_pci_common_device(core_vdev);

	vdev->pdev = to_pci_dev(core_vdev->dev);
	mutex_init(&vdev->config.lock);
	vfio_pci_gate_init(vdev);
	vfio_pci_bars_init(vdev);
	vfio_pci_irq_init(vdev);
	vfio_pci_ioeventfd_init(vdev);
	INIT_LIST_HEAD(&vdev->dmabufs);
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_pci_common_init_dev);

/**
 * vfio_pci_common_release_dev - the last reference to a device is gone
 * @core_vdev: the device
 *
 * The release operation of struct vfio_device_ops.
 *
 * Context: may sleep.
 */
void vfio_pci_common_release_dev(struct vfio_device *core_vdev)
{
	struct vfio_pci_device *vdev = vfio_pci_common_device(core_vdev);

	vfio_pci_irq_destroy(vdev);
	mutex_destroy(&vdev->bars.lock);
	mutex_destroy(&vdev->ioeventfds.lock);
	mutex_destroy(&vdev->config.lock);
}
EXPORT_SYMBOL_GPL(vfio_pci_common_release_dev);

static bool migration_complete(const struct vfio_device *core_vdev)
{
	const struct vfio_migration_ops *ops = core_vdev->mig_ops;

	return !ops || (ops->migration_get_state && ops->migration_set_state &&
			ops->migration_get_data_size &&
			core_vdev->migration_flags & VFIO_MIGRATION_STOP_COPY);
}

static bool logging_complete(const struct vfio_device *core_vdev)
{
	const struct vfio_log_ops *ops = core_vdev->log_ops;

	return !ops || (ops->log_start && ops->log_stop &&
			ops->log_read_and_clear);
}

/* Can this device be handed out, by a driver that is complete? */
static int check_registration(struct vfio_pci_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	if (WARN_ON_ONCE(!vdev->vdev.ops->name))
		return -EINVAL;
	if (pdev->hdr_type != PCI_HEADER_TYPE_NORMAL)
		return -EINVAL;
	if (!migration_complete(&vdev->vdev) || !logging_complete(&vdev->vdev))
		return -EINVAL;
	if (pci_num_vf(pdev)) {
		pci_warn(pdev, "VFs were enabled by another driver, disable them first\n");
		return -EBUSY;
	}
	return 0;
}

/**
 * vfio_pci_common_register_device - make a device available to user space
 * @vdev: the device, allocated with vfio_alloc_device() for the PCI device
 *
 * To be called from the driver's probe, with policy, migration and logging
 * operations set.  The PCI device's driver data is the driver's own.
 *
 * Context: may sleep; the PCI device is bound to the driver.
 * Return: 0; -EINVAL for a bridge, a driver that is incomplete, or a device
 * without IOMMU group or cache coherent IOMMU; -EBUSY for a PF with VFs
 * enabled; -ENOMEM; or the errno of the vfio core, the VGA arbiter or of
 * removing a conflicting framebuffer driver.
 */
int vfio_pci_common_register_device(struct vfio_pci_device *vdev)
{
	int ret;

	ret = check_registration(vdev);
	if (ret)
		return ret;

	ret = vfio_pci_dmabuf_register(vdev);
	if (ret)
		return ret;

	vdev->config.tables = vfio_pci_common_perm_get();
	if (IS_ERR(vdev->config.tables))
		return PTR_ERR(vdev->config.tables);

	ret = vfio_pci_hot_reset_assign_set(vdev);
	if (ret)
		goto put_tables;

	ret = vfio_pci_sriov_register(vdev);
	if (ret)
		goto put_tables;

	vfio_pci_registry_add(vdev);
	ret = vfio_pci_vga_register(vdev);
	if (ret)
		goto leave_registry;

	vfio_pci_reset_register(vdev);
	vfio_pci_power_register(vdev);
	ret = vfio_register_group_dev(&vdev->vdev);
	if (ret)
		goto undo_power;
	vfio_pci_debugfs_register(vdev);
	return 0;

undo_power:
	vfio_pci_power_unregister(vdev);
	vfio_pci_reset_unregister(vdev);
	vfio_pci_vga_unregister(vdev);
leave_registry:
	vfio_pci_registry_del(vdev);
	vfio_pci_sriov_unregister(vdev);
put_tables:
	vfio_pci_common_perm_put(vdev->config.tables);
	return ret;
}
EXPORT_SYMBOL_GPL(vfio_pci_common_register_device);

/**
 * vfio_pci_common_unregister_device - take a device back from user space
 * @vdev: the device
 *
 * Waits until the users of the device and of its VFs have closed it; they are
 * asked to.
 *
 * Context: may sleep for long; if VFs were enabled by
 * vfio_pci_common_sriov_configure(), the PCI device's lock is held.
 */
void vfio_pci_common_unregister_device(struct vfio_pci_device *vdev)
{
	vfio_pci_sriov_disable(vdev);
	vfio_unregister_group_dev(&vdev->vdev);
	vfio_pci_power_unregister(vdev);
	if (vdev->enabled)
		pci_disable_device(vdev->pdev);
	vfio_pci_reset_unregister(vdev);
	vfio_pci_vga_unregister(vdev);
	vfio_pci_registry_del(vdev);
	vfio_pci_sriov_unregister(vdev);
	vfio_pci_common_perm_put(vdev->config.tables);
}
EXPORT_SYMBOL_GPL(vfio_pci_common_unregister_device);

/*
 * A device that was opened once stays enabled until it is unregistered:
 * enabling and disabling look up its interrupt line in the firmware's routing
 * tables, which costs more than all the rest of opening it.  Returns 0 or the
 * errno of enabling it.
 */
static int enable_device(struct vfio_pci_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	u16 command, decode = 0;
	unsigned int bar;
	int ret;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		if (pci_resource_flags(pdev, bar) & IORESOURCE_MEM)
			decode |= PCI_COMMAND_MEMORY;
		if (pci_resource_flags(pdev, bar) & IORESOURCE_IO)
			decode |= PCI_COMMAND_IO;
	}
	pci_read_config_word(pdev, PCI_COMMAND, &command);

	/* Error recovery may have reset the link, and all of it was lost */
	if (decode & ~command)
		vfio_pci_reset_to_registered(vdev);

	if (vdev->enabled)
		return decode & ~command ? pci_reenable_device(pdev) : 0;
	ret = pci_enable_device(pdev);
	vdev->enabled = !ret;
	return ret;
}

/**
 * vfio_pci_common_enable - first part of opening a device
 * @vdev: the device
 *
 * Resets the device, keeps its state for the close, and sets up config space,
 * interrupts and BARs.  A driver does its own part after this, and then calls
 * vfio_pci_common_finish_enable(), or vfio_pci_common_disable() if it failed.
 *
 * Context: may sleep; the device set's lock is held.
 * Return: 0; -EAGAIN if somebody else has the device locked; -ENOMEM; the
 * errno of resuming, enabling or reading the device; or, on s390, what KVM says
 * to a device of the user's virtual machine.
 */
int vfio_pci_common_enable(struct vfio_pci_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	int ret;

	ret = vfio_pci_power_open(vdev);
	if (ret < 0)
		return ret;

	/* So that the kept state has it off as well */
	pci_clear_master(pdev);
	ret = enable_device(vdev);
	if (ret)
		goto undo_power;

	ret = vfio_pci_reset_open(vdev);
	if (ret)
		goto undo_power;

	vfio_pci_intx_open(vdev);
	vfio_pci_msi_open(vdev);
	ret = vfio_pci_zdev_open(vdev);
	if (ret)
		goto free_state;

	ret = vfio_pci_config_open(vdev);
	if (ret)
		goto close_zdev;

	ret = vfio_pci_msix_table_open(vdev);
	if (ret)
		goto close_config;

	vdev->has_vga = vfio_pci_vga_open(vdev);
	vfio_pci_bars_open(vdev);
	return 0;

close_config:
	vfio_pci_config_close(vdev);
close_zdev:
	vfio_pci_zdev_close(vdev);
free_state:
	kfree(vdev->reset.saved);
	vdev->reset.saved = NULL;
undo_power:
	vfio_pci_power_close(vdev);
	return ret;
}
EXPORT_SYMBOL_GPL(vfio_pci_common_enable);

/**
 * vfio_pci_common_finish_enable - last part of opening a device
 * @vdev: the device
 *
 * Context: may sleep; the device set's lock is held.
 */
void vfio_pci_common_finish_enable(struct vfio_pci_device *vdev)
{
	vfio_pci_platform_open(vdev->pdev);
	vfio_pci_sriov_open(vdev);
}
EXPORT_SYMBOL_GPL(vfio_pci_common_finish_enable);

static void release_regions(struct vfio_pci_device *vdev)
{
	while (vdev->nr_regions) {
		struct vfio_pci_region *region =
			&vdev->regions[--vdev->nr_regions];

		region->ops->release(vdev, region);
	}
	kfree(vdev->regions);
	vdev->regions = NULL;
}

/**
 * vfio_pci_common_disable - undo vfio_pci_common_enable()
 * @vdev: the device
 *
 * The device ends as quiet as before it was opened: no DMA, no interrupt, no
 * mapping, the state it had.  If it can't be reset alone and is the last of
 * its set that was open, the set is reset.
 *
 * Context: may sleep; the device set's lock is held.
 */
void vfio_pci_common_disable(struct vfio_pci_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	vfio_pci_dmabuf_close(vdev);
	vfio_pci_power_wake_for_close(vdev);
	pci_clear_master(pdev);
	vfio_pci_irq_close(vdev);
	vfio_pci_ioeventfd_close(vdev);
	release_regions(vdev);
	vfio_pci_config_close(vdev);
	vfio_pci_bars_close(vdev);
	vfio_pci_zdev_close(vdev);
	vfio_pci_reset_close(vdev);
	vfio_pci_hot_reset_idle(vdev);
	vfio_pci_power_close(vdev);
}
EXPORT_SYMBOL_GPL(vfio_pci_common_disable);

/**
 * vfio_pci_common_open_device - open a device
 * @core_vdev: the device
 *
 * The open_device operation of struct vfio_device_ops, for a driver that has
 * nothing of its own to set up.
 *
 * Context: may sleep; the device set's lock is held.
 * Return: 0, or the errno of vfio_pci_common_enable(); -EINVAL or -ENOMEM if
 * the device is an Intel graphics device whose OpRegion can't be used.
 */
int vfio_pci_common_open_device(struct vfio_device *core_vdev)
{
	struct vfio_pci_device *vdev = vfio_pci_common_device(core_vdev);
	int ret;

	ret = vfio_pci_common_enable(vdev);
	if (ret)
		return ret;

	ret = vfio_pci_igd_open(vdev);
	if (ret && ret != -ENODEV) {
		pci_warn(vdev->pdev, "Intel graphics regions can't be set up: %d\n",
			 ret);
		vfio_pci_common_disable(vdev);
		return ret;
	}

	vfio_pci_common_finish_enable(vdev);
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_pci_common_open_device);

/**
 * vfio_pci_common_close_device - the last file of a device is closed
 * @core_vdev: the device
 *
 * The close_device operation of struct vfio_device_ops.
 *
 * Context: may sleep; the device set's lock is held.
 */
void vfio_pci_common_close_device(struct vfio_device *core_vdev)
{
	struct vfio_pci_device *vdev = vfio_pci_common_device(core_vdev);

	vfio_pci_sriov_close(vdev);
	vfio_pci_platform_close(vdev->pdev);
	vfio_pci_common_disable(vdev);
	vfio_pci_err_close(vdev);
}
EXPORT_SYMBOL_GPL(vfio_pci_common_close_device);

/**
 * vfio_pci_common_register_region - add a device specific region
 * @vdev: the device, between enable and finish_enable
 * @type: VFIO_REGION_TYPE_*
 * @subtype: VFIO_REGION_SUBTYPE_*
 * @ops: what it does
 * @size: in bytes
 * @flags: VFIO_REGION_INFO_FLAG_*
 * @data: for @ops; ops->release frees it when the device is closed
 *
 * Context: may sleep; the device set's lock is held.
 * Return: 0 or -ENOMEM.
 */
int vfio_pci_common_register_region(struct vfio_pci_device *vdev,
				    u32 type, u32 subtype,
				    const struct vfio_pci_region_ops *ops,
				    size_t size, u32 flags, void *data)
{
	struct vfio_pci_region *regions;

	regions = krealloc(vdev->regions,
			   (vdev->nr_regions + 1) * sizeof(*regions),
			   GFP_KERNEL_ACCOUNT);
	if (!regions)
		return -ENOMEM;

	vdev->regions = regions;
	regions[vdev->nr_regions++] = (struct vfio_pci_region){
		.type = type,
		.subtype = subtype,
		.ops = ops,
		.data = data,
		.size = size,
		.flags = flags,
	};
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_pci_common_register_region);

static int __init vfio_pci_common_init(void)
{
	vfio_pci_perm_debugfs_init();
	return 0;
}

static void __exit vfio_pci_common_exit(void)
{
	vfio_pci_perm_debugfs_exit();
	/* Eventfds are put in RCU callbacks of this module */
	rcu_barrier();
}

module_init(vfio_pci_common_init);
module_exit(vfio_pci_common_exit);

MODULE_DESCRIPTION("Library of drivers that hand PCI devices to user space");
MODULE_AUTHOR("The vfio-pci-common authors");
MODULE_LICENSE("GPL");
