/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the vfio tests share: finding, binding and opening a device by name,
 * and one small helper per thing that user space does with it.
 *
 * Conventions:
 *  - A helper returns 0, a count or a file descriptor when it succeeds and a
 *    negative errno when it does not.  It never asserts: the assertion, and
 *    therefore the line number of a failure, stays in the test.
 *  - Devices are named, not addressed: "edu", "nvme" ...  How a name becomes
 *    an address is said in devices.h.  A PCI address ("0000:00:04.0") or the
 *    UUID of a mediated device is accepted wherever such a name is.
 *  - "hw" in a name means that the kernel's own view through sysfs is used, as
 *    opposed to what vfio shows to the user.
 */
#ifndef VFIO_LIB_H
#define VFIO_LIB_H

#include <linux/pci_regs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "vfio_uapi.h"

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#endif

/** enum vfio_how - the ways in which user space can get at a device */
enum vfio_how {
	/** @VFIO_HOW_TYPE1: /dev/vfio/<group> and a type1 container */
	VFIO_HOW_TYPE1,
	/** @VFIO_HOW_COMPAT: /dev/vfio/<group>, an iommufd as its container */
	VFIO_HOW_COMPAT,
	/** @VFIO_HOW_CDEV: /dev/vfio/devices/vfioN bound to an iommufd */
	VFIO_HOW_CDEV,
};

/**
 * struct vfio_target - which device a test is about
 * @name: name of the device table, PCI address, or UUID of an mdev.  How it is
 *	opened is the same for all devices of a run, see mode.h
 * @token: VF token to show at the open, as text; NULL for none
 */
struct vfio_target {
	const char *name;
	const char *token;
};

#define VFIO_NR_REGIONS		9
#define VFIO_NR_IRQS		5

/**
 * struct vfio_dev - an open device
 * @target: what was asked for
 * @how: the interface it was opened by
 * @addr: PCI address, that of its parent for an mdev
 * @name: what GET_DEVICE_FD takes: @addr, or the UUID of the mdev
 * @sysfs: directory of the PCI device in sysfs
 * @fd: the device
 * @group: the group, -1 for a cdev
 * @container: the type1 container, -1 otherwise
 * @iommufd: the iommufd, -1 for type1
 * @ioas: address space in @iommufd that @fd is attached to
 * @devid: what a cdev is called in @iommufd
 * @info: answer of DEVICE_GET_INFO at open
 * @region: answers of DEVICE_GET_REGION_INFO at open, size 0 where refused
 */
struct vfio_dev {
	struct vfio_target target;
	enum vfio_how how;
	char addr[40];
	char name[40];
	char sysfs[128];
	int fd;
	int group;
	int container;
	int iommufd;
	uint32_t ioas;
	uint32_t devid;
	struct vfio_device_info info;
	struct vfio_region_info region[VFIO_NR_REGIONS];
};

/* --- device.c: finding and opening ------------------------------------- */

/**
 * vfio_target_missing() - why a test on a target cannot run here
 * @t: the target
 *
 * Return: NULL when it can run, otherwise the reason as text for SKIP().
 */
const char *vfio_target_missing(const struct vfio_target *t);

/**
 * vfio_token_missing() - why VF tokens cannot be tested on a target
 * @t: the target
 *
 * Return: NULL, or a text for SKIP(), in particular for a kernel on which a
 * cdev takes no token.
 */
const char *vfio_token_missing(const struct vfio_target *t);

/* The 16 bytes of a VF token given as text; -EINVAL */
int vfio_token_bytes(const char *text, uint8_t *uuid);

/**
 * vfio_device_find() - translate a device name into its PCI address
 * @name: as in struct vfio_target; for the UUID of an mdev it is the parent's
 * @addr: buffer for the result
 * @len: size of @addr
 *
 * Return: 0, -ENODEV when the machine has no such device, or -errno when that
 * can't be told.
 */
int vfio_device_find(const char *name, char *addr, size_t len);

/**
 * vfio_dev_open() - bind a device if necessary, and open it
 * @d: filled in
 * @t: which device, and how
 *
 * A PCI device is given to the driver under test first, by vfio_driver_take(),
 * and stays so after vfio_dev_close(); the main() of VFIO_TEST_MAIN gives all
 * devices back in the end.
 *
 * Return: 0 or the errno of the first step that failed, nothing being open.
 */
int vfio_dev_open(struct vfio_dev *d, const struct vfio_target *t);

/**
 * vfio_dev_open_with() - open a device in the address space of another one
 * @d: filled in
 * @t: which device; opened the way @owner was
 * @owner: open device whose container or iommufd (and group, when both are in
 *	the same one) is used; they may be closed in any order
 *
 * Return: 0 or the errno of the first step that failed.
 */
int vfio_dev_open_with(struct vfio_dev *d, const struct vfio_target *t,
		       const struct vfio_dev *owner);

/**
 * vfio_dev_close() - close everything that vfio_dev_open() opened
 * @d: the device; closing it twice, or when it was never opened after being
 *	zeroed by VFIO_DEV_INIT, is harmless
 */
void vfio_dev_close(struct vfio_dev *d);

/* The container of its group, whatever serves as one */
int vfio_dev_container(const struct vfio_dev *d);

/* A vfio_dev that is not open */
#define VFIO_DEV_INIT \
	((struct vfio_dev){ .fd = -1, .group = -1, .container = -1, .iommufd = -1 })

/* The single steps of an open, for the tests about them; -errno or an fd */
int vfio_container_open(void);	/* in this mode: maybe an iommufd */
int vfio_group_number(const char *addr);
/* What GET_DEVICE_FD calls the device in this mode: its address or a UUID */
void vfio_device_name(const char *addr, char *name, size_t len);
int vfio_group_open(int number);
int vfio_group_device_fd(int group, const char *name);
int vfio_cdev_open(const char *name);

/* --- driver.c: who drives a device -------------------------------------- */

/* Result is "" without a driver; -errno when there is no such device */
int vfio_driver_of(const char *addr, char *driver, size_t len);

/**
 * vfio_driver_bind() - unbind a device from its driver and bind it to another
 * @addr: PCI address
 * @driver: name of the driver; NULL unbinds only
 *
 * Goes through driver_override, which is left set while @driver is bound.
 *
 * Return: 0 or the errno that sysfs answered.
 */
int vfio_driver_bind(const char *addr, const char *driver);

/**
 * vfio_driver_unbind() - unbind, and forget driver_override
 * @addr: PCI address
 *
 * Return: 0 or the errno that sysfs answered.
 */
int vfio_driver_unbind(const char *addr);

/**
 * vfio_driver_give_back() - hand a device to the driver the kernel would pick
 * @addr: PCI address
 *
 * Return: 0 or the errno that sysfs answered; also 0 when no driver wants it.
 */
int vfio_driver_give_back(const char *addr);

/* Address of the VF with that number, counted from 0, of a PF; -errno */
int vfio_vf_find(const char *pf, unsigned int number, char *addr, size_t len);

/**
 * vfio_driver_take() - have the driver under test drive a device
 * @addr: PCI address
 *
 * In a mode that reaches devices as mdevs, the mdev is made as well.
 *
 * Return: 0 or the errno that sysfs answered.
 */
int vfio_driver_take(const char *addr);

/* Whether the driver under test drives the device */
bool vfio_driver_has(const char *addr);

/* The driver under test, "vfio-pci" or "vfio-mdev-pci" */
const char *vfio_driver(void);
bool vfio_driver_is_loaded(void);
/* What its module is called where "-" cannot be, and a file of it in sysfs */
const char *vfio_driver_module(void);
void vfio_driver_module_path(const char *file, char *path, size_t len);
/* A file of it in sysfs as a driver, such as "bind" */
void vfio_driver_path(const char *file, char *path, size_t len);
/* Such a file of any driver; -errno */
int vfio_driver_attr_write(const char *driver, const char *attr,
			   const char *text);

/* Unload the driver under test; load it with these parameters; exit codes */
int vfio_driver_unload(void);
int vfio_driver_load(const char *parameters);
/* Both */
int vfio_driver_reload(const char *parameters);
/* Unload what else uses the library: the driver of the other modes; exit code */
int vfio_other_driver_unload(void);

/* Text for the driver's new_id and remove_id, such as "1234 11e8" */
int vfio_driver_new_id(const char *driver, const char *id);
int vfio_driver_remove_id(const char *driver, const char *id);

/* Run modprobe; the answer is 0 or -ENOENT, the reason goes to stderr */
int vfio_modprobe(const char *module);
/* And modprobe -r, with its exit code */
int vfio_modprobe_remove(const char *module);

/**
 * vfio_test_begin() - load the driver, and remember who drives which device
 *
 * When the calling process exits, each device that tests may have bound goes
 * back to the driver it has now.  VFIO_TEST_MAIN calls it.
 */
void vfio_test_begin(void);

/* --- mdev.c: mediated devices that the sample driver makes --------------- */

/* Whether a name is a UUID, as opposed to a PCI address or a name of the table */
bool vfio_is_uuid(const char *name);
/* The UUID that the mdev of a PCI device has in tests, the same every time */
void vfio_mdev_uuid(const char *addr, char *uuid, size_t len);
/* PCI address of the device that an mdev is made of; -errno */
int vfio_mdev_parent(const char *uuid, char *addr, size_t len);
bool vfio_mdev_exists(const char *uuid);
/* Make the mdev of a PCI device that has the sample driver; errno of sysfs */
int vfio_mdev_create(const char *addr, const char *uuid);
int vfio_mdev_remove(const char *uuid);

/* --- sysfs.c: small files ----------------------------------------------- */

/* Length of the text, without the newline that ends it */
int vfio_file_read(const char *path, char *buf, size_t len);
int vfio_file_write(const char *path, const char *text);
/* Attribute of a device, e.g. "numa_node"; -errno */
int vfio_attr_read(const char *addr, const char *attr, char *buf, size_t len);
int vfio_attr_write(const char *addr, const char *attr, const char *text);

/**
 * vfio_file_write_begin() - write to a file in a process of its own
 * @path: the file
 * @text: what to write
 *
 * For writes that wait until the caller lets go of a device; the process has
 * none of the caller's files, and no mapping of a device.
 *
 * Return: the process, for vfio_file_write_end().
 */
pid_t vfio_file_write_begin(const char *path, const char *text);
pid_t vfio_attr_write_begin(const char *addr, const char *attr,
			    const char *text);
/* Whether it still writes */
bool vfio_file_write_waits(pid_t pid);
/* Wait for its end; what the write returned, as vfio_file_write() does */
int vfio_file_write_end(pid_t pid);

/* Whether the device gets to that state ("active", "suspended") in a while */
bool vfio_runtime_becomes(const char *addr, const char *state);
/* Whether it is in that state and stays there for a while */
bool vfio_runtime_stays(const char *addr, const char *state);

/*
 * Write a number that is told from other accesses in QEMU's trace, which
 * "vm/run -T" keeps: to the Interrupt Line register of 0000:00:00.0, which only
 * stores it; -errno
 */
int vfio_trace_mark(uint8_t number);

/* Resource @index (6 is the ROM) as the kernel assigned it; -errno */
int vfio_resource(const char *addr, int index, uint64_t *start, uint64_t *size,
		  uint64_t *flags);

/* --- region.c: reading, writing, mapping -------------------------------- */

/* ioctl() that returns -errno, or what the ioctl returned */
int vfio_ioctl(int fd, unsigned long request, const void *arg);

/**
 * vfio_region_read() - pread() at an offset of a region
 * @d: the device
 * @index: any number; those without a region use the library's encoding, so
 *	that the refusal can be tested
 * @offset: within the region
 * @buf: any pointer, bad ones too
 * @len: bytes
 *
 * Return: bytes read or -errno.
 */
ssize_t vfio_region_read(const struct vfio_dev *d, unsigned int index,
			 uint64_t offset, void *buf, size_t len);
ssize_t vfio_region_write(const struct vfio_dev *d, unsigned int index,
			  uint64_t offset, const void *buf, size_t len);
/* Position of @offset of region @index in the device file */
uint64_t vfio_region_pos(const struct vfio_dev *d, unsigned int index,
			 uint64_t offset);
/* GET_REGION_INFO; @argsz bytes are behind @info; -errno */
int vfio_region_info(const struct vfio_dev *d, unsigned int index,
		     struct vfio_region_info *info, size_t argsz);
/* Capability of a GET_INFO or GET_REGION_INFO answer, or NULL */
const struct vfio_info_cap_header *
vfio_info_cap(const void *info, uint32_t argsz, uint32_t cap_offset,
	      uint16_t id);

/**
 * vfio_region_mmap() - map part of a region
 * @d: the device
 * @index: region
 * @offset: within the region
 * @len: bytes
 * @prot: PROT_*
 * @flags: MAP_*
 * @addr: the mapping
 *
 * Return: 0 or -errno.
 */
int vfio_region_mmap(const struct vfio_dev *d, unsigned int index,
		     uint64_t offset, size_t len, int prot, int flags,
		     void **addr);

/**
 * vfio_load() - read mapped device memory that may not be there
 * @addr: naturally aligned address
 * @width: 1, 2, 4 or 8
 * @val: result, may be NULL
 *
 * Return: 0, or the signal (SIGBUS, SIGSEGV) that the access raised.
 */
int vfio_load(const void *addr, int width, uint64_t *val);
int vfio_store(void *addr, int width, uint64_t val);

/* --- config.c: configuration space -------------------------------------- */

/**
 * vfio_cfg_read() - read a register as the user sees it
 * @d: the device
 * @pos: offset in configuration space, any alignment
 * @width: 1, 2 or 4
 * @val: result
 *
 * Return: 0 or -errno.
 */
int vfio_cfg_read(const struct vfio_dev *d, unsigned int pos, int width,
		  uint32_t *val);
int vfio_cfg_write(const struct vfio_dev *d, unsigned int pos, int width,
		   uint32_t val);

/* Value, for use in assertions; a failed read is reported and gives all ones */
uint8_t vfio_cfg8(const struct vfio_dev *d, unsigned int pos);
uint16_t vfio_cfg16(const struct vfio_dev *d, unsigned int pos);
uint32_t vfio_cfg32(const struct vfio_dev *d, unsigned int pos);

/* The same registers in the device itself, by sysfs, needs CAP_SYS_ADMIN */
int vfio_hw_cfg_write(const struct vfio_dev *d, unsigned int pos, int width,
		      uint32_t val);
uint8_t vfio_hw_cfg8(const struct vfio_dev *d, unsigned int pos);
uint16_t vfio_hw_cfg16(const struct vfio_dev *d, unsigned int pos);
uint32_t vfio_hw_cfg32(const struct vfio_dev *d, unsigned int pos);

/* Values by width, to loop over widths */
uint32_t vfio_cfg(const struct vfio_dev *d, unsigned int pos, int width);
uint32_t vfio_hw_cfg(const struct vfio_dev *d, unsigned int pos, int width);

/**
 * vfio_cfg_effect() - what a user's write makes of a register, and what it should
 * @d: the device
 * @pos: offset in configuration space
 * @width: 1, 2 or 4
 * @val: written by the user
 * @mask: bits that a user may write to the device
 * @by_user: what the device holds after the user wrote @val
 * @by_host: what it holds after the host wrote those bits of @val that are in
 *	@mask, and all others unchanged
 *
 * The device's register is put back.
 *
 * Return: 0 or -errno.
 */
int vfio_cfg_effect(const struct vfio_dev *d, unsigned int pos, int width,
		    uint32_t val, uint32_t mask, uint32_t *by_user,
		    uint32_t *by_host);

/** struct vfio_cap - one capability found on a chain */
struct vfio_cap {
	/** @id: capability id */
	uint16_t id;
	/** @pos: offset in configuration space */
	uint16_t pos;
};

#define VFIO_MAX_CAPS	64

/**
 * vfio_caps() - walk the standard capabilities
 * @d: the device
 * @hw: walk the device's own chain instead of the one the user sees
 * @caps: room for VFIO_MAX_CAPS
 *
 * Return: number found, or -ELOOP when the chain does not end.
 */
int vfio_caps(const struct vfio_dev *d, bool hw, struct vfio_cap *caps);
int vfio_ecaps(const struct vfio_dev *d, bool hw, struct vfio_cap *caps);

/* Offset of the first capability of that id that the user sees, 0 if none */
unsigned int vfio_cap_find(const struct vfio_dev *d, uint8_t id);
unsigned int vfio_ecap_find(const struct vfio_dev *d, uint16_t id);
unsigned int vfio_hw_cap_find(const struct vfio_dev *d, uint8_t id);
unsigned int vfio_hw_ecap_find(const struct vfio_dev *d, uint16_t id);

/* Clear, then set bits of the command register; -errno */
int vfio_command(const struct vfio_dev *d, uint16_t clear, uint16_t set);
/* Turn memory decoding on or off */
int vfio_memory(const struct vfio_dev *d, bool on);
/* Turn bus mastering on or off */
int vfio_bus_master(const struct vfio_dev *d, bool on);
/* Write the power state (0 = D0 ... 3 = D3hot); -ENODEV without capability */
int vfio_power(const struct vfio_dev *d, unsigned int state);

/* --- dma.c: memory for the device --------------------------------------- */

/* Page-aligned zeroed memory, locked; NULL on failure */
void *vfio_buffer(size_t len);
void vfio_buffer_free(void *buf, size_t len);
/* Map for reading and writing by the device, by the container or iommufd */
int vfio_dma_map(const struct vfio_dev *d, void *va, size_t len, uint64_t iova);
int vfio_dma_unmap(const struct vfio_dev *d, uint64_t iova, size_t len);
/* The same with only some rights: VFIO_DMA_MAP_FLAG_READ, _WRITE */
int vfio_dma_map_rights(const struct vfio_dev *d, void *va, size_t len,
			uint64_t iova, uint32_t rights);

/**
 * vfio_guarded() - memory that ends where an unmapped page begins
 * @len: bytes, at most a page
 *
 * A kernel that touches one byte more than it may runs into EFAULT.
 *
 * Return: pointer to @len zeroed bytes; free with vfio_guarded_free().
 */
void *vfio_guarded(size_t len);
void vfio_guarded_free(void *p);

/* A copy, at most a page, that the kernel can read but not write; never freed */
void *vfio_read_only(const void *data, size_t len);

/* An address that no access may succeed at */
#define VFIO_BAD_POINTER	((void *)8)

/* --- irq.c: interrupts and eventfds ------------------------------------- */

/**
 * vfio_irq_set() - DEVICE_SET_IRQS
 * @d: the device
 * @flags: VFIO_IRQ_SET_DATA_* and VFIO_IRQ_SET_ACTION_*
 * @index: VFIO_PCI_*_IRQ_INDEX, or any number
 * @start: first interrupt
 * @count: number of interrupts
 * @data: payload, copied behind the header
 * @len: bytes of @data; argsz is the header and @len
 *
 * Return: what the ioctl returned, or -errno.
 */
int vfio_irq_set(const struct vfio_dev *d, uint32_t flags, uint32_t index,
		 uint32_t start, uint32_t count, const void *data, size_t len);
/* Set triggers: fds[0..count) from interrupt @start on, -1 clears one */
int vfio_irq_eventfds(const struct vfio_dev *d, uint32_t index, uint32_t start,
		      uint32_t count, const int32_t *fds);
/* Turn off a whole index */
int vfio_irq_disable(const struct vfio_dev *d, uint32_t index);
/* GET_IRQ_INFO; -errno */
int vfio_irq_info(const struct vfio_dev *d, uint32_t index,
		  struct vfio_irq_info *info);

/* New non-blocking eventfd, or -errno */
int vfio_eventfd(void);
/* Events since the last call, waiting up to @ms for the first; -ETIMEDOUT */
int64_t vfio_eventfd_wait(int fd, int ms);

/* --- misc.c ------------------------------------------------------------- */

/**
 * vfio_feature() - DEVICE_FEATURE
 * @d: the device
 * @flags: VFIO_DEVICE_FEATURE_GET, _SET, _PROBE and the number of the feature
 * @data: payload, written back on success; may be NULL
 * @len: bytes of @data; argsz is the header and @len
 *
 * Return: what the ioctl returned, or -errno.
 */
int vfio_feature(const struct vfio_dev *d, uint32_t flags, void *data,
		 size_t len);

/**
 * vfio_argsz_case() - issue an ioctl with a chosen argsz
 * @fd: device
 * @request: ioctl
 * @arg: the arguments, argsz first; brought up to date afterwards
 * @size: bytes of @arg that the kernel can read; an unmapped page follows
 * @argsz: value put into argsz, whatever @size is
 *
 * Return: what the ioctl returned, or -errno.
 */
int vfio_argsz_case(int fd, unsigned long request, void *arg, size_t size,
		    uint32_t argsz);

/**
 * vfio_argsz_tail() - issue an ioctl with a long argsz and a dirty tail
 * @fd: device
 * @request: ioctl
 * @arg: the arguments, argsz first; brought up to date afterwards
 * @size: bytes of @arg; argsz is this and 64 bytes of 0xa5 behind it
 * @touched: set when any byte of the tail changed
 *
 * Return: what the ioctl returned, or -errno.
 */
int vfio_argsz_tail(int fd, unsigned long request, void *arg, size_t size,
		    bool *touched);

/**
 * vfio_stock() - is the driver under test one that lacks what 7.3 has
 *
 * Tests expect what vfio-pci of Linux 7.3 does.  Where an older stock driver is
 * known to differ, they expect that if VFIO_TEST_STOCK=1 is in the environment,
 * so that the tests themselves can be tried on it.
 */
bool vfio_stock(void);

/*
 * How many times longer than usual a test may take before the harness ends it:
 * VFIO_TEST_SLOWNESS, for kernels with checkers and for busy machines
 */
unsigned int vfio_slowness(void);

/* Is that option, "CONFIG_...", in this kernel, as far as it tells? */
bool vfio_kernel_has(const char *option);

/* Does it check every access to memory? */
bool vfio_kernel_is_slow(void);

/*
 * How often to do what a loop does to find what happens rarely: @full times, on
 * a slow kernel a part of that unless VFIO_TEST_LONG=1 is in the environment
 */
int vfio_rounds(int full);

/* Sum of active objects over the slab caches of that name prefix; -errno */
long vfio_slab_objects(const char *prefix);
/* Line of /proc/meminfo in KiB, e.g. "MemFree"; -errno */
long vfio_meminfo_kb(const char *field);
/* Number of open files of this process */
int vfio_count_fds(void);
/* Milliseconds of the monotonic clock */
int64_t vfio_now_ms(void);
void vfio_sleep_ms(int ms);

#endif /* VFIO_LIB_H */
