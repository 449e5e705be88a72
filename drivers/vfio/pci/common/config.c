// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config space as the user sees it.
 *
 * The map has a rule for every byte: which bits come from the virtual copy and
 * which may be written.  An access of any length is cut into steps that lie in
 * one dword and in one owner, as wide as their alignment allows.  A step that
 * is virtual altogether never touches the device; any other touches it with
 * the width of the step.
 *
 *	read:	(device & ~virt) | (copy & virt)
 *	write:	bits in write & virt go to the copy, bits in write & ~virt to
 *		the device; the others are lost, which is no error
 *
 * Registers whose writes do more than store have a hook, see emul.c.
 *
 * Owns the map and the virtual copy.  One access at a time, under config.lock;
 * user memory is touched before or after, never under the lock.  Callers may
 * sleep: the PCI core makes them wait while the device is in reset.
 */
#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/pagemap.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "access.h"
#include "caps.h"
#include "config.h"
#include "emul.h"
#include "perm.h"
#include "trace.h"
#include "usercopy.h"

/* Bytes handled under one hold of config.lock */
#define BOUNCE	256

static u32 bytes_get(const u8 *p, unsigned int len)
{
	switch (len) {
	case 4:
		return get_unaligned_le32(p);
	case 2:
		return get_unaligned_le16(p);
	default:
		return *p;
	}
}

static void bytes_put(u8 *p, unsigned int len, u32 val)
{
	switch (len) {
	case 4:
		put_unaligned_le32(val, p);
		break;
	case 2:
		put_unaligned_le16(val, p);
		break;
	default:
		*p = val;
	}
}

static __always_inline int hw_read(struct pci_dev *pdev, u16 pos,
				   unsigned int len, u32 *val)
{
	u16 word;
	u8 byte;
	int ret;

	switch (len) {
	case 4:
		return pci_user_read_config_dword(pdev, pos, val);
	case 2:
		ret = pci_user_read_config_word(pdev, pos, &word);
		*val = word;
		return ret;
	default:
		ret = pci_user_read_config_byte(pdev, pos, &byte);
		*val = byte;
		return ret;
	}
}

static int hw_write(struct pci_dev *pdev, u16 pos, unsigned int len, u32 val)
{
	switch (len) {
	case 4:
		return pci_user_write_config_dword(pdev, pos, val);
	case 2:
		return pci_user_write_config_word(pdev, pos, val);
	default:
		return pci_user_write_config_byte(pdev, pos, val);
	}
}

/* How many of @count bytes at @pos make one step */
static unsigned int step_len(const u8 *map, u16 pos, size_t count)
{
	unsigned int i, len;

	len = pos & 1 ? 1 : pos & 2 ? 2 : 4;
	if (count < len)
		len = count == 3 ? 2 : count;

	/* Most dwords have one owner, which a look at all bytes at once tells */
	if (len == 4 && likely(!(get_unaligned_le32(&map[pos]) &
				 (PERM_OWNER_START * 0x01010100u))))
		return 4;

	for (i = 1; i < len; i++)
		if (map[pos + i] & PERM_OWNER_START)
			return i == 3 ? 2 : i;
	return len;
}

static u32 len_mask(unsigned int len)
{
	return ~0u >> (32 - 8 * len);
}

static const struct vfio_pci_rule *rule_at(const struct vfio_pci_config *config,
					   unsigned int pos)
{
	return &config->tables->rules[config->map[pos] & PERM_RULE_MASK];
}

/* Where the owner of @pos begins: a capability, the header or a gap */
u16 vfio_pci_config_owner(struct vfio_pci_device *vdev, u16 pos)
{
	lockdep_assert_held(&vdev->config.lock);

	while (pos && !(vdev->config.map[pos] & PERM_OWNER_START))
		pos--;
	return pos;
}

/*
 * The verdict: every step that the tables answered, altered or refused, with
 * what decided.  Costs a branch that is patched out while nobody listens.
 */
static __always_inline void verdict(struct vfio_pci_device *vdev, bool iswrite,
				    u16 pos, unsigned int len, u32 val,
				    u32 virt, u32 write)
{
	if (trace_vfio_pci_config_enabled())
		trace_vfio_pci_config(vdev->pdev, iswrite,
				      vfio_pci_config_owner(vdev, pos), pos,
				      len, val, virt, write);
}

/* Virtual bits of the step; the bytes of most dwords have the same rule */
static __always_inline u32 virt_bits(const struct vfio_pci_config *config,
				     u16 pos, unsigned int len)
{
	u32 nrs, virt = rule_at(config, pos)->virt;

	if (len == 1)
		return virt;
	if (len == 2)
		return virt | rule_at(config, pos + 1)->virt << 8;

	nrs = get_unaligned_le32(&config->map[pos]) &
	      (PERM_RULE_MASK * 0x01010101u);
	if (nrs == (u8)nrs * 0x01010101u)
		return virt * 0x01010101u;

	return virt | rule_at(config, pos + 1)->virt << 8 |
	       rule_at(config, pos + 2)->virt << 16 |
	       (u32)rule_at(config, pos + 3)->virt << 24;
}

static int read_step(struct vfio_pci_device *vdev, u16 pos, unsigned int len,
		     u8 *out)
{
	const struct vfio_pci_config *config = &vdev->config;
	u32 virt = virt_bits(config, pos, len);
	u32 val, hw;
	int ret;

	val = bytes_get(&config->vcopy[pos], len);
	if (virt != len_mask(len)) {
		ret = hw_read(vdev->pdev, pos, len, &hw);
		if (ret)
			return ret;
		val = (hw & ~virt) | (val & virt);
	}

	verdict(vdev, false, pos, len, val, virt, 0);
	bytes_put(out, len, val);
	return 0;
}

/* Store what the rules allow in the copy; returns the bits for the device */
static u32 commit_to_copy(const struct vfio_pci_config_write *w)
{
	u8 *vcopy = &w->vdev->config.vcopy[w->pos];
	u32 bits = w->write & w->virt;

	lockdep_assert_held(&w->vdev->config.lock);

	if (bits)
		bytes_put(vcopy, w->len, (bytes_get(vcopy, w->len) & ~bits) |
					 (w->val & bits));
	return w->write & ~w->virt;
}

/* Store what the rules allow, in the copy and at the device */
int vfio_pci_config_commit(const struct vfio_pci_config_write *w)
{
	struct pci_dev *pdev = w->vdev->pdev;
	u32 bits = commit_to_copy(w);
	u32 hw = 0;
	int ret;

	if (!bits)
		return 0;

	if (bits != len_mask(w->len)) {
		ret = hw_read(pdev, w->pos, w->len, &hw);
		if (ret)
			return ret;
	}
	return hw_write(pdev, w->pos, w->len, (hw & ~bits) | (w->val & bits));
}

/* Without a look at who blocks config space, so it doesn't sleep */
static int hw_update(struct pci_dev *pdev, u16 pos, unsigned int len, u32 bits,
		     u32 val)
{
	u32 dword;
	u16 word;
	u8 byte;

	val &= bits;
	switch (len) {
	case 4:
		return pci_read_config_dword(pdev, pos, &dword) ?:
		       pci_write_config_dword(pdev, pos, (dword & ~bits) | val);
	case 2:
		return pci_read_config_word(pdev, pos, &word) ?:
		       pci_write_config_word(pdev, pos, (word & ~bits) | val);
	default:
		return pci_read_config_byte(pdev, pos, &byte) ?:
		       pci_write_config_byte(pdev, pos, (byte & ~bits) | val);
	}
}

/*
 * The same for the command register, where an interrupt may set INTx Disable at
 * any time: none comes between the read and the write, which would undo that.
 */
int vfio_pci_config_commit_command(const struct vfio_pci_config_write *w)
{
	struct pci_dev *pdev = w->vdev->pdev;
	u32 bits = commit_to_copy(w);
	int ret;

	if (!bits)
		return 0;

	pci_cfg_access_lock(pdev);
	scoped_guard(spinlock_irqsave, &w->vdev->irq.intx_lock)
		ret = hw_update(pdev, w->pos, w->len, bits, w->val);
	pci_cfg_access_unlock(pdev);
	return pcibios_err_to_errno(ret);
}

static int write_step(struct vfio_pci_device *vdev, u16 pos, unsigned int len,
		      const u8 *in)
{
	struct vfio_pci_config_write w = {
		.vdev = vdev,
		.pos = pos,
		.len = len,
		.val = bytes_get(in, len),
		.virt = virt_bits(&vdev->config, pos, len),
	};
	unsigned int i;

	for (i = 0; i < len; i++) {
		const struct vfio_pci_rule *rule =
			rule_at(&vdev->config, pos + i);

		w.write |= (u32)rule->write << (8 * i);
		if (!w.hook)
			w.hook = rule->hook;
	}

	verdict(vdev, true, pos, len, w.val, w.virt, w.write);
	if (!w.write)
		return 0;
	return vfio_pci_emul_write(&w);
}

/* Take config.lock with the device awake, as vfio_pci_access_lock() does */
static int lock_awake(struct vfio_pci_access *access)
{
	struct vfio_pci_device *vdev = access->vdev;
	int ret;

	mutex_lock(&vdev->config.lock);
	while (unlikely(vdev->power.low_power && !access->awake)) {
		mutex_unlock(&vdev->config.lock);
		ret = vfio_pci_access_wake(access);
		if (ret)
			return ret;
		mutex_lock(&vdev->config.lock);
	}
	return 0;
}

static int do_steps(struct vfio_pci_access *access, u16 pos, u8 *data,
		    size_t count, bool iswrite)
{
	struct vfio_pci_device *vdev = access->vdev;
	unsigned int len;
	int ret;

	ret = lock_awake(access);
	if (ret)
		return ret;

	for (; count; count -= len, pos += len, data += len) {
		len = step_len(vdev->config.map, pos, count);
		ret = iswrite ? write_step(vdev, pos, len, data) :
				read_step(vdev, pos, len, data);
		if (ret)
			break;
	}
	mutex_unlock(&vdev->config.lock);
	return ret;
}

/*
 * Read or write config space for the user.  Returns @count, or -EFAULT for a
 * range that is not within config space or a bad buffer, -EIO if the device
 * can't be woken, or the errno of the device's bus.
 */
ssize_t vfio_pci_common_config_rw(struct vfio_pci_access *access,
				  char __user *buf, size_t count, u64 pos,
				  bool iswrite)
{
	u16 size = access->vdev->config.size;
	u8 bounce[BOUNCE] __aligned(4) __uninitialized;
	size_t done, len;
	int ret;

	if (pos >= size || count > size - pos)
		return -EFAULT;

	/* A buffer that can't be read in full changes nothing */
	if (iswrite && count > BOUNCE && fault_in_readable(buf, count))
		return -EFAULT;

	for (done = 0; done < count; done += len) {
		len = min(count - done, sizeof(bounce));

		if (iswrite && vfio_pci_copy_in(bounce, buf + done, len))
			return -EFAULT;

		ret = do_steps(access, pos + done, bounce, len, iswrite);
		if (ret)
			return ret;

		if (!iswrite && vfio_pci_copy_out(buf + done, bounce, len))
			return -EFAULT;
	}
	return count;
}

static void save_bars(struct vfio_pci_device *vdev)
{
	u32 *bars = vdev->config.bars;
	unsigned int i;

	for (i = 0; i < PCI_STD_NUM_BARS; i++)
		bars[i] = vfio_pci_vcopy_dword(vdev, PCI_BASE_ADDRESS_0 + 4 * i);
	bars[PCI_STD_NUM_BARS] = vfio_pci_vcopy_dword(vdev, PCI_ROM_ADDRESS);
}

void vfio_pci_config_close(struct vfio_pci_device *vdev)
{
	struct vfio_pci_config *config = &vdev->config;

	kfree(config->map);
	kfree(config->vcopy);
	config->map = NULL;
	config->vcopy = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(vfio_pci_config_close);

/* Build the map and the virtual copy of a device that is being opened */
int vfio_pci_config_open(struct vfio_pci_device *vdev)
{
	struct vfio_pci_config *config = &vdev->config;
	int ret = -ENOMEM;

	config->size = vdev->pdev->cfg_size;
	config->map = kzalloc(config->size, GFP_KERNEL_ACCOUNT);
	config->vcopy = kzalloc(config->size, GFP_KERNEL_ACCOUNT);
	if (!config->map || !config->vcopy)
		goto close;

	mutex_lock(&config->lock);
	ret = vfio_pci_caps_map(vdev);
	if (!ret) {
		save_bars(vdev);
		vfio_pci_emul_init(vdev);
	}
	mutex_unlock(&config->lock);
	if (!ret)
		return 0;

close:
	vfio_pci_config_close(vdev);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(vfio_pci_config_open);
