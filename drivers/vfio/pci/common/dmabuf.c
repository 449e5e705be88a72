// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parts of BARs as dma-bufs, for other devices to access.
 *
 * An exported buffer is one more way to a BAR, and like a mapping it is taken
 * away when access has to stop: the gate revokes all buffers of the device and
 * waits until their importers have let go, and hands them out again when
 * memory resources can be accessed.  A buffer may outlive the open device; at
 * close it is cut off for good.
 *
 * Owns vfio_pci_device.dmabufs, under the gate.  The gate is outside of the
 * reservation lock of a buffer, under which importers attach and map.
 */
#include <linux/completion.h>
#include <linux/dma-buf.h>
#include <linux/dma-buf-mapping.h>
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/pci-p2pdma.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "access.h"
#include "bar.h"
#include "dmabuf.h"

MODULE_IMPORT_NS("DMA_BUF");

/**
 * struct vfio_pci_dmabuf - an exported buffer
 * @dmabuf: has a reference to this, in its priv
 * @vdev: the device, NULL once it was closed; a registration of it is held
 * @node: in vfio_pci_device.dmabufs; under the gate
 * @provider: of the BAR, there as long as the driver is bound
 * @mappings: one for each of the importers', and one while not revoked
 * @unmapped: the last of @mappings is gone
 * @revoked: may not be mapped; under the reservation lock of @dmabuf
 * @size: of all ranges, in bytes
 * @nr_ranges: number of @ranges
 * @ranges: physical addresses
 */
struct vfio_pci_dmabuf {
	struct dma_buf		*dmabuf;
	struct vfio_pci_device	*vdev;
	struct list_head	node;
	struct p2pdma_provider	*provider;
	struct kref		mappings;
	struct completion	unmapped;
	bool			revoked;
	size_t			size;
	u32			nr_ranges;
	struct phys_vec		ranges[] __counted_by(nr_ranges);
};

/* Importers ------------------------------------------------------------- */

/* Only those who can let go at any time, and reach another device's memory */
static int attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attachment)
{
	struct vfio_pci_dmabuf *buf = dmabuf->priv;
	int ret;

	if (!attachment->peer2peer || !dma_buf_attach_revocable(attachment))
		return -EOPNOTSUPP;

	dma_resv_lock(dmabuf->resv, NULL);
	ret = buf->revoked ? -ENODEV : 0;
	dma_resv_unlock(dmabuf->resv);
	return ret;
}

static struct sg_table *map(struct dma_buf_attachment *attachment,
			    enum dma_data_direction dir)
{
	struct vfio_pci_dmabuf *buf = attachment->dmabuf->priv;
	struct sg_table *sgt;

	dma_resv_assert_held(buf->dmabuf->resv);

	if (buf->revoked)
		return ERR_PTR(-ENODEV);

	sgt = dma_buf_phys_vec_to_sgt(attachment, buf->provider, buf->ranges,
				      buf->nr_ranges, buf->size, dir);
	if (!IS_ERR(sgt))
		kref_get(&buf->mappings);
	return sgt;
}

static void last_mapping(struct kref *kref)
{
	complete(&container_of(kref, struct vfio_pci_dmabuf, mappings)->unmapped);
}

static void unmap(struct dma_buf_attachment *attachment, struct sg_table *sgt,
		  enum dma_data_direction dir)
{
	struct vfio_pci_dmabuf *buf = attachment->dmabuf->priv;

	dma_resv_assert_held(buf->dmabuf->resv);

	dma_buf_free_sgt(attachment, sgt, dir);
	kref_put(&buf->mappings, last_mapping);
}

/* The last file is closed; a device that is closed has let go before */
static void release(struct dma_buf *dmabuf)
{
	struct vfio_pci_dmabuf *buf = dmabuf->priv;
	struct vfio_pci_device *vdev = buf->vdev;

	if (vdev) {
		down_write(&vdev->gate.lock);
		list_del(&buf->node);
		up_write(&vdev->gate.lock);
		vfio_device_put_registration(&vdev->vdev);
	}
	kfree(buf);
}

static const struct dma_buf_ops dmabuf_ops = {
	.attach		= attach,
	.map_dma_buf	= map,
	.unmap_dma_buf	= unmap,
	.release	= release,
};

#if !IS_ENABLED(CONFIG_VFIO_PCI_CORE)
int vfio_pci_dma_buf_iommufd_map(struct dma_buf_attachment *attachment,
				 struct phys_vec *phys);

/**
 * vfio_pci_dma_buf_iommufd_map - where a buffer is, for iommufd
 * @attachment: iommufd's, to any buffer
 * @phys: where to put the address and length
 *
 * iommufd maps addresses, not scatterlists, and looks this function up by its
 * name.  It is the one of the kernel's own library where that is built too:
 * buffers of this library can't be imported by iommufd then.
 *
 * Context: the buffer's reservation lock is held; @phys is valid until the
 * attachment is told that mappings are invalid.
 * Return: 0; -EOPNOTSUPP for another's buffer or one of several ranges;
 * -ENODEV while it is revoked.
 */
int vfio_pci_dma_buf_iommufd_map(struct dma_buf_attachment *attachment,
				 struct phys_vec *phys)
{
	struct vfio_pci_dmabuf *buf = attachment->dmabuf->priv;

	dma_resv_assert_held(attachment->dmabuf->resv);

	if (attachment->dmabuf->ops != &dmabuf_ops)
		return -EOPNOTSUPP;
	if (buf->revoked)
		return -ENODEV;
	if (buf->nr_ranges != 1)
		return -EOPNOTSUPP;

	*phys = buf->ranges[0];
	return 0;
}
EXPORT_SYMBOL_FOR_MODULES(vfio_pci_dma_buf_iommufd_map, "iommufd");
#endif

/* Stop and resume ------------------------------------------------------- */

static void revoke(struct vfio_pci_dmabuf *buf)
{
	struct dma_resv *resv = buf->dmabuf->resv;
	bool was_revoked;

	dma_resv_lock(resv, NULL);
	was_revoked = buf->revoked;
	buf->revoked = true;
	if (!was_revoked) {
		dma_buf_invalidate_mappings(buf->dmabuf);
		dma_resv_wait_timeout(resv, DMA_RESV_USAGE_BOOKKEEP, false,
				      MAX_SCHEDULE_TIMEOUT);
	}
	dma_resv_unlock(resv);

	if (was_revoked)
		return;
	kref_put(&buf->mappings, last_mapping);
	wait_for_completion(&buf->unmapped);
}

/* Returns when nobody accesses the device by its buffers any more */
void vfio_pci_dmabuf_revoke(struct vfio_pci_device *vdev)
{
	struct vfio_pci_dmabuf *buf;

	lockdep_assert_held_write(&vdev->gate.lock);

	list_for_each_entry(buf, &vdev->dmabufs, node)
		revoke(buf);
}

/* Whoever had access stopped is done: hand buffers out if memory is there */
void vfio_pci_dmabuf_resume(struct vfio_pci_device *vdev)
{
	struct vfio_pci_dmabuf *buf;

	lockdep_assert_held_write(&vdev->gate.lock);

	if (list_empty(&vdev->dmabufs) || !vdev->config.vcopy ||
	    vdev->power.low_power || !vfio_pci_memory_enabled(vdev))
		return;

	list_for_each_entry(buf, &vdev->dmabufs, node) {
		dma_resv_lock(buf->dmabuf->resv, NULL);
		if (buf->revoked) {
			kref_init(&buf->mappings);
			reinit_completion(&buf->unmapped);
			buf->revoked = false;
		}
		dma_resv_unlock(buf->dmabuf->resv);
	}
}

/* What user space keeps of buffers is dead from here on */
void vfio_pci_dmabuf_close(struct vfio_pci_device *vdev)
{
	struct vfio_pci_dmabuf *buf, *next;

	down_write(&vdev->gate.lock);
	vfio_pci_dmabuf_revoke(vdev);
	list_for_each_entry_safe(buf, next, &vdev->dmabufs, node) {
		/* One that is being released takes itself off the list */
		if (!get_file_active(&buf->dmabuf->file))
			continue;
		list_del_init(&buf->node);
		buf->vdev = NULL;
		vfio_device_put_registration(&vdev->vdev);
		dma_buf_put(buf->dmabuf);
	}
	up_write(&vdev->gate.lock);
}

/* 0 or -ENOMEM; a device without memory BARs just has nothing to export */
int vfio_pci_dmabuf_register(struct vfio_pci_device *vdev)
{
	int ret = pcim_p2pdma_init(vdev->pdev);

	return ret == -EOPNOTSUPP ? 0 : ret;
}

/* Export ---------------------------------------------------------------- */

/* Sum of the ranges, each of whole pages; -EINVAL */
static int sum_ranges(const struct vfio_region_dma_range *ranges, u32 count,
		      size_t *size)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < count; i++)
		if (!ranges[i].length || !PAGE_ALIGNED(ranges[i].offset) ||
		    !PAGE_ALIGNED(ranges[i].length) ||
		    check_add_overflow(sum, ranges[i].length, &sum))
			return -EINVAL;

	/* A buffer's size must fit into a signed file offset */
	if (sum > S64_MAX || sum > SIZE_MAX)
		return -EINVAL;
	*size = sum;
	return 0;
}

/* Place the ranges in the BAR: -EINVAL behind its end, -EOVERFLOW */
static int place_ranges(struct vfio_pci_dmabuf *buf, struct pci_dev *pdev,
			unsigned int bar,
			const struct vfio_region_dma_range *ranges)
{
	u64 end, size = pci_resource_len(pdev, bar);
	u32 i;

	buf->provider = pcim_p2pdma_provider(pdev, bar);
	if (!buf->provider)
		return -EINVAL;

	for (i = 0; i < buf->nr_ranges; i++) {
		if (check_add_overflow(ranges[i].offset, ranges[i].length, &end))
			return -EOVERFLOW;
		if (end > size)
			return -EINVAL;
		buf->ranges[i].paddr = pci_resource_start(pdev, bar) +
				       ranges[i].offset;
		buf->ranges[i].len = ranges[i].length;
	}
	return 0;
}

static struct vfio_pci_dmabuf *alloc_buf(struct vfio_pci_device *vdev,
					 unsigned int bar,
					 const struct vfio_region_dma_range *ranges,
					 u32 nr_ranges)
{
	struct vfio_pci_dmabuf *buf;
	size_t size;
	int ret;

	ret = sum_ranges(ranges, nr_ranges, &size);
	if (ret)
		return ERR_PTR(ret);

	buf = kzalloc_flex(*buf, ranges, nr_ranges, GFP_KERNEL_ACCOUNT);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	buf->vdev = vdev;
	buf->size = size;
	buf->nr_ranges = nr_ranges;
	buf->revoked = true;
	init_completion(&buf->unmapped);

	ret = place_ranges(buf, vdev->pdev, bar, ranges);
	if (ret) {
		kfree(buf);
		return ERR_PTR(ret);
	}
	return buf;
}

/* Takes over @buf; the new buffer is on the device's list, or an ERR_PTR */
static struct dma_buf *export_buf(struct vfio_pci_dmabuf *buf, u32 open_flags)
{
	struct vfio_pci_device *vdev = buf->vdev;
	DEFINE_DMA_BUF_EXPORT_INFO(info);

	if (!vfio_device_try_get_registration(&vdev->vdev)) {
		kfree(buf);
		return ERR_PTR(-ENODEV);
	}

	info.ops = &dmabuf_ops;
	info.size = buf->size;
	info.flags = open_flags;
	info.priv = buf;
	buf->dmabuf = dma_buf_export(&info);
	if (IS_ERR(buf->dmabuf)) {
		struct dma_buf *error = buf->dmabuf;

		vfio_device_put_registration(&vdev->vdev);
		kfree(buf);
		return error;
	}

	/* If memory can be accessed, so can the buffer */
	vfio_pci_gate_hold(vdev);
	list_add_tail(&buf->node, &vdev->dmabufs);
	vfio_pci_gate_resume(vdev);
	return buf->dmabuf;
}

/*
 * VFIO_DEVICE_FEATURE_DMA_BUF: a file descriptor; -EFAULT; -EINVAL for flags
 * or ranges that are wrong; -ENODEV for a region that is no BAR that can be
 * claimed, or a device that is going away; -EOVERFLOW or -ENOMEM.
 */
int vfio_pci_dmabuf_get(struct vfio_pci_device *vdev, void __user *arg)
{
	struct vfio_region_dma_range *ranges __free(kfree) = NULL;
	struct vfio_device_feature_dma_buf get;
	struct vfio_pci_dmabuf *buf;
	struct dma_buf *dmabuf;
	int fd;

	if (copy_from_user(&get, arg, sizeof(get)))
		return -EFAULT;
	if (!get.nr_ranges || get.flags)
		return -EINVAL;
	if (get.region_index >= PCI_STD_NUM_BARS ||
	    vfio_pci_bar_claim(vdev, get.region_index))
		return -ENODEV;

	ranges = memdup_array_user(arg + sizeof(get), get.nr_ranges,
				   sizeof(*ranges));
	if (IS_ERR(ranges))
		return PTR_ERR(ranges);

	buf = alloc_buf(vdev, get.region_index, ranges, get.nr_ranges);
	if (IS_ERR(buf))
		return PTR_ERR(buf);

	dmabuf = export_buf(buf, get.open_flags);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	fd = dma_buf_fd(dmabuf, get.open_flags);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}
