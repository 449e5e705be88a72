// SPDX-License-Identifier: GPL-2.0-only
/* What follows a device's name when it is asked for: every form of the option */
#include <kunit/test.h>
#include <linux/uuid.h>

#include "fake.h"

#define UUID	"00112233-4455-6677-8899-aabbccddeeff"
#define TOKEN	"vf_token=" UUID

/**
 * struct token_case - an option string
 * @name: of the test
 * @options: the string
 * @ret: what is expected: 1 with a token, 0 without, or an errno
 */
struct token_case {
	const char *name;
	const char *options;
	int ret;
};

static const struct token_case token_cases[] = {
	{ "nothing", "", 0 },
	{ "blank", " ", 0 },
	{ "blanks", "   ", 0 },
	{ "tab", "\t", -EINVAL },
	{ "newline", "\n", -EINVAL },
	{ "token", " " TOKEN, 1 },
	{ "token without blank", TOKEN, 1 },
	{ "token behind blanks", "   " TOKEN, 1 },
	{ "blanks behind token", " " TOKEN "  ", 1 },
	{ "token behind tab", "\t" TOKEN, -EINVAL },
	{ "tab behind token", " " TOKEN "\t", -EINVAL },
	{ "newline behind token", " " TOKEN "\n", -EINVAL },
	{ "capitals", " vf_token=00112233-4455-6677-8899-AABBCCDDEEFF", 1 },
	{ "token twice", " " TOKEN " " TOKEN, -EINVAL },
	{ "two in one word", " " TOKEN TOKEN, -EINVAL },
	{ "text behind token", " " TOKEN "0", -EINVAL },
	{ "option behind token", " " TOKEN " x", -EINVAL },
	{ "comma behind token", " " TOKEN ",", -EINVAL },
	{ "unknown option", " token=" UUID, -EINVAL },
	{ "unknown option first", " x " TOKEN, -EINVAL },
	{ "part of the name", " vf_tok", -EINVAL },
	{ "name alone", " vf_token", -EINVAL },
	{ "capital name", " VF_TOKEN=" UUID, -EINVAL },
	{ "blank before =", " vf_token =" UUID, -EINVAL },
	{ "blank after =", " vf_token= " UUID, -EINVAL },
	{ "no value", " vf_token=", -EINVAL },
	{ "35 characters", " vf_token=00112233-4455-6677-8899-aabbccddeef",
	  -EINVAL },
	{ "no dashes", " vf_token=00112233445566778899aabbccddeeff0000",
	  -EINVAL },
	{ "dash in the wrong place",
	  " vf_token=0011223-34455-6677-8899-aabbccddeeff", -EINVAL },
	{ "no hex digit", " vf_token=00112233-4455-6677-8899-aabbccddeefg",
	  -EINVAL },
	{ "blank in the value", " vf_token=00112233-4455-6677-8899 aabbccddeeff",
	  -EINVAL },
	{ "braces", " vf_token={00112233-4455-6677-8899-aabbccddeeff}",
	  -EINVAL },
	{ "null token", " vf_token=00000000-0000-0000-0000-000000000000", 1 },
};

static void token_desc(const struct token_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(token, token_cases, token_desc);

static void test_parse(struct kunit *test)
{
	const struct token_case *c = test->param_value;
	uuid_t uuid = UUID_INIT(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);

	KUNIT_EXPECT_EQ(test, vfio_pci_common_parse_token(c->options, &uuid),
			c->ret);
}

static void test_value(struct kunit *test)
{
	uuid_t want = UUID_INIT(0x00112233, 0x4455, 0x6677, 0x88, 0x99, 0xaa,
				0xbb, 0xcc, 0xdd, 0xee, 0xff);
	uuid_t uuid = { };

	KUNIT_EXPECT_EQ(test, vfio_pci_common_parse_token(TOKEN, &uuid), 1);
	KUNIT_EXPECT_TRUE(test, uuid_equal(&uuid, &want));
}

/* A string that ends where the token is expected to go on is not read past */
static void test_every_length(struct kunit *test)
{
	static const char whole[] = " " TOKEN;
	size_t len;

	for (len = 2; len < strlen(whole); len++) {
		char *options = kmemdup_nul(whole, len, GFP_KERNEL);
		uuid_t uuid;

		KUNIT_ASSERT_NOT_NULL(test, options);
		KUNIT_EXPECT_EQ_MSG(test,
				    vfio_pci_common_parse_token(options, &uuid),
				    -EINVAL, "'%s'", options);
		kfree(options);
	}
}

/* Names that are, and are not, that of a device that takes no token */
static void test_name(struct kunit *test)
{
	static const struct token_case names[] = {
		{ "name", "0000:01:00.0", 1 },
		{ "blanks", "0000:01:00.0  ", 1 },
		{ "prefix", "0000:01:00.", 0 },
		{ "longer", "0000:01:00.00", 0 },
		{ "other function", "0000:01:00.1", 0 },
		{ "tab", "0000:01:00.0\t", 0 },
		{ "empty", "", 0 },
		{ "needless token", "0000:01:00.0 " TOKEN, -EINVAL },
		{ "unknown option", "0000:01:00.0 x", -EINVAL },
		{ "options of another", "0000:01:00.1 x", 0 },
	};
	struct fake_pci *fake = fake_create(test, "0000:01:00.0");
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		char buf[64];

		strscpy(buf, names[i].options);
		KUNIT_EXPECT_EQ_MSG(test,
				    vfio_pci_common_match(&fake->vdev.vdev, buf),
				    names[i].ret, "%s", names[i].name);
	}
}

static struct kunit_case token_tests[] = {
	KUNIT_CASE_PARAM(test_parse, token_gen_params),
	KUNIT_CASE(test_value),
	KUNIT_CASE(test_every_length),
	KUNIT_CASE(test_name),
	{ }
};

static struct kunit_suite token_suite = {
	.name = "vfio_pci_token",
	.test_cases = token_tests,
};

kunit_test_suite(token_suite);
