// SPDX-License-Identifier: GPL-2.0-only
/* Memory: for the device behind its IOMMU, and with an edge for the kernel */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vfio_lib.h"

void *vfio_buffer(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void vfio_buffer_free(void *buf, size_t len)
{
	munmap(buf, len);
}

static int map_ioas(const struct vfio_dev *d, void *va, size_t len,
		    uint64_t iova, uint32_t rights)
{
	bool read = rights & VFIO_DMA_MAP_FLAG_READ;
	bool write = rights & VFIO_DMA_MAP_FLAG_WRITE;
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA |
			 (read ? IOMMU_IOAS_MAP_READABLE : 0) |
			 (write ? IOMMU_IOAS_MAP_WRITEABLE : 0),
		.ioas_id = d->ioas,
		.user_va = (uintptr_t)va,
		.length = len,
		.iova = iova,
	};

	return vfio_ioctl(d->iommufd, IOMMU_IOAS_MAP, &map);
}

static int unmap_ioas(const struct vfio_dev *d, uint64_t iova, size_t len)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = d->ioas,
		.iova = iova,
		.length = len,
	};

	return vfio_ioctl(d->iommufd, IOMMU_IOAS_UNMAP, &unmap);
}

int vfio_dma_map_rights(const struct vfio_dev *d, void *va, size_t len,
			uint64_t iova, uint32_t rights)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = rights,
		.vaddr = (uintptr_t)va,
		.iova = iova,
		.size = len,
	};

	if (d->how == VFIO_HOW_CDEV)
		return map_ioas(d, va, len, iova, rights);
	return vfio_ioctl(vfio_dev_container(d), VFIO_IOMMU_MAP_DMA, &map);
}

int vfio_dma_map(const struct vfio_dev *d, void *va, size_t len, uint64_t iova)
{
	return vfio_dma_map_rights(d, va, len, iova, VFIO_DMA_MAP_FLAG_READ |
				   VFIO_DMA_MAP_FLAG_WRITE);
}

int vfio_dma_unmap(const struct vfio_dev *d, uint64_t iova, size_t len)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = len,
	};

	if (d->how == VFIO_HOW_CDEV)
		return unmap_ioas(d, iova, len);
	return vfio_ioctl(vfio_dev_container(d), VFIO_IOMMU_UNMAP_DMA, &unmap);
}

/* --- A page, and behind it a page that nobody may touch ------------------ */

static uintptr_t page_of(const void *p)
{
	return (uintptr_t)p & ~(uintptr_t)(getpagesize() - 1);
}

void *vfio_guarded(size_t len)
{
	size_t page = getpagesize();
	char *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	mprotect(p + page, page, PROT_NONE);
	return p + page - len;
}

/* Length 0 would hand out the second page's address, so both are looked at */
void vfio_guarded_free(void *p)
{
	munmap((void *)page_of((char *)p - 1), 2 * getpagesize());
}

void *vfio_read_only(const void *data, size_t len)
{
	void *p = vfio_buffer(getpagesize());

	if (!p)
		return NULL;
	memcpy(p, data, len);
	mprotect(p, getpagesize(), PROT_READ);
	return p;
}
