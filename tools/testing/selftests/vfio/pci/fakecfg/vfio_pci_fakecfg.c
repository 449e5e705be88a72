// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fake configuration space laid over that of a real PCI device, for tests.
 *
 * Capabilities that are rare or malformed are served to unmodified drivers:
 * while a fake is enabled, the config accessors of the device's bus are ours.
 * A byte whose mask byte is not zero is the image's: reads take it from there,
 * writes change those of its bits that are set in "writable", and neither
 * reaches the device. All other bytes, and all other devices of the bus, are
 * passed on. Every access to a faked device is remembered in its log.
 *
 * In <debugfs>/vfio_pci_fakecfg/:
 *
 *  add, remove	write a PCI address (0000:01:00.0) to make or drop its fake
 *  <address>/	the fake, named as the PCI core names the device:
 *    image, mask, writable	4096 bytes each, zero at first
 *    enable	1 lays the fake over the device, 0 takes it away
 *    dead	1 while enabled: all reads give all ones and all writes
 *		vanish, as with a device that was pulled out
 *    cut_off	1 while enabled: no access succeeds, as on a bus that is gone
 *    log	one line per access, oldest first; any write empties it:
 *		"r|w <offset> <width> <value> <faked>", numbers in hex, bit n
 *		of <faked> set when byte n was answered by the fake; as last
 *		line "lost <count>" if there was no room for some
 *
 * A fake belongs to a place on a bus, not to a struct pci_dev: it stays while
 * the device is removed and found again, so that the PCI core can be shown a
 * fake as well.
 *
 * Locks: fakecfg_mutex serialises the users of debugfs and guards the lists.
 * fakecfg_lock, inside it, guards what accessors look at: the lists for
 * reading, the bytes, the flags and the log. It is raw and taken with
 * interrupts off, as config accesses come from any context, and is the outer
 * one of the locks that the real accessors take.
 */
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define LOG_ENTRIES	16384

/**
 * struct access - one config access, as the driver made it
 * @offset: first byte
 * @width: number of bytes, 1, 2 or 4
 * @write: direction
 * @faked: bit n is set when byte n was the fake's
 * @value: what was read or written
 */
struct access {
	u16 offset;
	u8 width:3;
	u8 write:1;
	u8 faked:4;
	u32 value;
};

/**
 * struct fake_bus - a bus whose accessors are or were ours
 * @node: entry in fake_buses; added once, freed when the module goes, since an
 *	accessor may be on its way in at any time
 * @bus: the bus, with a reference held
 * @real: accessors of the bus itself
 * @ops: copy of @real with our read and write
 * @users: enabled fakes on the bus, under fakecfg_mutex
 */
struct fake_bus {
	struct list_head node;
	struct pci_bus *bus;
	struct pci_ops *real;
	struct pci_ops ops;
	unsigned int users;
};

/**
 * struct fake - a device's fake configuration space
 * @node: entry in fakes
 * @bus: the device's bus
 * @devfn: the device's place on it
 * @dir: debugfs directory
 * @enabled: accesses are ours to answer
 * @dead: ... with all ones
 * @cut_off: ... with an error
 * @image: contents of the fake bytes
 * @mask: not zero for fake bytes
 * @writable: bits of @image that a config write changes
 * @log: the last accesses since the log was emptied
 * @logged: valid entries in @log
 * @lost: accesses for which @log had no room
 */
struct fake {
	struct list_head node;
	struct fake_bus *bus;
	unsigned int devfn;
	struct dentry *dir;
	bool enabled;
	bool dead;
	bool cut_off;
	u8 image[PCI_CFG_SPACE_EXP_SIZE];
	u8 mask[PCI_CFG_SPACE_EXP_SIZE];
	u8 writable[PCI_CFG_SPACE_EXP_SIZE];
	struct access log[LOG_ENTRIES];
	unsigned int logged;
	unsigned int lost;
};

static DEFINE_MUTEX(fakecfg_mutex);
static DEFINE_RAW_SPINLOCK(fakecfg_lock);
static LIST_HEAD(fake_buses);
static LIST_HEAD(fakes);
static struct dentry *fakecfg_dir;

/*
 * Accessors
 */

/* A bus created while its parent's accessors were ours has inherited them. */
static struct fake_bus *find_bus(struct pci_bus *bus)
{
	struct fake_bus *fb;

	for (; bus; bus = bus->parent)
		list_for_each_entry(fb, &fake_buses, node)
			if (fb->bus == bus)
				return fb;
	return NULL;
}

static struct fake *find_fake(struct pci_bus *bus, unsigned int devfn)
{
	struct fake *fake;

	list_for_each_entry(fake, &fakes, node)
		if (fake->bus->bus == bus && fake->devfn == devfn)
			return fake;
	return NULL;
}

/* Which of the bytes are the fake's, as a bit mask */
static u8 faked_bytes(const struct fake *fake, int where, int size)
{
	u8 faked = 0;
	int i;

	if (fake->dead || fake->cut_off)
		return BIT(size) - 1;
	for (i = 0; i < size; i++)
		if (fake->mask[where + i])
			faked |= BIT(i);
	return faked;
}

static void log_access(struct fake *fake, bool write, int where, int size,
		       u32 value)
{
	if (fake->logged == LOG_ENTRIES) {
		fake->lost++;
		return;
	}
	fake->log[fake->logged++] = (struct access) {
		.offset = where,
		.width = size,
		.write = write,
		.faked = faked_bytes(fake, where, size),
		.value = value & GENMASK(size * 8 - 1, 0),
	};
}

static u32 image_read(const struct fake *fake, int where, int size, u32 real)
{
	u32 value = real;
	int i;

	for (i = 0; i < size; i++) {
		if (!fake->mask[where + i])
			continue;
		value &= ~(0xffu << (8 * i));
		value |= (u32)fake->image[where + i] << (8 * i);
	}
	return value;
}

static void image_write(struct fake *fake, int where, int size, u32 value)
{
	int i;

	for (i = where; i < where + size; i++, value >>= 8)
		if (fake->mask[i])
			fake->image[i] = (fake->image[i] & ~fake->writable[i]) |
					 (value & fake->writable[i]);
}

static int fake_read(struct fake *fake, struct pci_bus *bus, int where,
		     int size, u32 *value)
{
	int ret = PCIBIOS_SUCCESSFUL;

	if (fake->cut_off) {
		PCI_SET_ERROR_RESPONSE(value);
		ret = PCIBIOS_DEVICE_NOT_FOUND;
	} else if (fake->dead) {
		PCI_SET_ERROR_RESPONSE(value);
	} else {
		*value = 0;
		if (faked_bytes(fake, where, size) != BIT(size) - 1)
			ret = fake->bus->real->read(bus, fake->devfn, where,
						    size, value);
		*value = image_read(fake, where, size, *value);
	}
	log_access(fake, false, where, size, *value);
	return ret;
}

/* The device's bytes of a write that straddles an edge go to it one by one. */
static int real_write_bytes(struct fake *fake, struct pci_bus *bus, int where,
			    int size, u32 value)
{
	int ret = PCIBIOS_SUCCESSFUL;
	int i;

	for (i = where; i < where + size && !ret; i++, value >>= 8)
		if (!fake->mask[i])
			ret = fake->bus->real->write(bus, fake->devfn, i, 1,
						     value & 0xff);
	return ret;
}

static int fake_write(struct fake *fake, struct pci_bus *bus, int where,
		      int size, u32 value)
{
	log_access(fake, true, where, size, value);
	if (fake->cut_off)
		return PCIBIOS_DEVICE_NOT_FOUND;
	if (fake->dead)
		return PCIBIOS_SUCCESSFUL;
	if (!faked_bytes(fake, where, size))
		return fake->bus->real->write(bus, fake->devfn, where, size,
					      value);
	image_write(fake, where, size, value);
	return real_write_bytes(fake, bus, where, size, value);
}

static bool fakeable(const struct fake *fake, int where, int size)
{
	return fake && fake->enabled && where >= 0 &&
	       where + size <= PCI_CFG_SPACE_EXP_SIZE;
}

static int read_locked(struct pci_bus *bus, unsigned int devfn, int where,
		       int size, u32 *value)
{
	struct fake_bus *fb = find_bus(bus);
	struct fake *fake = find_fake(bus, devfn);

	lockdep_assert_held(&fakecfg_lock);
	if (!fb)
		return PCIBIOS_DEVICE_NOT_FOUND;
	if (!fakeable(fake, where, size))
		return fb->real->read(bus, devfn, where, size, value);
	return fake_read(fake, bus, where, size, value);
}

static int write_locked(struct pci_bus *bus, unsigned int devfn, int where,
			int size, u32 value)
{
	struct fake_bus *fb = find_bus(bus);
	struct fake *fake = find_fake(bus, devfn);

	lockdep_assert_held(&fakecfg_lock);
	if (!fb)
		return PCIBIOS_DEVICE_NOT_FOUND;
	if (!fakeable(fake, where, size))
		return fb->real->write(bus, devfn, where, size, value);
	return fake_write(fake, bus, where, size, value);
}

static int fakecfg_read(struct pci_bus *bus, unsigned int devfn, int where,
			int size, u32 *value)
{
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&fakecfg_lock, flags);
	ret = read_locked(bus, devfn, where, size, value);
	raw_spin_unlock_irqrestore(&fakecfg_lock, flags);
	return ret;
}

static int fakecfg_write(struct pci_bus *bus, unsigned int devfn, int where,
			 int size, u32 value)
{
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&fakecfg_lock, flags);
	ret = write_locked(bus, devfn, where, size, value);
	raw_spin_unlock_irqrestore(&fakecfg_lock, flags);
	return ret;
}

/*
 * Taking a bus's accessors and giving them back
 */

static struct fake_bus *get_bus(struct pci_bus *bus)
{
	struct fake_bus *fb;

	lockdep_assert_held(&fakecfg_mutex);
	list_for_each_entry(fb, &fake_buses, node)
		if (fb->bus == bus)
			return fb;

	fb = kzalloc(sizeof(*fb), GFP_KERNEL);
	if (!fb)
		return NULL;
	get_device(&bus->dev);
	fb->bus = bus;
	scoped_guard(raw_spinlock_irqsave, &fakecfg_lock)
		list_add(&fb->node, &fake_buses);
	return fb;
}

static void take_ops(struct fake_bus *fb)
{
	lockdep_assert_held(&fakecfg_mutex);
	/* Whoever stacked accessors upon ours may have put ours back since. */
	if (fb->users++ || fb->bus->ops == &fb->ops)
		return;
	fb->real = fb->bus->ops;
	fb->ops = *fb->real;
	fb->ops.read = fakecfg_read;
	fb->ops.write = fakecfg_write;
	pci_bus_set_ops(fb->bus, &fb->ops);
}

/* See find_bus() for why the buses below are looked at */
static void restore_ops(struct pci_bus *bus, struct fake_bus *fb)
{
	struct pci_bus *child;

	if (bus->ops == &fb->ops)
		pci_bus_set_ops(bus, fb->real);
	list_for_each_entry(child, &bus->children, node)
		restore_ops(child, fb);
}

static void give_back_ops(struct fake_bus *fb)
{
	lockdep_assert_held(&fakecfg_mutex);
	if (--fb->users)
		return;
	pci_lock_rescan_remove();
	restore_ops(fb->bus, fb);
	pci_unlock_rescan_remove();
}

static void set_enabled(struct fake *fake, bool on)
{
	lockdep_assert_held(&fakecfg_mutex);
	if (fake->enabled == on)
		return;
	if (on)
		take_ops(fake->bus);
	scoped_guard(raw_spinlock_irqsave, &fakecfg_lock)
		fake->enabled = on;
	if (!on)
		give_back_ops(fake->bus);
}

/*
 * debugfs files of a fake
 */

static int enable_get(void *data, u64 *value)
{
	const struct fake *fake = data;

	*value = fake->enabled;
	return 0;
}

static int enable_set(void *data, u64 value)
{
	if (value > 1)
		return -EINVAL;
	guard(mutex)(&fakecfg_mutex);
	set_enabled(data, value);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(enable_fops, enable_get, enable_set, "%llu\n");

static int dead_get(void *data, u64 *value)
{
	const struct fake *fake = data;

	*value = fake->dead;
	return 0;
}

static int dead_set(void *data, u64 value)
{
	struct fake *fake = data;

	if (value > 1)
		return -EINVAL;
	scoped_guard(raw_spinlock_irqsave, &fakecfg_lock)
		fake->dead = value;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(dead_fops, dead_get, dead_set, "%llu\n");

static int cut_off_get(void *data, u64 *value)
{
	const struct fake *fake = data;

	*value = fake->cut_off;
	return 0;
}

static int cut_off_set(void *data, u64 value)
{
	struct fake *fake = data;

	if (value > 1)
		return -EINVAL;
	scoped_guard(raw_spinlock_irqsave, &fakecfg_lock)
		fake->cut_off = value;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(cut_off_fops, cut_off_get, cut_off_set, "%llu\n");

/* Of image, mask and writable: the inode's private data is the array. */
static ssize_t bytes_read(struct file *file, char __user *buf, size_t count,
			  loff_t *ppos)
{
	u8 *copy __free(kfree) = kmalloc(PCI_CFG_SPACE_EXP_SIZE, GFP_KERNEL);

	if (!copy)
		return -ENOMEM;
	scoped_guard(raw_spinlock_irqsave, &fakecfg_lock)
		memcpy(copy, file->private_data, PCI_CFG_SPACE_EXP_SIZE);
	return simple_read_from_buffer(buf, count, ppos, copy,
				       PCI_CFG_SPACE_EXP_SIZE);
}

static ssize_t bytes_write(struct file *file, const char __user *buf,
			   size_t count, loff_t *ppos)
{
	loff_t pos = *ppos;
	void *copy;

	if (pos < 0 || pos > PCI_CFG_SPACE_EXP_SIZE ||
	    count > PCI_CFG_SPACE_EXP_SIZE - pos)
		return -EINVAL;
	copy = memdup_user(buf, count);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	scoped_guard(raw_spinlock_irqsave, &fakecfg_lock)
		memcpy(file->private_data + pos, copy, count);
	kfree(copy);
	*ppos += count;
	return count;
}

static const struct file_operations bytes_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = bytes_read,
	.write = bytes_write,
	.llseek = default_llseek,
};

/* Position n of the log is entry n; the one after the last is "lost". */
static void *log_start(struct seq_file *seq, loff_t *pos)
{
	struct fake *fake = seq->private;

	return *pos <= READ_ONCE(fake->logged) ? pos : NULL;
}

static void *log_next(struct seq_file *seq, void *v, loff_t *pos)
{
	++*pos;
	return log_start(seq, pos);
}

static void log_stop(struct seq_file *seq, void *v)
{
}

static int log_show(struct seq_file *seq, void *v)
{
	struct fake *fake = seq->private;
	unsigned int n = *(loff_t *)v;
	struct access a = {};
	unsigned int lost = 0;

	scoped_guard(raw_spinlock_irqsave, &fakecfg_lock) {
		if (n < fake->logged)
			a = fake->log[n];
		else
			lost = fake->lost;
	}
	if (a.width)
		seq_printf(seq, "%c %x %x %x %x\n", a.write ? 'w' : 'r',
			   a.offset, a.width, a.value, a.faked);
	else if (lost)
		seq_printf(seq, "lost %x\n", lost);
	return 0;
}

static const struct seq_operations log_seq_ops = {
	.start = log_start,
	.next = log_next,
	.stop = log_stop,
	.show = log_show,
};

static int log_open(struct inode *inode, struct file *file)
{
	struct seq_file *seq;
	int ret;

	ret = seq_open(file, &log_seq_ops);
	if (ret)
		return ret;
	seq = file->private_data;
	seq->private = inode->i_private;
	return 0;
}

static ssize_t log_write(struct file *file, const char __user *buf,
			 size_t count, loff_t *ppos)
{
	struct seq_file *seq = file->private_data;
	struct fake *fake = seq->private;

	scoped_guard(raw_spinlock_irqsave, &fakecfg_lock) {
		fake->logged = 0;
		fake->lost = 0;
	}
	return count;
}

static const struct file_operations log_fops = {
	.owner = THIS_MODULE,
	.open = log_open,
	.read = seq_read,
	.write = log_write,
	.llseek = seq_lseek,
	.release = seq_release,
};

static int add_files(struct fake *fake, const char *name)
{
	struct dentry *dir = debugfs_create_dir(name, fakecfg_dir);

	if (IS_ERR(dir))
		return PTR_ERR(dir);
	debugfs_create_file("image", 0600, dir, fake->image, &bytes_fops);
	debugfs_create_file("mask", 0600, dir, fake->mask, &bytes_fops);
	debugfs_create_file("writable", 0600, dir, fake->writable, &bytes_fops);
	debugfs_create_file("log", 0600, dir, fake, &log_fops);
	debugfs_create_file_unsafe("dead", 0600, dir, fake, &dead_fops);
	debugfs_create_file_unsafe("cut_off", 0600, dir, fake, &cut_off_fops);
	debugfs_create_file_unsafe("enable", 0600, dir, fake, &enable_fops);
	fake->dir = dir;
	return 0;
}

/*
 * Making and dropping fakes
 */

/**
 * struct address - where a PCI function is
 * @domain: PCI segment
 * @bus: bus number
 * @devfn: device and function
 */
struct address {
	unsigned int domain;
	unsigned int bus;
	unsigned int devfn;
};

static int parse_address(const char __user *buf, size_t count,
			 struct address *addr)
{
	unsigned int slot, func;
	char text[32], end;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	text[count] = '\0';
	if (sscanf(strim(text), "%x:%x:%x.%x%c", &addr->domain, &addr->bus,
		   &slot, &func, &end) != 4)
		return -EINVAL;
	if (addr->bus > 0xff || slot > 0x1f || func > 7)
		return -EINVAL;
	addr->devfn = PCI_DEVFN(slot, func);
	return 0;
}

static int init_fake(struct fake *fake, struct pci_dev *pdev)
{
	fake->devfn = pdev->devfn;
	fake->bus = get_bus(pdev->bus);
	if (!fake->bus)
		return -ENOMEM;
	return add_files(fake, pci_name(pdev));
}

static int add_fake(struct pci_dev *pdev)
{
	struct fake *fake;
	int ret;

	guard(mutex)(&fakecfg_mutex);
	if (find_fake(pdev->bus, pdev->devfn))
		return -EEXIST;
	fake = kvzalloc(sizeof(*fake), GFP_KERNEL);
	if (!fake)
		return -ENOMEM;
	ret = init_fake(fake, pdev);
	if (ret) {
		kvfree(fake);
		return ret;
	}
	scoped_guard(raw_spinlock_irqsave, &fakecfg_lock)
		list_add(&fake->node, &fakes);
	return 0;
}

/* An open debugfs file may be waiting for the mutex, so not under it. */
static void free_fake(struct fake *fake)
{
	debugfs_remove(fake->dir);
	scoped_guard(mutex, &fakecfg_mutex)
		set_enabled(fake, false);
	kvfree(fake);
}

static void unlink_fake(struct fake *fake)
{
	lockdep_assert_held(&fakecfg_mutex);
	scoped_guard(raw_spinlock_irqsave, &fakecfg_lock)
		list_del(&fake->node);
}

static struct fake *unlink_fake_at(const struct address *addr)
{
	struct pci_bus *bus;
	struct fake *fake;

	guard(mutex)(&fakecfg_mutex);
	list_for_each_entry(fake, &fakes, node) {
		bus = fake->bus->bus;
		if (pci_domain_nr(bus) == addr->domain &&
		    bus->number == addr->bus && fake->devfn == addr->devfn) {
			unlink_fake(fake);
			return fake;
		}
	}
	return NULL;
}

static ssize_t add_write(struct file *file, const char __user *buf,
			 size_t count, loff_t *ppos)
{
	struct address addr;
	struct pci_dev *pdev;
	int ret;

	ret = parse_address(buf, count, &addr);
	if (ret)
		return ret;
	pdev = pci_get_domain_bus_and_slot(addr.domain, addr.bus, addr.devfn);
	if (!pdev)
		return -ENODEV;
	ret = add_fake(pdev);
	pci_dev_put(pdev);
	return ret ?: count;
}

static const struct file_operations add_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = add_write,
};

static ssize_t remove_write(struct file *file, const char __user *buf,
			    size_t count, loff_t *ppos)
{
	struct address addr;
	struct fake *fake;
	int ret;

	ret = parse_address(buf, count, &addr);
	if (ret)
		return ret;
	fake = unlink_fake_at(&addr);
	if (!fake)
		return -ENOENT;
	free_fake(fake);
	return count;
}

static const struct file_operations remove_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = remove_write,
};

static int __init fakecfg_init(void)
{
	fakecfg_dir = debugfs_create_dir("vfio_pci_fakecfg", NULL);
	if (IS_ERR(fakecfg_dir))
		return PTR_ERR(fakecfg_dir);
	debugfs_create_file("add", 0200, fakecfg_dir, NULL, &add_fops);
	debugfs_create_file("remove", 0200, fakecfg_dir, NULL, &remove_fops);
	return 0;
}
module_init(fakecfg_init);

static void __exit fakecfg_exit(void)
{
	struct fake_bus *fb, *next_bus;
	struct fake *fake, *next;

	list_for_each_entry_safe(fake, next, &fakes, node) {
		scoped_guard(mutex, &fakecfg_mutex)
			unlink_fake(fake);
		free_fake(fake);
	}
	debugfs_remove(fakecfg_dir);

	/*
	 * An accessor that was called through our ops before they were taken
	 * away may not have reached fakecfg_lock yet: config accesses hold no
	 * lock on x86.
	 */
	synchronize_rcu_tasks();
	list_for_each_entry_safe(fb, next_bus, &fake_buses, node) {
		put_device(&fb->bus->dev);
		kfree(fb);
	}
}
module_exit(fakecfg_exit);

MODULE_DESCRIPTION("Fake PCI configuration space for tests of VFIO");
MODULE_LICENSE("GPL");
