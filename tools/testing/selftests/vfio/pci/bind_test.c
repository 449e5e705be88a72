// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a device comes to the driver and leaves it: driver_override, new_id, the
 * module's parameters, what it refuses to drive, and unbinding while a user has
 * the device. Modules are loaded and unloaded; nothing else may use them.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "irq_source.h"
#include "kmsg.h"
#include "vfio_harness.h"

#define EDU_ID		"1234 11e8"
#define EDU_ALIAS	"vfio_pci:v00001234d000011E8sv00001AF4sd00001100bc00scFFi00"
#define IVSHMEM_ID	"1af4 1110"

static const char *driver_of(const char *addr)
{
	static char driver[64];

	if (vfio_driver_of(addr, driver, sizeof(driver)))
		return "no such device";
	return driver;
}

/* The result that the shell would show, where 127 is "no such command" */
static int run(const char *format, const char *argument)
{
	char command[512];
	int status;

	snprintf(command, sizeof(command), format, argument);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int delete_module(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

static long users_of_module(void)
{
	char path[128], text[32];

	vfio_driver_module_path("refcnt", path, sizeof(path));
	if (vfio_file_read(path, text, sizeof(text)) < 0)
		return -1;
	return atol(text);
}

/* All tests start with the module loaded without parameters and edu unbound. */
FIXTURE(edu) {
	char addr[40];
	char other[40];
};

FIXTURE_SETUP(edu)
{
	const struct vfio_target edu = { "edu" };
	const struct vfio_target ivshmem = { "ivshmem" };

	VFIO_NEEDS(&edu);
	VFIO_NEEDS(&ivshmem);
	ASSERT_EQ(0, vfio_device_find("edu", self->addr, sizeof(self->addr)));
	ASSERT_EQ(0, vfio_device_find("ivshmem", self->other, sizeof(self->other)));
	ASSERT_EQ(0, vfio_driver_unbind(self->addr));
	ASSERT_EQ(0, vfio_driver_unbind(self->other));
	ASSERT_EQ(0, vfio_driver_unload());
	ASSERT_EQ(0, vfio_driver_load(""));
	ASSERT_STREQ("", driver_of(self->addr));
}

FIXTURE_TEARDOWN(edu)
{
	vfio_driver_unbind(self->addr);
	vfio_driver_unbind(self->other);
	vfio_driver_unload();
	vfio_driver_load("");
}

/* ------------------------------------------------------------------------ by sysfs */

TEST_F(edu, driver_override)
{
	EXPECT_EQ(-ENODEV, vfio_driver_attr_write(vfio_driver(), "bind", self->addr));
	ASSERT_EQ(0, vfio_attr_write(self->addr, "driver_override", vfio_driver()));
	EXPECT_STREQ("", driver_of(self->addr));
	EXPECT_EQ(0, vfio_file_write("/sys/bus/pci/drivers_probe", self->addr));
	EXPECT_STREQ(vfio_driver(), driver_of(self->addr));
	EXPECT_EQ(0, vfio_driver_attr_write(vfio_driver(), "unbind", self->addr));
	EXPECT_STREQ("", driver_of(self->addr));
	EXPECT_EQ(0, vfio_driver_attr_write(vfio_driver(), "bind", self->addr));
	EXPECT_STREQ(vfio_driver(), driver_of(self->addr));
	EXPECT_EQ(-EBUSY, vfio_driver_attr_write(vfio_driver(), "bind", self->addr));
}

TEST_F(edu, driver_override_of_another)
{
	ASSERT_EQ(0, vfio_attr_write(self->addr, "driver_override", "none"));
	ASSERT_EQ(0, vfio_driver_new_id(vfio_driver(), EDU_ID));
	EXPECT_STREQ("", driver_of(self->addr));
	EXPECT_EQ(-ENODEV, vfio_driver_attr_write(vfio_driver(), "bind", self->addr));
	ASSERT_EQ(0, vfio_attr_write(self->addr, "driver_override", "\n"));
	EXPECT_EQ(0, vfio_driver_attr_write(vfio_driver(), "bind", self->addr));
}

/* No device matches by its id alone, whatever it is. */
TEST_F(edu, nothing_is_taken_by_itself)
{
	EXPECT_EQ(0, vfio_file_write("/sys/bus/pci/drivers_probe", self->addr));
	EXPECT_STREQ("", driver_of(self->addr));
	EXPECT_EQ(0, users_of_module());
}

TEST_F(edu, new_id)
{
	ASSERT_EQ(0, vfio_driver_new_id(vfio_driver(), EDU_ID));
	EXPECT_STREQ(vfio_driver(), driver_of(self->addr));
	EXPECT_STREQ("", driver_of(self->other));
	EXPECT_EQ(-EEXIST, vfio_driver_new_id(vfio_driver(), EDU_ID));
	EXPECT_EQ(-EINVAL, vfio_driver_new_id(vfio_driver(), "1234"));
	EXPECT_EQ(-EINVAL, vfio_driver_new_id(vfio_driver(), "rubbish"));
}

TEST_F(edu, remove_id)
{
	ASSERT_EQ(0, vfio_driver_new_id(vfio_driver(), EDU_ID));
	ASSERT_EQ(0, vfio_driver_remove_id(vfio_driver(), EDU_ID));
	/* Who has it keeps it, nobody gets it anew. */
	EXPECT_STREQ(vfio_driver(), driver_of(self->addr));
	ASSERT_EQ(0, vfio_driver_attr_write(vfio_driver(), "unbind", self->addr));
	EXPECT_EQ(-ENODEV, vfio_driver_attr_write(vfio_driver(), "bind", self->addr));
	EXPECT_EQ(-ENODEV, vfio_driver_remove_id(vfio_driver(), EDU_ID));
	EXPECT_EQ(-EINVAL, vfio_driver_remove_id(vfio_driver(), "rubbish"));
}

TEST_F(edu, bound_and_unbound_often)
{
	const int rounds = vfio_rounds(100);
	int i;

	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, vfio_driver_take(self->addr));
		ASSERT_LE(0, vfio_group_number(self->addr));
		ASSERT_EQ(0, vfio_driver_unbind(self->addr));
	}
}

/* ----------------------------------------------------------------- by the parameter */

TEST_F(edu, ids)
{
	ASSERT_EQ(0, vfio_driver_unload());
	ASSERT_EQ(0, vfio_driver_load("ids=1234:11e8,1af4:1110"));
	EXPECT_STREQ(vfio_driver(), driver_of(self->addr));
	EXPECT_STREQ(vfio_driver(), driver_of(self->other));
	ASSERT_EQ(0, vfio_driver_unload());
	EXPECT_STREQ("", driver_of(self->addr));
	EXPECT_STREQ("", driver_of(self->other));
}

/* As precise as one likes: subsystem, class and mask */
TEST_F(edu, ids_in_full)
{
	ASSERT_EQ(0, vfio_driver_unload());
	ASSERT_EQ(0, vfio_driver_load("ids=1234:11e8:1af4:1100:00ff00:ffffff"));
	EXPECT_STREQ(vfio_driver(), driver_of(self->addr));
	EXPECT_STREQ("", driver_of(self->other));
}

TEST_F(edu, ids_that_do_not_fit)
{
	ASSERT_EQ(0, vfio_driver_unload());
	ASSERT_EQ(0, vfio_driver_load("ids=1234:11e8:1af4:1101"));
	EXPECT_STREQ("", driver_of(self->addr));
	ASSERT_EQ(0, vfio_driver_unload());
	ASSERT_EQ(0, vfio_driver_load("ids=1234:11e8:1af4:1100:020000:ffffff"));
	EXPECT_STREQ("", driver_of(self->addr));
}

/* One that is not understood is told and skipped, the others count. */
TEST_F(edu, ids_malformed)
{
	int log = kmsg_open();

	ASSERT_EQ(0, vfio_driver_unload());
	ASSERT_EQ(0, vfio_driver_load("ids=1234,rubbish,,1234:11e8"));
	EXPECT_STREQ(vfio_driver(), driver_of(self->addr));
	EXPECT_TRUE(kmsg_find(log, "invalid id", "1234", 100));
	EXPECT_TRUE(kmsg_find(log, "invalid id", "rubbish", 100));
}

/* Access rights of each, none where a driver lacks it; all are off at first. */
static const struct {
	const char *name;
	mode_t pci;
	mode_t mdev;
} parameters[] = {
	{ "nointxmask", 0644, 0644 },
	{ "disable_vga", 0444, 0644 },
	{ "disable_idle_d3", 0644, 0644 },
	{ "enable_sriov", 0644, 0 },
	{ "disable_denylist", 0444, 0444 },
};

static mode_t rights_of(size_t i)
{
	return vfio_mode()->mdev ? parameters[i].mdev : parameters[i].pci;
}

/* File of a parameter that is shown */
static const char *parameter_path(const char *name)
{
	static char path[128];
	char file[64];

	snprintf(file, sizeof(file), "parameters/%s", name);
	vfio_driver_module_path(file, path, sizeof(path));
	return path;
}

TEST_F(edu, parameters)
{
	struct stat status;
	const char *path;
	char text[16];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parameters); i++) {
		path = parameter_path(parameters[i].name);
		if (!rights_of(i)) {
			EXPECT_NE(0, stat(path, &status)) TH_LOG("%s", path);
			continue;
		}
		ASSERT_EQ(0, stat(path, &status)) TH_LOG("%s", path);
		EXPECT_EQ(rights_of(i), status.st_mode & 0777)
			TH_LOG("%s", path);
		EXPECT_LT(0, vfio_file_read(path, text, sizeof(text)));
		EXPECT_STREQ("N", text);
	}
	/* Only of interest while the module is loaded */
	EXPECT_NE(0, stat(parameter_path("ids"), &status));
}

TEST_F(edu, parameters_set)
{
	char all_on[256] = "", text[16];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parameters); i++)
		if (rights_of(i))
			sprintf(all_on + strlen(all_on), "%s=1 ", parameters[i].name);
	ASSERT_EQ(0, vfio_driver_unload());
	ASSERT_EQ(0, vfio_driver_load(all_on));
	for (i = 0; i < ARRAY_SIZE(parameters); i++) {
		if (!rights_of(i))
			continue;
		EXPECT_LT(0, vfio_file_read(parameter_path(parameters[i].name), text,
					    sizeof(text)));
		EXPECT_STREQ("Y", text);
	}
	ASSERT_EQ(0, vfio_driver_unload());
	EXPECT_NE(0, vfio_driver_load("no_such_parameter=1 nointxmask=rubbish"));
	EXPECT_FALSE(vfio_driver_is_loaded());
	ASSERT_EQ(0, vfio_driver_load(""));
}

/* As grep says: 0 if modinfo prints such a line about the driver under test */
static int modinfo(const char *field, const char *pattern)
{
	char command[256];

	snprintf(command, sizeof(command), "/sbin/modinfo -F %s %s | grep -q -- '%s'",
		 field, vfio_driver(), pattern);
	return run("%s", command);
}

TEST_F(edu, module_information)
{
	/* As an ordinary PCI driver's it would be loaded for every device. */
	EXPECT_EQ(1, modinfo("alias", "^pci:"));
	EXPECT_EQ(0, modinfo("license", "GPL"));
	EXPECT_EQ(0, modinfo("description", "VFIO\\|vfio"));
	EXPECT_EQ(0, modinfo("parm", "^ids:"));
}

/* By which libvirt finds the driver for a device; a sample is not to be found. */
TEST_F(edu, module_alias)
{
	const bool named = !vfio_mode()->mdev;

	EXPECT_EQ(named ? 0 : 1,
		  modinfo("alias", "^vfio_pci:v\\*d\\*sv\\*sd\\*bc\\*sc\\*i\\*"));
	EXPECT_EQ(named ? 0 : 1,
		  run("/sbin/modprobe -R " EDU_ALIAS " | sed s/-/_/g | grep -qx %s",
		      vfio_driver_module()));
}

/* -------------------------------------------------------------------- what it refuses */

/* Bridges: nobody could have one without what is behind it. */
TEST(bridge)
{
	const struct vfio_target target = { "e1000e" };
	char addr[40], path[128], port[256];
	char *slash;
	ssize_t length;

	VFIO_NEEDS(&target);
	ASSERT_EQ(0, vfio_device_find("e1000e", addr, sizeof(addr)));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", addr);
	length = readlink(path, port, sizeof(port) - 1);
	ASSERT_LT(0, length);
	port[length] = '\0';
	/* .../0000:00:10.0/0000:01:00.0: the last but one is the port. */
	*strrchr(port, '/') = '\0';
	slash = strrchr(port, '/');
	ASSERT_NE(NULL, slash);
	ASSERT_STREQ("pcieport", driver_of(slash + 1));

	EXPECT_EQ(-EINVAL, vfio_driver_take(slash + 1));
	EXPECT_STREQ("", driver_of(slash + 1));
	EXPECT_EQ(0, vfio_driver_give_back(slash + 1));
	EXPECT_STREQ("pcieport", driver_of(slash + 1));
}

/* No IOMMU keeps its DMA in bounds */
TEST(device_without_group)
{
	const char *addr = "fa4e:00:00.0";
	char path[128];

	if (vfio_modprobe("vfio_pci_fakebus"))
		SKIP(return, "no device without an IOMMU: build and insmod fakebus/");
	EXPECT_EQ(-EINVAL, vfio_driver_bind(addr, vfio_driver()));
	EXPECT_STREQ("", driver_of(addr));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", addr);
	EXPECT_NE(0, access(path, F_OK));
	EXPECT_EQ(0, delete_module("vfio_pci_fakebus"));
}

/* A physical function whose virtual functions are somebody else's already */
TEST(physical_function_with_functions_enabled)
{
	const struct vfio_target target = { "sriov" };
	char addr[40];

	VFIO_NEEDS(&target);
	ASSERT_EQ(0, vfio_modprobe("pci-pf-stub"));
	ASSERT_EQ(0, vfio_device_find("sriov", addr, sizeof(addr)));
	ASSERT_EQ(0, vfio_driver_bind(addr, "pci-pf-stub"));
	ASSERT_EQ(0, vfio_attr_write(addr, "sriov_drivers_autoprobe", "0"));
	ASSERT_EQ(0, vfio_attr_write(addr, "sriov_numvfs", "1"));
	EXPECT_EQ(-EBUSY, vfio_driver_take(addr));
	/* The parent of an mdev may be bound, but is given to nobody. */
	EXPECT_STREQ(vfio_mode()->mdev ? vfio_driver() : "", driver_of(addr));

	ASSERT_EQ(0, vfio_driver_bind(addr, "pci-pf-stub"));
	ASSERT_EQ(0, vfio_attr_write(addr, "sriov_numvfs", "0"));
	EXPECT_EQ(0, vfio_driver_take(addr));
	EXPECT_EQ(0, vfio_driver_unbind(addr));
}

/* --------------------------------------------------------------------- while in use */

TEST_F(edu, module_is_held_while_open)
{
	const struct vfio_target target = { "edu" };
	struct vfio_dev dev;
	long before;

	ASSERT_EQ(0, vfio_driver_take(self->addr));
	before = users_of_module();
	ASSERT_LE(0, before);
	ASSERT_EQ(0, vfio_dev_open(&dev, &target));
	EXPECT_LT(before, users_of_module());
	EXPECT_EQ(-EAGAIN, delete_module(vfio_driver_module()));
	vfio_dev_close(&dev);
	EXPECT_EQ(before, users_of_module());
	EXPECT_EQ(0, delete_module(vfio_driver_module()));
	EXPECT_STREQ("", driver_of(self->addr));
	ASSERT_EQ(0, vfio_driver_load(""));
}

/* The library has users as long as the driver is loaded. */
TEST_F(edu, library_is_held)
{
	EXPECT_EQ(0, run("test -n \"$(ls /sys/module/*/holders | grep -x %s)\"",
			 vfio_driver_module()));
	EXPECT_EQ(-EWOULDBLOCK, delete_module("vfio"));
}

static pid_t start_unbind(const char *addr)
{
	char path[128];

	vfio_driver_path("unbind", path, sizeof(path));
	return vfio_file_write_begin(path, addr);
}

FIXTURE(unbind) {
	struct vfio_dev dev;
	int req;
};

FIXTURE_VARIANT(unbind) {
	struct vfio_target target;
};

FIXTURE_VARIANT_ADD(unbind, edu) {
	.target = { "edu" },
};

FIXTURE_VARIANT_ADD(unbind, nvme) {
	.target = { "nvme" },
};

FIXTURE_SETUP(unbind)
{
	VFIO_OPEN_OR_SKIP(&self->dev, &variant->target);
	self->req = vfio_eventfd();
	ASSERT_LE(0, self->req);
}

FIXTURE_TEARDOWN(unbind)
{
	vfio_dev_close(&self->dev);
}

#define SET_REQ()								\
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1,\
				       &self->req))

/* The user is asked, and goes. */
TEST_F(unbind, waits_for_the_user)
{
	uint32_t value;
	pid_t child;

	SET_REQ();
	child = start_unbind(self->dev.addr);
	ASSERT_LT(0, child);
	EXPECT_EQ(1, vfio_eventfd_wait(self->req, 2000));
	vfio_sleep_ms(200);
	EXPECT_TRUE(vfio_file_write_waits(child));
	/* What is open goes on working, and nobody else gets the device. */
	EXPECT_EQ(4, vfio_region_read(&self->dev, 0, 0, &value, 4));
	EXPECT_EQ(-ENODEV, self->dev.how == VFIO_HOW_CDEV ?
			   vfio_cdev_open(self->dev.name) :
			   vfio_group_device_fd(self->dev.group, self->dev.name));

	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, vfio_file_write_end(child));
	EXPECT_STREQ("", driver_of(self->dev.addr));
	/* And it can be had again. */
	ASSERT_EQ(0, vfio_dev_open(&self->dev, &variant->target));
}

/* Nobody listens: the kernel says so, and waits all the same. */
TEST_F(unbind, waits_without_eventfd)
{
	int log = kmsg_open();
	pid_t child;

	child = start_unbind(self->dev.addr);
	ASSERT_LT(0, child);
	EXPECT_TRUE(kmsg_find(log, self->dev.addr, "request", 2000));
	EXPECT_TRUE(vfio_file_write_waits(child));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, vfio_file_write_end(child));
}

/* Once more every ten seconds */
TEST_F_TIMEOUT(unbind, asks_again, 60)
{
	pid_t child;

	SET_REQ();
	child = start_unbind(self->dev.addr);
	ASSERT_LT(0, child);
	EXPECT_EQ(1, vfio_eventfd_wait(self->req, 2000));
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->req, 8000));
	EXPECT_EQ(1, vfio_eventfd_wait(self->req, 4000));
	EXPECT_TRUE(vfio_file_write_waits(child));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, vfio_file_write_end(child));
}

/* A signal does not end it: half an unbind there is not. */
TEST_F(unbind, is_not_interrupted)
{
	pid_t child;

	SET_REQ();
	child = start_unbind(self->dev.addr);
	ASSERT_LT(0, child);
	EXPECT_EQ(1, vfio_eventfd_wait(self->req, 2000));
	ASSERT_EQ(0, kill(child, SIGTERM));
	vfio_sleep_ms(200);
	EXPECT_TRUE(vfio_file_write_waits(child));
	vfio_dev_close(&self->dev);
	/* It died of the signal when it was through. */
	EXPECT_EQ(-EINTR, vfio_file_write_end(child));
	EXPECT_STREQ("", driver_of(self->dev.addr));
}

/* The user dies: that counts as closing. */
TEST_F(unbind, ends_when_the_user_is_killed)
{
	struct vfio_dev dev;
	int status, pipes[2];
	pid_t user, child;
	char byte;

	vfio_dev_close(&self->dev);
	ASSERT_EQ(0, pipe(pipes));
	user = fork();
	ASSERT_LE(0, user);
	if (!user) {
		if (vfio_dev_open(&dev, &variant->target) ||
		    write(pipes[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	ASSERT_EQ(1, read(pipes[0], &byte, 1));
	child = start_unbind(self->dev.addr);
	vfio_sleep_ms(100);
	EXPECT_TRUE(vfio_file_write_waits(child));
	ASSERT_EQ(0, kill(user, SIGKILL));
	ASSERT_EQ(user, waitpid(user, &status, 0));
	EXPECT_EQ(0, vfio_file_write_end(child));
}

/* ----------------------------------------------------------------------- nointxmask */

#define INTX		VFIO_PCI_INTX_IRQ_INDEX

/* Devices that are taken for unable to disable INTx: the line itself is masked. */
FIXTURE(nointxmask) {
	struct vfio_dev dev;
	struct irq_source source;
	int fd;
	int unmask;
};

FIXTURE_SETUP(nointxmask)
{
	const struct vfio_target target = { "edu" };
	char addr[40];

	VFIO_NEEDS(&target);
	ASSERT_EQ(0, vfio_device_find("edu", addr, sizeof(addr)));
	ASSERT_EQ(0, vfio_driver_unbind(addr));
	ASSERT_EQ(0, vfio_driver_unload());
	ASSERT_EQ(0, vfio_driver_load("nointxmask=1"));
	ASSERT_EQ(0, vfio_dev_open(&self->dev, &target));
	ASSERT_EQ(0, irq_source_open(&self->source, &self->dev));
	ASSERT_EQ(0, irq_source_arm(&self->source, INTX));
	self->fd = vfio_eventfd();
	self->unmask = vfio_eventfd();
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, INTX, 0, 1, &self->fd));
}

FIXTURE_TEARDOWN(nointxmask)
{
	/* The emulated IO-APIC remembers a line that goes down after the handler. */
	irq_source_ack(&self->source, 0);
	irq_source_close(&self->source);
	vfio_dev_close(&self->dev);
	vfio_driver_unbind(self->dev.addr);
	vfio_driver_unload();
	vfio_driver_load("");
}

#define RAISE()		irq_source_raise(&self->source, 0)
#define ACK()		irq_source_ack(&self->source, 0)
#define SET_INTX(flags)	vfio_irq_set(&self->dev, flags, INTX, 0, 1, NULL, 0)
#define MASK		(VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK)
#define UNMASK		(VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK)
#define EXPECT_ARRIVES()							\
	EXPECT_EQ(1, vfio_eventfd_wait(self->fd, 2000))
#define EXPECT_SILENT()								\
	EXPECT_EQ(-ETIMEDOUT, vfio_eventfd_wait(self->fd, 30))
#define HW_DISABLED()								\
	(!!(vfio_hw_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE))

TEST_F(nointxmask, none_is_lost)
{
	int i;

	for (i = 0; i < 300; i++) {
		RAISE();
		ASSERT_EQ(1, vfio_eventfd_wait(self->fd, 2000));
		ASSERT_FALSE(HW_DISABLED());
		ACK();
		ASSERT_EQ(0, SET_INTX(UNMASK));
	}
	EXPECT_SILENT();
}

TEST_F(nointxmask, masked_until_unmasked)
{
	RAISE();
	EXPECT_ARRIVES();
	EXPECT_SILENT();
	EXPECT_EQ(0, SET_INTX(UNMASK));
	/* Asserted still */
	EXPECT_ARRIVES();
	EXPECT_SILENT();
}

TEST_F(nointxmask, masked_by_the_user)
{
	EXPECT_EQ(0, SET_INTX(MASK));
	EXPECT_EQ(0, SET_INTX(MASK));
	RAISE();
	EXPECT_SILENT();
	EXPECT_EQ(0, SET_INTX(UNMASK));
	EXPECT_ARRIVES();
}

TEST_F(nointxmask, unmask_eventfd)
{
	const int32_t fd = self->unmask;
	int i;

	ASSERT_EQ(0, vfio_irq_set(&self->dev, VFIO_IRQ_SET_DATA_EVENTFD |
				  VFIO_IRQ_SET_ACTION_UNMASK, INTX, 0, 1, &fd, 4));
	for (i = 0; i < 50; i++) {
		RAISE();
		ASSERT_EQ(1, vfio_eventfd_wait(self->fd, 2000));
		ACK();
		ASSERT_EQ(0, eventfd_write(self->unmask, 1));
	}
	EXPECT_SILENT();
}

TEST_F(nointxmask, disable_bit_masks)
{
	ASSERT_EQ(0, vfio_command(&self->dev, 0, PCI_COMMAND_INTX_DISABLE));
	RAISE();
	EXPECT_SILENT();
	EXPECT_FALSE(HW_DISABLED());
	EXPECT_NE(0, vfio_cfg16(&self->dev, PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE);
	ASSERT_EQ(0, vfio_command(&self->dev, PCI_COMMAND_INTX_DISABLE, 0));
	EXPECT_ARRIVES();
}

TEST_F(nointxmask, enabled_while_disable_bit_is_set)
{
	ASSERT_EQ(0, vfio_irq_disable(&self->dev, INTX));
	ASSERT_EQ(0, vfio_command(&self->dev, 0, PCI_COMMAND_INTX_DISABLE));
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, INTX, 0, 1, &self->fd));
	RAISE();
	EXPECT_SILENT();
	ASSERT_EQ(0, vfio_command(&self->dev, PCI_COMMAND_INTX_DISABLE, 0));
	EXPECT_ARRIVES();
}

/* The line is the device's alone: another one that wires it can't have it. */
TEST_F(nointxmask, line_is_not_shared)
{
	const struct vfio_target target = { "multi0" };
	char mine[16] = "", other[16] = "";
	int32_t fd = vfio_eventfd();
	struct vfio_dev dev;

	VFIO_OPEN_OR_SKIP(&dev, &target);
	ASSERT_LT(0, vfio_attr_read(self->dev.addr, "irq", mine, sizeof(mine)));
	ASSERT_LT(0, vfio_attr_read(dev.addr, "irq", other, sizeof(other)));
	if (strcmp(mine, other)) {
		vfio_dev_close(&dev);
		SKIP(return, "the two devices have lines of their own");
	}
	EXPECT_EQ(-EBUSY, vfio_irq_eventfds(&dev, INTX, 0, 1, &fd));
	/* Refused, it is as if not asked for. */
	EXPECT_EQ(-EINVAL, vfio_irq_disable(&dev, INTX));
	EXPECT_EQ(0, vfio_irq_eventfds(&dev, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, &fd));
	EXPECT_EQ(0, vfio_irq_disable(&dev, VFIO_PCI_MSI_IRQ_INDEX));
	RAISE();
	EXPECT_ARRIVES();

	ASSERT_EQ(0, vfio_irq_disable(&self->dev, INTX));
	EXPECT_EQ(0, vfio_irq_eventfds(&dev, INTX, 0, 1, &fd));
	EXPECT_EQ(-EBUSY, vfio_irq_eventfds(&self->dev, INTX, 0, 1, &self->fd));
	vfio_dev_close(&dev);
	vfio_driver_unbind(dev.addr);
	EXPECT_EQ(0, vfio_irq_eventfds(&self->dev, INTX, 0, 1, &self->fd));
}

TEST_F(nointxmask, disabled_while_masked)
{
	RAISE();
	EXPECT_ARRIVES();
	ACK();
	ASSERT_EQ(0, vfio_irq_disable(&self->dev, INTX));
	ASSERT_EQ(0, vfio_irq_eventfds(&self->dev, INTX, 0, 1, &self->fd));
	EXPECT_SILENT();
	RAISE();
	EXPECT_ARRIVES();
}

static const struct vfio_mode_rule rules[] = {
	{ .test = "device_without_group", .modes = VFIO_MODES_PCI,
	  .why = "it may become a parent, see mdev_test" },
	{}
};

VFIO_TEST_MAIN_RULES(rules)
