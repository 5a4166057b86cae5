/*
 * Community IDs: the baseline of Corelight's community-id-spec, seed 0, from both ends.
 */
#include "report_samples.h"

static const struct {
	uint8_t transport;
	const char *a, *b;
	uint16_t port_a, port_b;
	const char *id;
} vectors[] = {
	{ 6, "128.232.110.120", "66.35.250.204", 34855, 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=" },
	{ 17, "192.168.1.52", "8.8.8.8", 54585, 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ=" },
	{ 132, "192.168.170.8", "192.168.170.56", 7, 7, "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs=" },
	{ 6, "2001:470:e5bf:dead:4957:2174:e82c:4887", "2607:f8b0:400c:c03::1a", 63943, 25,
	  "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=" },
	{ 1, "192.168.0.89", "192.168.0.1", 0, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=" },
	{ 58, "3ffe:507:0:1:200:86ff:fe05:80da", "3ffe:501:0:1001::2", 0, 0,
	  "1:+TW+HtLHvV1xnGhV1lv7XoJrqQg=" },
	{ 46, "10.1.12.1", "10.1.12.2", 0, 0, "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw=" },
};

/* A side's addresses and ports; the opener is the vector's first end. */
static struct flow flow_of(unsigned i, unsigned first)
{
	struct flow flow = { .transport = vectors[i].transport, .opener = (uint8_t)first };

	addr_parse(&flow.addr[first], vectors[i].a);
	addr_parse(&flow.addr[!first], vectors[i].b);
	flow.port[first] = vectors[i].port_a;
	flow.port[!first] = vectors[i].port_b;
	return flow;
}

Test(report_community, baseline)
{
	char id[40];

	for (unsigned i = 0; i < ARRAY_SIZE(vectors); i++)
		for (unsigned first = 0; first < 2; first++) {
			struct flow flow = flow_of(i, first);
			cr_expect_str_eq(report_community_id(&flow, id), vectors[i].id);
		}
}

Test(report_community, ports_order_one_host)
{
	/* With one address the lower port comes first, whoever opened. */
	struct flow flow = flow_of(0, 0);
	char one[40], other[40];

	flow.addr[1] = flow.addr[0];
	report_community_id(&flow, one);
	flow.port[0] = 80;
	flow.port[1] = 34855;
	cr_expect_str_eq(report_community_id(&flow, other), one);
	flow.port[1] = 34856;
	cr_expect_str_neq(report_community_id(&flow, other), one);
}
