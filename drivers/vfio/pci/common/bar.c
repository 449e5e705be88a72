// SPDX-License-Identifier: GPL-2.0-only
/*
 * BARs: claimed when first used, mapped into the kernel when first accessed.
 *
 * A BAR that can't be claimed doesn't keep the device from being opened; who
 * uses it gets the error.  A BAR that is only ever mapped by the user costs no
 * kernel mapping.
 *
 * The MSI-X table is the kernel's: reads of it give ones, writes are dropped.
 *
 * Owns vfio_pci_device.bars.  Everything but claims and kernel mappings is
 * decided at open and constant until close.
 */
#include <linux/cleanup.h>
#include <linux/io.h>
#include <linux/pci.h>

#include "access.h"
#include "bar.h"
#include "io.h"
#include "platform.h"

/* Not every kernel has devices like that. */
#ifndef vfio_pci_bars_non_mappable
#define vfio_pci_bars_non_mappable(pdev) ((pdev)->non_mappable_bars)
#endif

/* Not every kernel can map BARs into a process on all architectures. */
#ifndef vfio_pci_bars_mmap
#define vfio_pci_bars_mmap true
#endif

void vfio_pci_bars_init(struct vfio_pci_device *vdev)
{
	mutex_init(&vdev->bars.lock);
}

/* Where the device says its MSI-X table is; how long it is, is known */
int vfio_pci_msix_table_open(struct vfio_pci_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	u32 table;
	int ret;

	vdev->bars.msix_bar = PCI_STD_NUM_BARS;
	if (!vdev->irq.nr_msix)
		return 0;

	ret = pci_read_config_dword(pdev, pdev->msix_cap + PCI_MSIX_TABLE,
				    &table);
	if (ret)
		return pcibios_err_to_errno(ret);

	vdev->bars.msix_bar = table & PCI_MSIX_TABLE_BIR;
	vdev->bars.msix_offset = table & PCI_MSIX_TABLE_OFFSET;
	vdev->bars.msix_size = vdev->irq.nr_msix * PCI_MSIX_ENTRY_SIZE;
	return 0;
}

/*
 * A BAR smaller than a page can be mapped if it has the page to itself: what
 * follows is reserved, so that no other device's BAR is ever put there.
 */
static bool reserve_rest_of_page(struct vfio_pci_bar *b,
				 const struct resource *res)
{
	struct resource *dummy;

	if (!PAGE_ALIGNED(res->start))
		return false;

	dummy = kzalloc_obj(*dummy, GFP_KERNEL_ACCOUNT);
	if (!dummy)
		return false;

	dummy->name = "vfio sub-page reserved";
	dummy->start = res->end + 1;
	dummy->end = res->start + PAGE_SIZE - 1;
	dummy->flags = res->flags;
	if (request_resource(res->parent, dummy)) {
		kfree(dummy);
		return false;
	}
	b->dummy = dummy;
	return true;
}

static bool decide_mmap(struct vfio_pci_bar *b, const struct resource *res)
{
	if (!(res->flags & IORESOURCE_MEM) || !res->start ||
	    !vfio_pci_platform_has_address(res))
		return false;
	return resource_size(res) >= PAGE_SIZE || reserve_rest_of_page(b, res);
}

void vfio_pci_bars_open(struct vfio_pci_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	unsigned int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		struct vfio_pci_bar *b = &vdev->bars.bar[bar];

		*b = (struct vfio_pci_bar){ };
		if (vfio_pci_bars_mmap && pci_resource_len(pdev, bar) &&
		    !vfio_pci_bars_non_mappable(pdev))
			b->mmap = decide_mmap(b, &pdev->resource[bar]);
	}
}

static void close_bar(struct pci_dev *pdev, unsigned int bar,
		      struct vfio_pci_bar *b)
{
	if (b->dummy) {
		release_resource(b->dummy);
		kfree(b->dummy);
	}
	if (b->io)
		pci_iounmap(pdev, b->io);
	if (b->claimed)
		pci_release_region(pdev, bar);
	*b = (struct vfio_pci_bar){ };
}

void vfio_pci_bars_close(struct vfio_pci_device *vdev)
{
	unsigned int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		close_bar(vdev->pdev, bar, &vdev->bars.bar[bar]);
}

static int claim_locked(struct vfio_pci_device *vdev, unsigned int bar)
{
	struct vfio_pci_bar *b = &vdev->bars.bar[bar];
	struct pci_dev *pdev = vdev->pdev;
	int ret;

	lockdep_assert_held(&vdev->bars.lock);

	if (b->claimed)
		return 0;
	if (!pci_resource_len(pdev, bar) || vfio_pci_bars_non_mappable(pdev))
		return -ENODEV;

	ret = pci_request_region(pdev, bar, "vfio");
	b->claimed = !ret;
	return ret;
}

/* Claim BAR @bar: 0, -ENODEV if it can't be used, -EBUSY if it is another's */
int vfio_pci_bar_claim(struct vfio_pci_device *vdev, unsigned int bar)
{
	guard(mutex)(&vdev->bars.lock);

	return claim_locked(vdev, bar);
}

/*
 * The kernel's mapping of BAR @bar, created now if need be.  Returns an
 * ERR_PTR: an errno of vfio_pci_bar_claim() or -ENOMEM.
 */
void __iomem *vfio_pci_bar_map(struct vfio_pci_device *vdev, unsigned int bar)
{
	struct vfio_pci_bar *b = &vdev->bars.bar[bar];
	void __iomem *io = vfio_pci_bar_mapped(vdev, bar);
	int ret;

	if (io)
		return io;

	guard(mutex)(&vdev->bars.lock);
	if (b->io)
		return b->io;

	ret = claim_locked(vdev, bar);
	if (ret)
		return IOMEM_ERR_PTR(ret);

	io = pci_iomap(vdev->pdev, bar, 0);
	if (!io)
		return IOMEM_ERR_PTR(-ENOMEM);
	/* Pairs with the acquire of vfio_pci_bar_mapped() */
	smp_store_release(&b->io, io);
	return io;
}

/* Does [@off, @off + @len) of BAR @bar touch the MSI-X table? */
bool vfio_pci_bar_hits_msix(struct vfio_pci_device *vdev, unsigned int bar,
			    u64 off, u64 len)
{
	const struct vfio_pci_bars *bars = &vdev->bars;

	return bar == bars->msix_bar &&
	       off < (u64)bars->msix_offset + bars->msix_size &&
	       off + len > bars->msix_offset;
}

/*
 * Returns the bytes done, fewer than @count at the end of the BAR; -EINVAL for
 * a BAR that isn't there or an offset behind its end, or what
 * vfio_pci_bar_map() or vfio_pci_io_rw() say.
 */
ssize_t vfio_pci_common_bar_rw(struct vfio_pci_access *access,
			       unsigned int bar, char __user *buf, size_t count,
			       u64 off, bool iswrite)
{
	struct vfio_pci_device *vdev = access->vdev;
	const struct resource *res = &vdev->pdev->resource[bar];
	bool port = res->flags & IORESOURCE_IO;
	bool msix = bar == vdev->bars.msix_bar;
	u64 size = pci_resource_len(vdev->pdev, bar);
	struct vfio_pci_io io = {
		.base = vfio_pci_bar_mapped(vdev, bar),
		.port = port,
		.test_memory = !port,
		.max_width = port ? 4 : 8,
		.hole_start = msix ? vdev->bars.msix_offset : 0,
		.hole_end = msix ? vdev->bars.msix_offset +
				   (u64)vdev->bars.msix_size : 0,
	};

	if (!res->start || off >= size)
		return -EINVAL;

	if (unlikely(!io.base)) {
		io.base = vfio_pci_bar_map(vdev, bar);
		if (IS_ERR(io.base))
			return PTR_ERR(io.base);
	}

	return vfio_pci_io_rw(access, &io, buf, min_t(u64, count, size - off),
			      off, iswrite);
}
