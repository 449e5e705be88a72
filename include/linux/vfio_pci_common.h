/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vfio-pci-common: everything a PCI device needs to be handed to user space.
 *
 * A driver embeds struct vfio_pci_device in its own structure, points its
 * struct vfio_device_ops at the functions below (VFIO_PCI_COMMON_OPS names all
 * of the defaults) and registers.  drivers/vfio/pci/vfio_pci.c is the smallest
 * complete example.
 *
 * Locks, outermost first:
 *
 *   vfio_device_set.lock      open, close, hot reset        (vfio core)
 *   vfio_pci_irq.lock         which interrupts are set up
 *   vfio_pci_config.lock      config space, one access at a time
 *   vfio_pci_gate.lock        rwsem: the user's access to memory resources
 *   vfio_pci_irq.intx_lock    INTx mask state               (hard irq)
 *
 * User memory is never touched under config.lock or gate.lock: a page fault
 * takes mmap_lock, and the fault handler of a BAR mapping takes gate.lock.
 */
#ifndef VFIO_PCI_COMMON_H
#define VFIO_PCI_COMMON_H

#include <linux/eventfd.h>
#include <linux/irqbypass.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uuid.h>
#include <linux/vfio.h>
#include <linux/xarray.h>

/* Device file offsets: region index in the high bits, offset in the low ones */
#define VFIO_PCI_COMMON_OFFSET_SHIFT	40
#define VFIO_PCI_COMMON_OFFSET_MASK	\
	(((u64)1 << VFIO_PCI_COMMON_OFFSET_SHIFT) - 1)

static inline u64 vfio_pci_common_index_to_offset(unsigned int index)
{
	return (u64)index << VFIO_PCI_COMMON_OFFSET_SHIFT;
}

static inline unsigned int vfio_pci_common_offset_to_index(u64 offset)
{
	return offset >> VFIO_PCI_COMMON_OFFSET_SHIFT;
}

struct vfio_pci_device;
struct vfio_pci_region;
struct vfio_pci_perm_tables;
struct vfio_pci_vector;
struct vfio_pci_vf_token;

/**
 * struct vfio_pci_region_ops - what a device specific region does
 * @rw: read or write @count bytes at @ppos (device file offset); return the
 *	bytes done or a negative errno
 * @release: free what the region owns; called at the last close
 * @mmap: optional; needed if the region has VFIO_REGION_INFO_FLAG_MMAP
 * @add_capability: optional; add to the region's info capability chain
 */
struct vfio_pci_region_ops {
	ssize_t (*rw)(struct vfio_pci_device *vdev, char __user *buf,
		      size_t count, loff_t *ppos, bool iswrite);
	void (*release)(struct vfio_pci_device *vdev,
			struct vfio_pci_region *region);
	int (*mmap)(struct vfio_pci_device *vdev,
		    struct vfio_pci_region *region,
		    struct vm_area_struct *vma);
	int (*add_capability)(struct vfio_pci_device *vdev,
			      struct vfio_pci_region *region,
			      struct vfio_info_cap *caps);
};

/**
 * struct vfio_pci_region - a device specific region, index VFIO_PCI_NUM_REGIONS
 *	and up
 * @type: VFIO_REGION_TYPE_*, as announced in the region's info
 * @subtype: VFIO_REGION_SUBTYPE_*
 * @ops: see struct vfio_pci_region_ops
 * @data: the owner's
 * @size: in bytes
 * @flags: VFIO_REGION_INFO_FLAG_*
 */
struct vfio_pci_region {
	u32				type;
	u32				subtype;
	const struct vfio_pci_region_ops *ops;
	void				*data;
	size_t				size;
	u32				flags;
};

/**
 * struct vfio_pci_eventfd - an eventfd that is signalled without a lock
 * @ctx: the eventfd, a reference of ours
 * @rcu: puts @ctx and frees after a grace period
 */
struct vfio_pci_eventfd {
	struct eventfd_ctx	*ctx;
	struct rcu_head		rcu;
};

/**
 * struct vfio_pci_policy - choices of the driver, set before registration
 * @nointxmask: never mask INTx at the device (PCI 2.3), always at the line
 * @disable_vga: no VGA region
 * @disable_idle_d3: a device that nobody has open stays in D0
 */
struct vfio_pci_policy {
	bool nointxmask;
	bool disable_vga;
	bool disable_idle_d3;
};

/**
 * struct vfio_pci_config - config space as the user sees it (config.c)
 * @lock: one access at a time; protects the contents of @map and @vcopy and
 *	the rest of this struct.  The MEM bit of @vcopy is written with
 *	vfio_pci_gate.lock held for write as well, so that either lock is
 *	enough to read it.
 * @tables: shared permission tables; from registration to unregistration
 * @map: rule of each byte, and where an owner begins; valid while open
 * @vcopy: virtual copy, one byte per byte of config space; valid while open
 * @size: bytes in @map and @vcopy
 * @bars: hardware's BARs and ROM BAR as found at open, to heal a reset that
 *	happened behind our back
 */
struct vfio_pci_config {
	struct mutex				lock;	/* of config space */
	const struct vfio_pci_perm_tables	*tables;
	u8					*map;
	u8					*vcopy;
	u16					size;
	u32					bars[PCI_STD_NUM_BARS + 1];
};

/**
 * struct vfio_pci_gate - stops and resumes the user's access (access.c)
 * @lock: held for read by every access to a memory resource, for write while
 *	memory decoding is changed, the device is reset or changes power state
 */
struct vfio_pci_gate {
	struct rw_semaphore	lock;
};

/**
 * struct vfio_pci_bar - one BAR (bar.c, mmap.c)
 * @io: kernel mapping, NULL until the first access needs it; set once while
 *	open, under vfio_pci_bars.lock
 * @claimed: the region was requested; under vfio_pci_bars.lock
 * @mmap: may be mapped by the user; set at open
 * @dummy: reserves the rest of the page of a BAR smaller than a page
 */
struct vfio_pci_bar {
	void __iomem	*io;
	bool		claimed;
	bool		mmap;
	struct resource	*dummy;
};

/**
 * struct vfio_pci_bars - the BARs and the MSI-X table among them
 * @lock: serialises claims and the creation of kernel mappings
 * @bar: by BAR number
 * @msix_bar: BAR that holds the MSI-X table, PCI_STD_NUM_BARS if none
 * @msix_offset: of the table in that BAR
 * @msix_size: of the table, in bytes
 */
struct vfio_pci_bars {
	struct mutex		lock;	/* of bar[].io and .claimed */
	struct vfio_pci_bar	bar[PCI_STD_NUM_BARS];
	u8			msix_bar;
	u32			msix_offset;
	u32			msix_size;
};

/**
 * struct vfio_pci_irq - interrupts (irq.c, intx.c, msi.c, err.c)
 * @lock: which index is active, its vectors, and the writers of @err and @req
 * @intx_lock: INTx mask state; taken in hard irq context
 * @vectors: struct vfio_pci_vector by vector number
 * @type: VFIO_PCI_{INTX,MSI,MSIX}_IRQ_INDEX, or VFIO_PCI_NUM_IRQS if none;
 *	written under @lock, read without it where a change does no harm
 * @nr_msi: MSI vectors of the device; set at open
 * @nr_msix: MSI-X vectors of the device; set at open
 * @intx: the INTx vector while it is set up; changed under @lock and
 *	@intx_lock, so either is enough to read it
 * @intx_disabled: virtual INTx Disable bit; changes under config.lock and
 *                 @intx_lock
 * @pci_2_3: INTx is masked at the device; set at open
 * @nointx: INTx is hidden from the user; set at open
 * @dyn_msix: vectors can be added while MSI-X is enabled; set at open
 * @msi_qmax: log2 of the MSI vectors in use, for the virtual queue size
 * @pm_masked: INTx was masked by runtime suspend
 * @err: signalled by error recovery; RCU
 * @req: signalled when the host wants the device back; RCU
 */
struct vfio_pci_irq {
	struct mutex			lock;		/* of what is set up */
	spinlock_t			intx_lock;	/* of the INTx mask */
	struct xarray			vectors;
	int				type;
	u16				nr_msi;
	u16				nr_msix;
	struct vfio_pci_vector		*intx;
	bool				intx_disabled;
	bool				pci_2_3;
	bool				nointx;
	bool				dyn_msix;
	u8				msi_qmax;
	bool				pm_masked;
	struct vfio_pci_eventfd __rcu	*err;
	struct vfio_pci_eventfd __rcu	*req;
};

/**
 * struct vfio_pci_reset - function and set reset (reset.c)
 * @works: the function reset done at open succeeded
 * @needed: left behind by a user, not reset since; under the device set's lock
 * @saved: config space before the user touched it
 * @registered: config space at registration
 */
struct vfio_pci_reset {
	bool			works;
	bool			needed;
	struct pci_saved_state	*saved;
	struct pci_saved_state	*registered;
};

/**
 * struct vfio_pci_power - power states (power.c)
 * @low_power: the user asked for low power; written with vfio_pci_config.lock
 *	and vfio_pci_gate.lock (write) held, so either is enough to read it
 * @wake: signalled when a device that really suspended is resumed
 * @needs_restore: the device loses its state in D3hot (no No_Soft_Reset)
 * @saved: config space before D3hot, if @needs_restore
 * @sriov_active: VFs exist, the PF has to stay in D0
 */
struct vfio_pci_power {
	bool			low_power;
	struct eventfd_ctx	*wake;
	bool			needs_restore;
	struct pci_saved_state	*saved;
	bool			sriov_active;
};

/**
 * struct vfio_pci_sriov - PF and VF relations, VF tokens (sriov.c)
 * @token: of a PF; NULL for other devices
 * @pf: of a VF whose VFs were enabled by this library; else NULL
 * @pf_link: on the list of PFs with VFs enabled
 * @nb: of a PF; sees its VFs come
 */
struct vfio_pci_sriov {
	struct vfio_pci_vf_token	*token;
	struct vfio_pci_device		*pf;
	struct list_head		pf_link;
	struct notifier_block		nb;
};

/**
 * struct vfio_pci_ioeventfds - eventfds that write to a BAR (ioeventfd.c)
 * @lock: protects @list and @nr
 * @list: struct vfio_pci_ioeventfd
 * @nr: entries on @list
 */
struct vfio_pci_ioeventfds {
	struct mutex		lock;	/* of list and nr */
	struct list_head	list;
	unsigned int		nr;
};

/**
 * struct vfio_pci_device - a PCI device that may be handed to user space
 * @vdev: what the vfio core knows of it; must be the first member of the
 *	driver's structure
 * @pdev: the PCI device
 * @policy: set by the driver between allocation and registration
 *
 * The other members are the library's, one for each of its files; config is
 * config.c's, and so on.
 */
struct vfio_pci_device {
	struct vfio_device		vdev;
	struct pci_dev			*pdev;
	struct vfio_pci_policy		policy;
	/* private: */
	struct hlist_node		registry;	/* look-up from pdev */
	struct vfio_pci_config		config;
	struct vfio_pci_gate		gate;
	struct vfio_pci_bars		bars;
	struct vfio_pci_irq		irq;
	struct vfio_pci_reset		reset;
	struct vfio_pci_power		power;
	struct vfio_pci_sriov		sriov;
	struct vfio_pci_ioeventfds	ioeventfds;
	struct list_head		dmabufs;	/* under the gate */
	struct vfio_pci_region		*regions;	/* set up at open */
	unsigned int			nr_regions;
	bool				has_vga;	/* set at open */
	bool				enabled;	/* since its first open */
};

static inline struct vfio_pci_device *
vfio_pci_common_device(struct vfio_device *vdev)
{
	return container_of(vdev, struct vfio_pci_device, vdev);
}

/* Permission tables: shared by all devices, there while somebody needs them */
const struct vfio_pci_perm_tables *vfio_pci_common_perm_get(void);
void vfio_pci_common_perm_put(const struct vfio_pci_perm_tables *tables);

/* Life cycle */
int vfio_pci_common_init_dev(struct vfio_device *vdev);
void vfio_pci_common_release_dev(struct vfio_device *vdev);
int vfio_pci_common_register_device(struct vfio_pci_device *vdev);
void vfio_pci_common_unregister_device(struct vfio_pci_device *vdev);
int vfio_pci_common_enable(struct vfio_pci_device *vdev);
void vfio_pci_common_finish_enable(struct vfio_pci_device *vdev);
void vfio_pci_common_disable(struct vfio_pci_device *vdev);
int vfio_pci_common_open_device(struct vfio_device *vdev);
void vfio_pci_common_close_device(struct vfio_device *vdev);
int vfio_pci_common_register_region(struct vfio_pci_device *vdev,
				    u32 type, u32 subtype,
				    const struct vfio_pci_region_ops *ops,
				    size_t size, u32 flags, void *data);

/* Operations of struct vfio_device_ops */
long vfio_pci_common_ioctl(struct vfio_device *vdev, unsigned int cmd,
			   unsigned long arg);
int vfio_pci_common_ioctl_feature(struct vfio_device *vdev, u32 flags,
				  void __user *arg, size_t argsz);
int vfio_pci_common_get_region_info_caps(struct vfio_device *vdev,
					 struct vfio_region_info *info,
					 struct vfio_info_cap *caps);
ssize_t vfio_pci_common_read(struct vfio_device *vdev, char __user *buf,
			     size_t count, loff_t *ppos);
ssize_t vfio_pci_common_write(struct vfio_device *vdev, const char __user *buf,
			      size_t count, loff_t *ppos);
int vfio_pci_common_mmap(struct vfio_device *vdev, struct vm_area_struct *vma);
void vfio_pci_common_request(struct vfio_device *vdev, unsigned int count);
int vfio_pci_common_match(struct vfio_device *vdev, char *buf);
int vfio_pci_common_match_name(struct vfio_device *vdev, const char *name,
			       const char *buf);
int vfio_pci_common_match_token_uuid(struct vfio_device *vdev,
				     const uuid_t *uuid);
int vfio_pci_common_parse_token(const char *options, uuid_t *uuid);

/* Of struct pci_driver */
#define VFIO_PCI_COMMON_IDS_DESC					\
	"IDs of devices to bind, vendor:device[:subvendor[:subdevice[:class[:class_mask]]]] in hex, separated by commas"

int vfio_pci_common_check_bind(struct pci_dev *pdev, bool disable_denylist);
void vfio_pci_common_add_ids(struct pci_driver *driver, char *ids);
int vfio_pci_common_sriov_configure(struct vfio_pci_device *vdev, int nr_vfs);
pci_ers_result_t vfio_pci_common_err_detected(struct pci_dev *pdev,
					      pci_channel_state_t state);
extern const struct pci_error_handlers vfio_pci_common_err_handlers;
extern const struct dev_pm_ops vfio_pci_common_pm_ops;

/*
 * Initialisers of struct vfio_device_ops for what drivers rarely change.  A
 * driver adds name, and its own functions in place of those it leaves out by
 * writing the list itself.
 */
#ifndef VFIO_PCI_COMMON_NEWEST_OPS
#define VFIO_PCI_COMMON_NEWEST_OPS					\
	.pasid_attach_ioas	= vfio_iommufd_physical_pasid_attach_ioas, \
	.pasid_detach_ioas	= vfio_iommufd_physical_pasid_detach_ioas, \
	.get_region_info_caps	= vfio_pci_common_get_region_info_caps,	\
	.match_token_uuid	= vfio_pci_common_match_token_uuid,
#endif

#define VFIO_PCI_COMMON_IOMMUFD_OPS					\
	.bind_iommufd		= vfio_iommufd_physical_bind,		\
	.unbind_iommufd		= vfio_iommufd_physical_unbind,		\
	.attach_ioas		= vfio_iommufd_physical_attach_ioas,	\
	.detach_ioas		= vfio_iommufd_physical_detach_ioas

#define VFIO_PCI_COMMON_OPS						\
	VFIO_PCI_COMMON_NEWEST_OPS					\
	VFIO_PCI_COMMON_IOMMUFD_OPS,					\
	.init			= vfio_pci_common_init_dev,		\
	.release		= vfio_pci_common_release_dev,		\
	.open_device		= vfio_pci_common_open_device,		\
	.close_device		= vfio_pci_common_close_device,		\
	.ioctl			= vfio_pci_common_ioctl,		\
	.device_feature		= vfio_pci_common_ioctl_feature,	\
	.read			= vfio_pci_common_read,			\
	.write			= vfio_pci_common_write,		\
	.mmap			= vfio_pci_common_mmap,			\
	.request		= vfio_pci_common_request

#endif /* VFIO_PCI_COMMON_H */
