// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver on top of vfio-pci-common, for tests of what such a driver adds: a
 * region of its own, migration and dirty page logging.
 *
 * Its devices do not migrate anywhere.  They have the states STOP and RUNNING,
 * and remember whether DMA is logged.  The region is two pages of memory, of
 * which the second one can be mapped; it lives as long as the device is open.
 *
 * The parameter "lacks" is the number of what the next device is bound without,
 * which the library has to refuse: an operation or the flag, see lose().
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio_pci_common.h>
#include <linux/vmalloc.h>

#define REGION_SIZE	(2 * PAGE_SIZE)
#define REGION_TYPE	(VFIO_REGION_TYPE_PCI_VENDOR_TYPE | 0x1234)
#define REGION_SUBTYPE	0x5678

static unsigned int lacks;
module_param(lacks, uint, 0644);
MODULE_PARM_DESC(lacks, "What the next device is bound without, 0 for nothing");

/**
 * struct ontop - a device
 * @pci: the library's part
 * @mig_ops: migration operations, less what it lacks
 * @log_ops: logging operations, less what it lacks
 * @state: STOP or RUNNING
 * @logging: between log_start and log_stop
 */
struct ontop {
	struct vfio_pci_device		pci;
	struct vfio_migration_ops	mig_ops;
	struct vfio_log_ops		log_ops;
	enum vfio_device_mig_state	state;
	bool				logging;
};

static struct ontop *to_ontop(struct vfio_device *core_vdev)
{
	return container_of(vfio_pci_common_device(core_vdev), struct ontop, pci);
}

/* Migration and logging ------------------------------------------------- */

static struct file *set_state(struct vfio_device *core_vdev,
			      enum vfio_device_mig_state state)
{
	if (state != VFIO_DEVICE_STATE_STOP && state != VFIO_DEVICE_STATE_RUNNING)
		return ERR_PTR(-EOPNOTSUPP);
	to_ontop(core_vdev)->state = state;
	return NULL;
}

static int get_state(struct vfio_device *core_vdev,
		     enum vfio_device_mig_state *state)
{
	*state = to_ontop(core_vdev)->state;
	return 0;
}

static int get_data_size(struct vfio_device *core_vdev, unsigned long *size)
{
	*size = REGION_SIZE;
	return 0;
}

static int log_start(struct vfio_device *core_vdev,
		     struct rb_root_cached *ranges, u32 nr, u64 *page_size)
{
	struct ontop *ontop = to_ontop(core_vdev);

	if (ontop->logging)
		return -EINVAL;
	ontop->logging = true;
	return 0;
}

static int log_stop(struct vfio_device *core_vdev)
{
	to_ontop(core_vdev)->logging = false;
	return 0;
}

/* Nothing was written */
static int log_read_and_clear(struct vfio_device *core_vdev,
			      unsigned long iova, unsigned long length,
			      struct iova_bitmap *dirty)
{
	return to_ontop(core_vdev)->logging ? 0 : -EINVAL;
}

static const struct vfio_migration_ops all_mig_ops = {
	.migration_set_state	 = set_state,
	.migration_get_state	 = get_state,
	.migration_get_data_size = get_data_size,
};

static const struct vfio_log_ops all_log_ops = {
	.log_start		= log_start,
	.log_stop		= log_stop,
	.log_read_and_clear	= log_read_and_clear,
};

static void lose(struct ontop *ontop, unsigned int what)
{
	switch (what) {
	case 1:
		ontop->mig_ops.migration_set_state = NULL;
		break;
	case 2:
		ontop->mig_ops.migration_get_state = NULL;
		break;
	case 3:
		ontop->mig_ops.migration_get_data_size = NULL;
		break;
	case 4:
		ontop->pci.vdev.migration_flags = 0;
		break;
	case 5:
		ontop->log_ops.log_start = NULL;
		break;
	case 6:
		ontop->log_ops.log_stop = NULL;
		break;
	case 7:
		ontop->log_ops.log_read_and_clear = NULL;
		break;
	}
}

/* The region ------------------------------------------------------------ */

static ssize_t region_rw(struct vfio_pci_device *pci, char __user *buf,
			 size_t count, loff_t *ppos, bool iswrite)
{
	u64 off = *ppos & VFIO_PCI_COMMON_OFFSET_MASK;
	void *data = pci->regions[0].data;

	if (off >= REGION_SIZE)
		return -EINVAL;
	count = min_t(u64, count, REGION_SIZE - off);
	if (iswrite ? copy_from_user(data + off, buf, count) :
		      copy_to_user(buf, data + off, count))
		return -EFAULT;
	return count;
}

static void region_release(struct vfio_pci_device *pci,
			   struct vfio_pci_region *region)
{
	vfree(region->data);
}

static int region_mmap(struct vfio_pci_device *pci,
		       struct vfio_pci_region *region,
		       struct vm_area_struct *vma)
{
	u64 off = ((u64)vma->vm_pgoff << PAGE_SHIFT) & VFIO_PCI_COMMON_OFFSET_MASK;

	if (off != PAGE_SIZE || vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	return remap_vmalloc_range(vma, region->data, off >> PAGE_SHIFT);
}

/* Which part of it can be mapped */
static int region_add_capability(struct vfio_pci_device *pci,
				 struct vfio_pci_region *region,
				 struct vfio_info_cap *caps)
{
	DEFINE_RAW_FLEX(struct vfio_region_info_cap_sparse_mmap, sparse, areas, 1);

	sparse->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	sparse->header.version = 1;
	sparse->nr_areas = 1;
	sparse->areas[0].offset = PAGE_SIZE;
	sparse->areas[0].size = PAGE_SIZE;
	return vfio_info_add_capability(caps, &sparse->header,
					struct_size(sparse, areas, 1));
}

static const struct vfio_pci_region_ops region_ops = {
	.rw		= region_rw,
	.release	= region_release,
	.mmap		= region_mmap,
	.add_capability	= region_add_capability,
};

/* One that can only be read and written, as most are */
static const struct vfio_pci_region_ops plain_region_ops = {
	.rw		= region_rw,
	.release	= region_release,
};

static int add_region(struct vfio_pci_device *pci, u32 subtype,
		      const struct vfio_pci_region_ops *ops, u32 flags)
{
	void *data = vmalloc_user(REGION_SIZE);
	int ret;

	if (!data)
		return -ENOMEM;
	ret = vfio_pci_common_register_region(pci, REGION_TYPE, subtype, ops,
					      REGION_SIZE, flags, data);
	if (ret)
		vfree(data);
	return ret;
}

/* Life cycle ------------------------------------------------------------ */

static int ontop_open(struct vfio_device *core_vdev)
{
	const u32 rw = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	struct vfio_pci_device *pci = vfio_pci_common_device(core_vdev);
	int ret;

	ret = vfio_pci_common_enable(pci);
	if (ret)
		return ret;

	ret = add_region(pci, REGION_SUBTYPE, &region_ops,
			 rw | VFIO_REGION_INFO_FLAG_MMAP) ?:
	      add_region(pci, REGION_SUBTYPE + 1, &plain_region_ops, rw);
	if (ret) {
		vfio_pci_common_disable(pci);
		return ret;
	}

	to_ontop(core_vdev)->state = VFIO_DEVICE_STATE_RUNNING;
	to_ontop(core_vdev)->logging = false;
	vfio_pci_common_finish_enable(pci);
	return 0;
}

static const struct vfio_device_ops ontop_ops = {
	VFIO_PCI_COMMON_NEWEST_OPS
	VFIO_PCI_COMMON_IOMMUFD_OPS,
	.name		= "vfio-pci-ontop",
	.init		= vfio_pci_common_init_dev,
	.release	= vfio_pci_common_release_dev,
	.open_device	= ontop_open,
	.close_device	= vfio_pci_common_close_device,
	.ioctl		= vfio_pci_common_ioctl,
	.device_feature	= vfio_pci_common_ioctl_feature,
	.read		= vfio_pci_common_read,
	.write		= vfio_pci_common_write,
	.mmap		= vfio_pci_common_mmap,
	.request	= vfio_pci_common_request,
	.match		= vfio_pci_common_match,
};

static int ontop_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct ontop *ontop;
	int ret;

	ontop = vfio_alloc_device(ontop, pci.vdev, &pdev->dev, &ontop_ops);
	if (IS_ERR(ontop))
		return PTR_ERR(ontop);

	ontop->mig_ops = all_mig_ops;
	ontop->log_ops = all_log_ops;
	ontop->pci.vdev.mig_ops = &ontop->mig_ops;
	ontop->pci.vdev.log_ops = &ontop->log_ops;
	ontop->pci.vdev.migration_flags = VFIO_MIGRATION_STOP_COPY;
	lose(ontop, lacks);

	pci_set_drvdata(pdev, ontop);
	ret = vfio_pci_common_register_device(&ontop->pci);
	if (ret)
		vfio_put_device(&ontop->pci.vdev);
	return ret;
}

static void ontop_remove(struct pci_dev *pdev)
{
	struct ontop *ontop = pci_get_drvdata(pdev);

	vfio_pci_common_unregister_device(&ontop->pci);
	vfio_put_device(&ontop->pci.vdev);
}

/* Any device, but only by its driver_override */
static const struct pci_device_id ontop_table[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_ANY_ID, PCI_ANY_ID) },
	{ }
};

static struct pci_driver ontop_driver = {
	.name			= "vfio-pci-ontop",
	.id_table		= ontop_table,
	.probe			= ontop_probe,
	.remove			= ontop_remove,
	.err_handler		= &vfio_pci_common_err_handlers,
	.driver.pm		= &vfio_pci_common_pm_ops,
	.driver_managed_dma	= true,
};
module_pci_driver(ontop_driver);

MODULE_DESCRIPTION("A driver on top of vfio-pci-common, for tests");
MODULE_AUTHOR("The vfio-pci-common authors");
MODULE_LICENSE("GPL");
