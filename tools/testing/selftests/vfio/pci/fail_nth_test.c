// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every failure the kernel can inject in what a user or an administrator does with
 * a device: the first one of a call, then the second one, and so on until the call
 * has no more of them.  A call that met a failure has failed with an errno for it,
 * or has done without; afterwards the same call succeeds.  What was left behind is
 * found by kmemleak at the end of the run, and by the counters here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sample.h"
#include "vfio_harness.h"

#define INJECTORS	"/sys/kernel/debug/"
#define MAX_POINTS	20000
#define VECTORS		3

/* ------------------------------------------------------------- the injection */

/* Kinds of failures: none at random, none left out, no stack in the log */
static int set_injectors(void)
{
	static const char *const settings[][2] = {
		{ "failslab/verbose", "0" },
		{ "failslab/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/verbose", "0" },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "fail_page_alloc/min-order", "0" },
		{ "fail_usercopy/verbose", "0" },
		{ "failslab/require-start", "0" },
		{ "failslab/require-end", "0xffffffffffffffff" },
		{ "fail_page_alloc/require-start", "0" },
		{ "fail_page_alloc/require-end", "0xffffffffffffffff" },
		{ "fail_usercopy/require-start", "0" },
		{ "fail_usercopy/require-end", "0xffffffffffffffff" },
	};
	char path[128];
	int ret;

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		snprintf(path, sizeof(path), INJECTORS "%s", settings[i][0]);
		ret = vfio_file_write(path, settings[i][1]);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/*
 * First address of a function of the kernel, and the one behind it, as the
 * injectors want them; -ENOENT without such a function
 */
static int find_function(const char *name, char *start, char *end, size_t len)
{
	unsigned long long addr, first = 0, next = ~0ULL;
	FILE *file = fopen("/proc/kallsyms", "r");
	char line[512], symbol[256];

	if (!file)
		return -errno;
	while (!first && fgets(line, sizeof(line), file))
		if (sscanf(line, "%llx %*c %255s", &addr, symbol) == 2 &&
		    !strcmp(symbol, name))
			first = addr;
	rewind(file);
	while (fgets(line, sizeof(line), file)) {
		addr = strtoull(line, NULL, 16);
		if (addr > first && addr < next)
			next = addr;
	}
	fclose(file);
	snprintf(start, len, "%#llx", first);
	snprintf(end, len, "%#llx", next);
	return first ? 0 : -ENOENT;
}

/*
 * First address of what a module has to run, and the end of its last page; -ENOENT
 * without such a module
 */
static int find_module_text(const char *module, char *start, char *end, size_t len)
{
	unsigned long long addr, first = ~0ULL, last = 0;
	char line[512], type, owner[64];
	FILE *file = fopen("/proc/kallsyms", "r");

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx %c %*s [%63[^]]", &addr, &type, owner) != 3 ||
		    (type != 't' && type != 'T') || strcmp(owner, module))
			continue;
		first = addr < first ? addr : first;
		last = addr > last ? addr : last;
	}
	fclose(file);
	snprintf(start, len, "%#llx", first);
	snprintf(end, len, "%#llx", (last | 4095) + 1);
	return last ? 0 : -ENOENT;
}

/* Limit all injectors to what @how says of these addresses */
static int limit_to(const char *how, const char *start, const char *end)
{
	static const char *const injectors[] = {
		"failslab", "fail_page_alloc", "fail_usercopy"
	};
	char path[128];
	int ret = 0;

	for (size_t i = 0; ret >= 0 && i < ARRAY_SIZE(injectors); i++) {
		snprintf(path, sizeof(path), INJECTORS "%s/%s-start", injectors[i], how);
		ret = vfio_file_write(path, start);
		if (ret < 0)
			break;
		snprintf(path, sizeof(path), INJECTORS "%s/%s-end", injectors[i], how);
		ret = vfio_file_write(path, end);
	}
	return ret < 0 ? ret : 0;
}

/* "reject": no failures in what that function of the kernel calls; "require": no others */
static int limit(const char *how, const char *function)
{
	char start[32], end[32];

	return find_function(function, start, end, sizeof(start)) ?:
	       limit_to(how, start, end);
}

/* No failures but in what the library calls */
static int limit_to_library(void)
{
	char start[32], end[32];

	return find_module_text("vfio_pci_common", start, end, sizeof(start)) ?:
	       limit_to("require", start, end);
}

/* The @nth thing from now on that can fail in this process fails */
static void arm(int file, unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	while (pwrite(file, text, len, 0) != len)
		;
}

/* Whether it did; if not, then it never will */
static bool disarm(int file)
{
	char text[16] = "";
	bool failed;

	/* A failure of this very read comes after the call that was tested. */
	failed = pread(file, text, sizeof(text) - 1, 0) > 0 && text[0] == '0';
	arm(file, 0);
	return failed;
}

/* ------------------------------------------------------------- what is tried */

/**
 * struct scene - what the steps work on
 * @dev: the device, open or VFIO_DEV_INIT
 * @target: its name
 * @addr: its PCI address
 * @fds: eventfds
 * @map: of BAR 0
 * @module: file of a module, and its name
 */
struct scene {
	struct vfio_dev dev;
	struct vfio_target target;
	char addr[40];
	int32_t fds[VECTORS];
	void *map;
	struct {
		char path[256];
		char name[64];
	} module;
};

static int bind_device(struct scene *s)
{
	return vfio_driver_take(s->addr);
}

static void unbind_device(struct scene *s)
{
	vfio_driver_unbind(s->addr);
}

static int open_device(struct scene *s)
{
	return vfio_dev_open(&s->dev, &s->target);
}

static void close_device(struct scene *s)
{
	vfio_dev_close(&s->dev);
}

/*
 * Teardown cannot fail: what can be seen of it is that all of it can be done again.
 * The group is closed without failures: then the IOMMU core may warn about itself.
 */
static int close_file(struct scene *s)
{
	close(s->dev.fd);
	s->dev.fd = -1;
	return 0;
}

static void open_again(struct scene *s)
{
	vfio_dev_close(&s->dev);
	vfio_dev_open(&s->dev, &s->target);
}

static int unbind_only(struct scene *s)
{
	return vfio_driver_unbind(s->addr);
}

static void bind_again(struct scene *s)
{
	vfio_driver_take(s->addr);
}

static int map(struct scene *s)
{
	int ret = vfio_region_mmap(&s->dev, 0, 0, 4096, PROT_READ | PROT_WRITE,
				   MAP_SHARED, &s->map);

	if (!ret && vfio_load(s->map, 4, NULL)) {
		munmap(s->map, 4096);
		ret = -ENOMEM;
	}
	return ret;
}

static void unmap(struct scene *s)
{
	munmap(s->map, 4096);
}

static int intx(struct scene *s)
{
	return vfio_irq_eventfds(&s->dev, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, s->fds);
}

static void no_intx(struct scene *s)
{
	vfio_irq_disable(&s->dev, VFIO_PCI_INTX_IRQ_INDEX);
}

/* Enabled, and unmasked by an eventfd */
static int intx_unmask(struct scene *s)
{
	return intx(s) ?:
	       vfio_irq_set(&s->dev, VFIO_IRQ_SET_DATA_EVENTFD |
			    VFIO_IRQ_SET_ACTION_UNMASK, VFIO_PCI_INTX_IRQ_INDEX,
			    0, 1, &s->fds[1], sizeof(s->fds[1]));
}

static int msi(struct scene *s)
{
	return vfio_irq_eventfds(&s->dev, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, s->fds);
}

static void no_msi(struct scene *s)
{
	vfio_irq_disable(&s->dev, VFIO_PCI_MSI_IRQ_INDEX);
}

static int msix(struct scene *s)
{
	return vfio_irq_eventfds(&s->dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, VECTORS, s->fds);
}

/* Vectors that come later, and other eventfds for one that is there */
static int msix_more(struct scene *s)
{
	return vfio_irq_eventfds(&s->dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, s->fds) ?:
	       vfio_irq_eventfds(&s->dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &s->fds[1]);
}

static void no_msix(struct scene *s)
{
	vfio_irq_disable(&s->dev, VFIO_PCI_MSIX_IRQ_INDEX);
}

static int notices(struct scene *s)
{
	return vfio_irq_eventfds(&s->dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, s->fds) ?:
	       vfio_irq_eventfds(&s->dev, VFIO_PCI_ERR_IRQ_INDEX, 0, 1, &s->fds[1]);
}

static void no_notices(struct scene *s)
{
	static const int32_t none = -1;

	vfio_irq_eventfds(&s->dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &none);
	vfio_irq_eventfds(&s->dev, VFIO_PCI_ERR_IRQ_INDEX, 0, 1, &none);
}

static int set_ioeventfd(struct scene *s, int32_t fd)
{
	struct vfio_device_ioeventfd set = {
		.argsz = sizeof(set),
		.flags = VFIO_DEVICE_IOEVENTFD_32,
		.offset = vfio_region_pos(&s->dev, 0, 0x10),
		.data = 0,
		.fd = fd,
	};

	return vfio_ioctl(s->dev.fd, VFIO_DEVICE_IOEVENTFD, &set);
}

static int ioeventfd(struct scene *s)
{
	return set_ioeventfd(s, s->fds[0]);
}

static void no_ioeventfd(struct scene *s)
{
	set_ioeventfd(s, -1);
}

static void nothing(struct scene *s)
{
}

static int reset(struct scene *s)
{
	return vfio_ioctl(s->dev.fd, VFIO_DEVICE_RESET, NULL);
}

/* All of it, and the capabilities of regions */
static int infos(struct scene *s)
{
	struct {
		struct vfio_region_info info;
		char caps[256];
	} region;
	struct vfio_device_info info = { .argsz = sizeof(info) };
	int ret = vfio_ioctl(s->dev.fd, VFIO_DEVICE_GET_INFO, &info);

	for (unsigned int i = 0; !ret && i < VFIO_PCI_VGA_REGION_INDEX; i++)
		ret = vfio_region_info(&s->dev, i, &region.info, sizeof(region));
	return ret;
}

static int registers(struct scene *s)
{
	char bytes[256];
	ssize_t ret;

	ret = vfio_region_read(&s->dev, VFIO_PCI_CONFIG_REGION_INDEX, 0, bytes,
			       sizeof(bytes));
	if (ret >= 0)
		ret = vfio_region_write(&s->dev, VFIO_PCI_CONFIG_REGION_INDEX,
					PCI_BASE_ADDRESS_0,
					&bytes[PCI_BASE_ADDRESS_0], 24);
	if (ret >= 0)
		ret = vfio_region_read(&s->dev, 0, 0, bytes, 64);
	return ret < 0 ? ret : vfio_memory(&s->dev, false) ?: vfio_memory(&s->dev, true);
}

static int low_power(struct scene *s)
{
	struct vfio_device_low_power_entry_with_wakeup entry = {
		.wakeup_eventfd = s->fds[0],
	};

	return vfio_feature(&s->dev, VFIO_DEVICE_FEATURE_SET |
			    VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
			    &entry, sizeof(entry));
}

static void no_low_power(struct scene *s)
{
	vfio_feature(&s->dev, VFIO_DEVICE_FEATURE_SET |
		     VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, NULL, 0);
}

static int hot_reset(struct scene *s)
{
	struct {
		struct vfio_pci_hot_reset_info info;
		struct vfio_pci_dependent_device devices[8];
	} info = { .info.argsz = sizeof(info) };
	struct {
		struct vfio_pci_hot_reset reset;
		int32_t group;
	} set = { .reset.argsz = sizeof(set), .group = s->dev.group };

	set.reset.count = s->dev.group >= 0;
	return vfio_ioctl(s->dev.fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &info) ?:
	       vfio_ioctl(s->dev.fd, VFIO_DEVICE_PCI_HOT_RESET, &set);
}

/* Its dependencies are loaded */
static int load(struct scene *s)
{
	int file = open(s->module.path, O_RDONLY | O_CLOEXEC);
	int ret;

	if (file < 0)
		return -errno;
	ret = syscall(SYS_finit_module, file, "", 0) ? -errno : 0;
	close(file);
	return ret;
}

static int unload(struct scene *s)
{
	return sample_delete_module(s->module.name);
}

static void be_unloaded(struct scene *s)
{
	unload(s);
}

static void be_loaded(struct scene *s)
{
	if (sample_module_users(s->module.name) < 0)
		load(s);
}

/* ------------------------------------------------------------- the sweep */

/**
 * struct step - one thing that is done
 * @run: does it; 0 or a count, or -errno
 * @undo: so that it can be done again, also after a failure; without failures
 * @needs_nothing: there may be no failure to inject, as it allocates nothing
 * @also: another -errno that may stand for a failure
 */
struct step {
	int (*run)(struct scene *s);
	void (*undo)(struct scene *s);
	bool needs_nothing;
	int also;
};

/* Memory, a user's memory, numbers of interrupts: what is injected */
static bool is_for_a_failure(int ret)
{
	return ret == -ENOMEM || ret == -EFAULT || ret == -ENOSPC;
}

FIXTURE(fail)
{
	struct scene scene;
	int file;
};

FIXTURE_VARIANT(fail)
{
	const char *device;
	enum { UNBOUND, BOUND, OPEN } begin;
	struct step step;
};

#define STEP(name, on, from, ...)						\
	FIXTURE_VARIANT_ADD(fail, name) {					\
		.device = on,							\
		.begin = from,							\
		.step = { __VA_ARGS__ },					\
	}

STEP(bind, "nvme", UNBOUND, bind_device, unbind_device);
STEP(unbind, "nvme", BOUND, unbind_only, bind_again);
STEP(open, "nvme", BOUND, open_device, close_device);
STEP(open_edu, "edu", BOUND, open_device, close_device);
STEP(close, "nvme", OPEN, close_file, open_again, true);
STEP(map, "edu", OPEN, map, unmap);
STEP(intx, "edu", OPEN, intx, no_intx);
STEP(intx_unmask, "edu", OPEN, intx_unmask, no_intx);
STEP(msi, "edu", OPEN, msi, no_msi);
STEP(msix, "nvme", OPEN, msix, no_msix);
STEP(msix_more, "nvme", OPEN, msix_more, no_msix);
STEP(notices, "nvme", OPEN, notices, no_notices);
STEP(ioeventfd, "ivshmem", OPEN, ioeventfd, no_ioeventfd);
STEP(reset, "nvme", OPEN, reset, nothing, true);
STEP(infos, "nvme", OPEN, infos, nothing);
STEP(registers, "nvme", OPEN, registers, nothing);
STEP(low_power, "nvme", OPEN, low_power, no_low_power);
STEP(hot_reset, "nvme", OPEN, hot_reset, nothing);

static bool is_about_files(const struct step *step)
{
	return step->run == open_device || step->run == close_file;
}

FIXTURE_SETUP(fail)
{
	struct scene *s = &self->scene;

	s->dev = VFIO_DEV_INIT;
	s->target.name = variant->device;
	self->file = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (self->file < 0)
		SKIP(return, "this kernel injects no failures, see CONFIG_FAULT_INJECTION");
	ASSERT_EQ(0, set_injectors());
	VFIO_NEEDS(&s->target);
	ASSERT_EQ(0, vfio_device_find(variant->device, s->addr, sizeof(s->addr)));
	for (int i = 0; i < VECTORS; i++)
		ASSERT_LE(0, s->fds[i] = vfio_eventfd());
	ASSERT_EQ(0, vfio_driver_take(s->addr));
	/* Where memory lacks, these warn about themselves. */
	ASSERT_EQ(0, limit("reject", variant->begin == OPEN ? "register_irq_proc" :
			   "vfio_create_group"));
	/* Where memory lacks, iommufd gives other errors, and the IOMMU core warns. */
	if (!(vfio_mode()->bit & VFIO_MODES_TYPE1) && is_about_files(&variant->step))
		ASSERT_EQ(0, limit_to_library());
	if (variant->begin == UNBOUND)
		ASSERT_EQ(0, vfio_driver_unbind(s->addr));
	if (variant->begin == OPEN)
		ASSERT_EQ(0, vfio_dev_open(&s->dev, &s->target));
}

FIXTURE_TEARDOWN(fail)
{
	vfio_dev_close(&self->scene.dev);
	vfio_driver_give_back(self->scene.addr);
}

static void sweep(struct __test_metadata *_metadata, struct scene *s,
		  const struct step *step, int file)
{
	unsigned int nth, refused = 0;
	bool failed = true;
	int ret;

	for (nth = 1; failed && nth < MAX_POINTS; nth++) {
		arm(file, nth);
		ret = step->run(s);
		failed = disarm(file);
		if (ret < 0) {
			refused++;
			ASSERT_TRUE(failed) TH_LOG("%d without a failure", ret);
			EXPECT_TRUE(is_for_a_failure(ret) || ret == step->also)
				TH_LOG("failure %u: %s", nth, strerror(-ret));
			/* Some of it may have been done. */
			step->undo(s);
			ASSERT_LE(0, step->run(s))
				TH_LOG("once more after failure %u", nth);
		}
		step->undo(s);
	}
	/* The last round met none. */
	EXPECT_FALSE(failed);
	EXPECT_TRUE(nth > 2 || step->needs_nothing);
	TH_LOG("%u failures injected, the call failed by %u of them", nth - 2, refused);
}

TEST_F_TIMEOUT(fail, each, 300)
{
	sweep(_metadata, &self->scene, &variant->step, self->file);
}

/* ------------------------------------------------------------- modules */

/* Each needs the first one */
static const char *const modules[][2] = {
	{ "vfio-pci-common", "vfio_pci_common" },
	{ "vfio-pci", "vfio_pci" },
	{ SAMPLE, SAMPLE_MODULE },
};

/* Where modprobe finds the file of a module */
static int find_module(const char *module, char *path, size_t len)
{
	char line[64];
	FILE *f;

	snprintf(line, sizeof(line), "modinfo -n %s", module);
	f = popen(line, "r");
	if (!f)
		return -errno;
	path[0] = '\0';
	if (fgets(path, len, f))
		path[strcspn(path, "\n")] = '\0';
	pclose(f);
	return access(path, R_OK) ? -errno : 0;
}

/* What a module needs is loaded, the module and the others are not */
static int prepare_modules(struct scene *s, unsigned int n)
{
	int ret = vfio_modprobe(modules[n][0]);

	for (size_t i = ARRAY_SIZE(modules); !ret && i-- > (n ? 1 : 0); )
		if (sample_module_users(modules[i][1]) >= 0)
			ret = sample_delete_module(modules[i][1]);
	snprintf(s->module.name, sizeof(s->module.name), "%s", modules[n][1]);
	return ret ?: find_module(modules[n][0], s->module.path, sizeof(s->module.path));
}

FIXTURE(module)
{
	struct scene scene;
	int file;
};

FIXTURE_VARIANT(module)
{
	unsigned int number;
	struct step step;
};

#define MODULE(name, n, ...)							\
	FIXTURE_VARIANT_ADD(module, name) {					\
		.number = n,							\
		.step = { __VA_ARGS__ },					\
	}

/* Without a directory of its own, a driver is invalid to the driver core. */
MODULE(load_library, 0, load, be_unloaded);
MODULE(load_vfio_pci, 1, load, be_unloaded, .also = -EINVAL);
MODULE(load_sample, 2, load, be_unloaded, .also = -EINVAL);
MODULE(unload_library, 0, unload, be_loaded, true);
MODULE(unload_vfio_pci, 1, unload, be_loaded, true);
MODULE(unload_sample, 2, unload, be_loaded, true);

FIXTURE_SETUP(module)
{
	self->file = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (self->file < 0)
		SKIP(return, "this kernel injects no failures, see CONFIG_FAULT_INJECTION");
	ASSERT_EQ(0, set_injectors());
	ASSERT_EQ(0, prepare_modules(&self->scene, variant->number));
	/* What the kernel does for any module, before and after, may warn about itself. */
	if (variant->step.run == load)
		ASSERT_EQ(0, limit("require", "do_init_module"));
	if (variant->step.run == unload)
		ASSERT_EQ(0, load(&self->scene));
}

FIXTURE_TEARDOWN(module)
{
	vfio_modprobe(vfio_driver());
}

TEST_F_TIMEOUT(module, each, 300)
{
	sweep(_metadata, &self->scene, &variant->step, self->file);
	/* Nothing holds it, nor what it needs. */
	be_loaded(&self->scene);
	EXPECT_EQ(0, unload(&self->scene));
	if (variant->number)
		EXPECT_EQ(0, sample_delete_module(modules[0][1]));
}

static const struct vfio_mode_rule rules[] = {
	{ .fixture = "module", .modes = VFIO_MODE_GROUP,
	  .why = "modules are loaded in the same way in all modes" },
	{}
};

VFIO_TEST_MAIN_RULES(rules)
