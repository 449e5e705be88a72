/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is needed on top of kselftest_harness.h by tests of vfio devices.
 * Include it instead of the harness, from the .c file of a test.
 */
#ifndef VFIO_HARNESS_H
#define VFIO_HARNESS_H

#include "kselftest_harness.h"
#include "mode.h"
#include "vfio_lib.h"

/* In a FIXTURE_SETUP or TEST: skip when this machine does not have the target */
#define VFIO_NEEDS(target)							\
	do {									\
		const char *__why = vfio_target_missing(target);		\
										\
		if (__why)							\
			SKIP(return, "%s", __why);				\
	} while (0)

/* Open the target or skip; anything that fails then is a failure */
#define VFIO_OPEN_OR_SKIP(dev, target)						\
	do {									\
		const struct vfio_target *__t = (target);			\
		struct vfio_dev *__d = (dev);					\
										\
		*__d = VFIO_DEV_INIT;						\
		VFIO_NEEDS(__t);						\
		ASSERT_EQ(0, vfio_dev_open(__d, __t));				\
	} while (0)

/*
 * The length rules that each ioctl with an argsz obeys: short is -EINVAL,
 * exact works and nothing beyond it is touched, long works and leaves the tail
 * alone.  @want is the result of the calls that are long enough.
 */
#define EXPECT_ARGSZ_RULES(file, ioctl_nr, arg, min, want)			\
	do {									\
		__typeof__(arg) __orig = (arg), __a;				\
		unsigned long __nr = (ioctl_nr);				\
		int __fd = (file), __want = (want);				\
		size_t __min = (min);						\
		bool __touched;							\
										\
		for (size_t __n = 0; __n < __min; __n++) {			\
			__a = __orig;						\
			EXPECT_EQ(-EINVAL, vfio_argsz_case(__fd, __nr, &__a,	\
							   __min, __n))		\
				TH_LOG("argsz %zu of %zu", __n, __min);		\
		}								\
		__a = __orig;							\
		EXPECT_EQ(__want, vfio_argsz_case(__fd, __nr, &__a, __min,	\
						  __min));			\
		__a = __orig;							\
		EXPECT_EQ(__want, vfio_argsz_tail(__fd, __nr, &__a,		\
						  sizeof(__a), &__touched));	\
		EXPECT_FALSE(__touched);					\
		EXPECT_EQ(-EFAULT, vfio_ioctl(__fd, __nr, VFIO_BAD_POINTER));	\
	} while (0)

/*
 * Instead of TEST_HARNESS_MAIN: devices are given back when tests are done, and
 * what the table of struct vfio_mode_rule does not want in this mode is not
 * run.  "--modes" asks for the modes of the program, and needs no device.  The
 * harness does not return, it exits.
 */
#define VFIO_TEST_MAIN_RULES(rules)						\
	static void __lengthen_timeouts(unsigned int factor)			\
	{									\
		struct __fixture_metadata *f;					\
		struct __test_metadata *t;					\
										\
		for (f = __fixture_list; f; f = f->next)			\
			for (t = f->tests; t; t = t->next)			\
				t->timeout *= factor;				\
	}									\
										\
	int main(int argc, char **argv)						\
	{									\
		if (argc == 2 && !strcmp(argv[1], "--modes"))			\
			return vfio_modes_print(rules);				\
		argv = vfio_mode_args(rules, &argc, argv);			\
		vfio_test_begin();						\
		__lengthen_timeouts(vfio_slowness());				\
		exit(test_harness_run(argc, argv));				\
	}

/* All of the program is for all modes */
#define VFIO_TEST_MAIN								\
	static const struct vfio_mode_rule no_rules[] = { {} };			\
	VFIO_TEST_MAIN_RULES(no_rules)

#endif /* VFIO_HARNESS_H */
