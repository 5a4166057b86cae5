/* Is it TLS? On views made by hand: hellos, look-alikes, and chains of records. */
#include "detect_hex.h"

#include "detect/tls_parts.h"

#define RANDOM "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

struct scene {
	uint8_t data[2][2048];
	struct detect_view view;
};

static enum detect_step ask(struct scene *scene, bool from_start, const char *a, const char *b)
{
	scene->view = (struct detect_view){
		.transport = TRANSPORT_TCP,
		.from_start = { from_start, from_start },
	};
	scene->view.first[0] = BYTES(scene->data[0], hex_to_bytes(a, scene->data[0]));
	scene->view.first[1] = BYTES(scene->data[1], hex_to_bytes(b, scene->data[1]));
	return tls_probe(&scene->view);
}

Test(detect_tls_probe, hellos)
{
	struct scene scene;
	cr_assert_eq(ask(&scene, true, "", ""), DETECT_MORE);
	cr_assert_eq(ask(&scene, true, "16", ""), DETECT_MORE);
	cr_assert_eq(ask(&scene, true, "1603", ""), DETECT_MORE);
	cr_assert_eq(ask(&scene, true, "160301 00c8 01 0000c4 0303", ""), DETECT_MINE);
	cr_assert_eq(ask(&scene, true, "", "160303 00c8 02 000046 0303"), DETECT_MINE);
	/* The client's may come second, on either side. */
	cr_assert_eq(ask(&scene, true, "", "160301 00c8 01 0000c4 0303"), DETECT_MINE);
}

Test(detect_tls_probe, what_is_none)
{
	struct scene scene;
	cr_assert_eq(ask(&scene, true, "17", ""), DETECT_NOT_MINE);
	cr_assert_eq(ask(&scene, true, "'GET / HTTP/1.1'", ""), DETECT_NOT_MINE);
	cr_assert_eq(ask(&scene, true, "160401", ""), DETECT_NOT_MINE);
	cr_assert_eq(ask(&scene, true, "160305", ""), DETECT_NOT_MINE);
	cr_assert_eq(ask(&scene, true, "160301 ffff 01 0000c4 0303", ""), DETECT_NOT_MINE);
	cr_assert_eq(ask(&scene, true, "160301 00c8 0b 0000c4 0303", ""), DETECT_NOT_MINE);
	cr_assert_eq(ask(&scene, true, "160301 00c8 01 000025 0303", ""), DETECT_NOT_MINE);
	cr_assert_eq(ask(&scene, true, "160301 00c8 01 0000c4 0403", ""), DETECT_NOT_MINE);
	/* Noise behind the head of a handshake: there is no TLS 3.5 yet. */
	cr_assert_eq(ask(&scene, true, "160301 00c8 01 0000c4 0305", ""), DETECT_NOT_MINE);
}

Test(detect_tls_probe, a_short_start_that_will_not_grow)
{
	struct scene scene;
	ask(&scene, true, "160301", "");
	scene.view.is_full[0] = true;
	cr_assert_eq(tls_probe(&scene.view), DETECT_NOT_MINE);
	ask(&scene, true, "802e01", "");
	cr_assert_eq(tls_probe(&scene.view), DETECT_MORE);
	scene.view.is_full[0] = true;
	cr_assert_eq(tls_probe(&scene.view), DETECT_NOT_MINE);
}

Test(detect_tls_probe, sslv2_style)
{
	struct scene scene;
	cr_assert_eq(ask(&scene, true, "802e 01 0301 0009 0000 001c", ""), DETECT_MINE);
	cr_assert_eq(ask(&scene, true, "802e 01 0002 0009 0000 001c", ""), DETECT_MINE);
	cr_assert_eq(ask(&scene, true, "802e 02 0301 0009 0000 001c", ""), DETECT_NOT_MINE);
	cr_assert_eq(ask(&scene, true, "802e 01 0501 0009 0000 001c", ""), DETECT_NOT_MINE);
	cr_assert_eq(ask(&scene, true, "802e 01 0301 0008 0000 001d", ""), DETECT_NOT_MINE);
	cr_assert_eq(ask(&scene, true, "802e 01 0301 0009 0004 0018", ""), DETECT_NOT_MINE);
}

Test(detect_tls_probe, the_pseudo_hello_waits_for_its_fiftieth_byte)
{
	struct scene scene;
	static const char head[] = "160301002d 01000029 0301";
	cr_assert_eq(ask(&scene, true, head, ""), DETECT_MORE);
	cr_assert_eq(ask(&scene, true, "160301002d 01000029 0301" RANDOM "00 0002 00", ""),
	             DETECT_MORE);
	cr_assert_eq(ask(&scene, true, "160301002d 01000029 0301" RANDOM "00 0002 0018 0100", ""),
	             DETECT_NOT_MINE);
	cr_assert_eq(ask(&scene, true, "160301002d 01000029 0301" RANDOM "00 0002 0019", ""),
	             DETECT_MINE);
	cr_assert_eq(ask(&scene, true, "160301002d 01000029 0303" RANDOM "00 0002 0018 0100", ""),
	             DETECT_MINE);
}

Test(detect_tls_probe, records_are_told)
{
	cr_assert(tls_is_record(22, 0x0301, 16384 + 2048));
	cr_assert_not(tls_is_record(22, 0x0301, 16384 + 2049));
	cr_assert(tls_is_record(23, 0x0303, 0));
	cr_assert_not(tls_is_record(22, 0x0303, 0));
	cr_assert_not(tls_is_record(19, 0x0303, 5));
	cr_assert_not(tls_is_record(25, 0x0303, 5));
	cr_assert_not(tls_is_record(23, 0x0305, 5));
	cr_assert_not(tls_is_record(23, 0x0203, 5));
}

Test(detect_tls_probe, chains_count_only_in_the_middle)
{
	struct scene scene;
	static const char chain[] = "1703030002 aabb 1703030001 cc 1703034000";
	cr_assert_eq(ask(&scene, true, chain, ""), DETECT_NOT_MINE);
	cr_assert_eq(ask(&scene, false, chain, ""), DETECT_MINE);
	cr_assert_eq(ask(&scene, false, "1703030002 aabb 1703030001", ""), DETECT_MORE);
	cr_assert_eq(ask(&scene, false, "1703030002 aabb 1703030001", "1703030002 aabb"),
	             DETECT_MORE);
	cr_assert_eq(ask(&scene, false, "1703030002 aabb 1703030001", "1703030002 aabb 1703030001"),
	             DETECT_MINE);
	cr_assert_eq(ask(&scene, false, "170303 0002 aabb 170301 0001 cc 170302 4000", ""),
	             DETECT_MORE);
	ask(&scene, false, "'hello'", "");
	scene.view.is_full[0] = true;
	cr_assert_eq(tls_probe(&scene.view), DETECT_NOT_MINE);
}

Test(detect_tls_probe, two_records_are_enough_if_there_is_nothing_else)
{
	struct scene scene;
	static const struct {
		const char *sides[2];
		bool from_start, is_full;
		enum detect_step wanted;
	} cases[] = {
		{ { "1703030002 aabb 1703030001 cc", "" }, false, true, DETECT_MINE },
		{ { "1703030002 aabb", "1503030002 0100" }, false, true, DETECT_MINE },
		{ { "1703030002 aabb 1703030001 cc", "" }, false, false, DETECT_MORE },
		{ { "1703030002 aabb 1703030001 cc", "" }, true, true, DETECT_NOT_MINE },
		{ { "1703030002 aabb", "" }, false, true, DETECT_NOT_MINE },
		{ { "1703030002 aabb 1703030002 cc", "" }, false, true, DETECT_NOT_MINE },
		{ { "1703030002 aabb 1703030001 cc", "aa" }, false, true, DETECT_NOT_MINE },
		{ { "1703030002 aabb 1703060001 cc", "" }, false, true, DETECT_NOT_MINE },
		{ { "1703030002 aabb 1703030000", "" }, false, true, DETECT_MINE },
		{ { "1703030002 aabb 1603030000", "" }, false, true, DETECT_NOT_MINE },
		{ { "1703030002 aabb 1703010001 cc", "" }, false, true, DETECT_NOT_MINE },
		{ { "1703030002 aabb", "1703010002 aabb" }, false, true, DETECT_NOT_MINE },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ask(&scene, cases[i].from_start, cases[i].sides[0], cases[i].sides[1]);
		scene.view.is_full[0] = scene.view.is_full[1] = cases[i].is_full;
		cr_expect_eq(tls_probe(&scene.view), cases[i].wanted, "case %zu", i);
	}
}
