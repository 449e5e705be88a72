// SPDX-License-Identifier: GPL-2.0-only
/*
 * BARs in the user's address space.
 *
 * A mapping is always granted and starts empty.  A touch faults; if the gate
 * is open and memory decoding on, the page goes in, else the user gets SIGBUS.
 * What stops access takes all mappings away again (access.c).
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/pci.h>

#include "access.h"
#include "bar.h"

#define REGION_PGOFF_SHIFT	(VFIO_PCI_COMMON_OFFSET_SHIFT - PAGE_SHIFT)

static unsigned int vma_region(const struct vm_area_struct *vma)
{
	return vma->vm_pgoff >> REGION_PGOFF_SHIFT;
}

/* First page of the mapping, counted from the start of its region */
static unsigned long vma_region_page(const struct vm_area_struct *vma)
{
	return vma->vm_pgoff & (BIT_ULL(REGION_PGOFF_SHIFT) - 1);
}

static vm_fault_t insert(struct vm_fault *vmf, unsigned long pfn,
			 unsigned int order)
{
	switch (order) {
	case 0:
		return vmf_insert_pfn(vmf->vma, vmf->address, pfn);
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
	case PMD_ORDER:
		return vmf_insert_pfn_pmd(vmf, pfn,
					  vmf->flags & FAULT_FLAG_WRITE);
#endif
#ifdef CONFIG_ARCH_SUPPORTS_PUD_PFNMAP
	case PUD_ORDER:
		return vmf_insert_pfn_pud(vmf, pfn,
					  vmf->flags & FAULT_FLAG_WRITE);
#endif
	default:
		return VM_FAULT_FALLBACK;
	}
}

static vm_fault_t bar_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	struct vfio_pci_device *vdev = vma->vm_private_data;
	unsigned long size = PAGE_SIZE << order;
	unsigned long addr = ALIGN_DOWN(vmf->address, size);
	unsigned long pfn;

	pfn = PHYS_PFN(pci_resource_start(vdev->pdev, vma_region(vma))) +
	      vma_region_page(vma) + ((addr - vma->vm_start) >> PAGE_SHIFT);

	if (order && (addr < vma->vm_start || addr + size > vma->vm_end ||
		      !IS_ALIGNED(pfn, 1UL << order)))
		return VM_FAULT_FALLBACK;

	guard(rwsem_read)(&vdev->gate.lock);

	if (vdev->power.low_power || !vfio_pci_memory_enabled(vdev))
		return VM_FAULT_SIGBUS;
	return insert(vmf, pfn, order);
}

static vm_fault_t bar_fault(struct vm_fault *vmf)
{
	return bar_huge_fault(vmf, 0);
}

static const struct vm_operations_struct bar_vm_ops = {
	.fault		= bar_fault,
#ifdef CONFIG_ARCH_SUPPORTS_HUGE_PFNMAP
	.huge_fault	= bar_huge_fault,
#endif
};

static int mmap_bar(struct vfio_pci_device *vdev, unsigned int bar,
		    struct vm_area_struct *vma)
{
	u64 size = PAGE_ALIGN((u64)pci_resource_len(vdev->pdev, bar));
	u64 start = (u64)vma_region_page(vma) << PAGE_SHIFT;
	int ret;

	if (!vdev->bars.bar[bar].mmap)
		return -EINVAL;
	if (start + (vma->vm_end - vma->vm_start) > size)
		return -EINVAL;
	ret = vfio_pci_bar_claim(vdev, bar);
	if (ret)
		return ret;

	vma->vm_private_data = vdev;
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_page_prot = pgprot_decrypted(vma->vm_page_prot);
	vma->vm_ops = &bar_vm_ops;
	vm_flags_set(vma, VM_ALLOW_ANY_UNCACHED | VM_IO | VM_PFNMAP |
			  VM_DONTEXPAND | VM_DONTDUMP);
	return 0;
}

static int mmap_region_of_driver(struct vfio_pci_device *vdev,
				 unsigned int nr, struct vm_area_struct *vma)
{
	struct vfio_pci_region *region;

	if (nr >= vdev->nr_regions)
		return -EINVAL;

	region = &vdev->regions[nr];
	if (!region->ops->mmap ||
	    !(region->flags & VFIO_REGION_INFO_FLAG_MMAP))
		return -EINVAL;
	return region->ops->mmap(vdev, region, vma);
}

/**
 * vfio_pci_common_mmap - map a region of the device
 * @core_vdev: the device, open
 * @vma: the mapping; its offset selects the region
 *
 * The mmap operation of struct vfio_device_ops.
 *
 * Context: process, under the caller's mmap_lock.
 * Return: 0; -EINVAL if the mapping is private, the region doesn't exist or
 * can't be mapped, or the mapping reaches beyond its end; -EBUSY if the BAR
 * belongs to somebody else.
 */
int vfio_pci_common_mmap(struct vfio_device *core_vdev,
			 struct vm_area_struct *vma)
{
	struct vfio_pci_device *vdev = vfio_pci_common_device(core_vdev);
	unsigned int index = vma_region(vma);

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (index >= VFIO_PCI_NUM_REGIONS)
		return mmap_region_of_driver(vdev, index - VFIO_PCI_NUM_REGIONS,
					     vma);
	if (index >= VFIO_PCI_ROM_REGION_INDEX)
		return -EINVAL;
	return mmap_bar(vdev, index, vma);
}
EXPORT_SYMBOL_GPL(vfio_pci_common_mmap);
