/*
 * What carried a flow, as JSON and as text.
 */
#include "report_samples.h"

static struct packet_tunnel over_udp(enum tunnel_kind kind, uint32_t id, uint16_t dst_port)
{
	return (struct packet_tunnel){ .kind = (uint8_t)kind,
		                       .transport = 17,
		                       .id = id,
		                       .src_port = 49152,
		                       .dst_port = dst_port,
		                       .src = addr_from_ipv4(0xc0000201),
		                       .dst = addr_from_ipv4(0xc6336402) };
}

/* The sample's flow came in these. */
static struct flow_tunnels *carry(struct sample *s, const struct packet_tunnel *list, uint8_t n)
{
	static struct packet packet;
	struct flow_tunnels *tunnels;

	cr_assert_eq(flow_tunnels_new(&tunnels, NULL, 1 << 16), 0);
	packet.n_tunnels = n;
	for (unsigned i = 0; i < n; i++)
		packet.tunnels[i] = list[i];
	s->record.flow.tunnels = flow_tunnels_put(tunnels, &packet);
	s->report.capture.tunnels = tunnels;
	return tunnels;
}

static void expect_both(const struct sample *s, const char *json, const char *text)
{
	struct values values = { 0 };
	struct json_object *object = values_object(&values);
	struct strbuf out = STRBUF_INIT;

	json_put_tunnels(&values, object, "tunnel", &s->report, &s->record.flow);
	cr_expect_not(values.is_failed);
	expect_text(sample_json(object), json);
	cr_expect_eq(tunnels_add_text(&out, &s->report, &s->record.flow), text[0] != '\0');
	cr_expect_str_eq(strbuf_text(&out), text);
	strbuf_deinit(&out);
}

Test(report_tunnel, none)
{
	struct sample s;

	sample_init(&s);
	expect_both(&s, "{\"tunnel\":null}", "");
	sample_deinit(&s);
}

Test(report_tunnel, both_ends)
{
	struct sample s;

	sample_init(&s);
	const struct packet_tunnel list[] = { over_udp(TUNNEL_VXLAN, 5001, 4789) };
	_cleanup_(flow_tunnels_freep) struct flow_tunnels *tunnels = carry(&s, list, 1);
	expect_both(&s,
	            "{\"tunnel\":[{\"kind\":\"vxlan\",\"id\":5001,"
	            "\"src\":{\"ip\":\"192.0.2.1\",\"port\":49152},"
	            "\"dst\":{\"ip\":\"198.51.100.2\",\"port\":4789},\"transport\":\"udp\"}]}",
	            "vxlan 5001 192.0.2.1:49152 -> 198.51.100.2:4789");
	sample_deinit(&s);
}

/* Outermost first: below IP, without ports, without an id, IPv6. */
Test(report_tunnel, stack)
{
	struct sample s;
	struct packet_tunnel list[] = {
		{ .kind = TUNNEL_MPLS, .id = 0 },
		{ .kind = TUNNEL_GRE,
		  .transport = 47,
		  .id = 0,
		  .src = addr_from_ipv4(0xc0000201),
		  .dst = addr_from_ipv4(0xc6336402) },
		over_udp(TUNNEL_GENEVE, 0, 6081),
		{ .kind = TUNNEL_6IN4,
		  .transport = 41,
		  .id = 0,
		  .src = addr_from_ipv4(0xc0000201),
		  .dst = addr_from_ipv4(0xc6336402) },
	};

	sample_init(&s);
	cr_assert(addr_parse(&list[2].src, "2001:db8::1"));
	cr_assert(addr_parse(&list[2].dst, "2001:db8::2"));
	_cleanup_(flow_tunnels_freep) struct flow_tunnels *tunnels = carry(&s, list, 4);
	expect_both(&s,
	            "{\"tunnel\":["
	            "{\"kind\":\"mpls\",\"id\":0,\"src\":null,\"dst\":null,\"transport\":null},"
	            "{\"kind\":\"gre\",\"id\":null,\"src\":{\"ip\":\"192.0.2.1\",\"port\":null},"
	            "\"dst\":{\"ip\":\"198.51.100.2\",\"port\":null},\"transport\":\"47\"},"
	            "{\"kind\":\"geneve\",\"id\":0,\"src\":{\"ip\":\"2001:db8::1\",\"port\":49152},"
	            "\"dst\":{\"ip\":\"2001:db8::2\",\"port\":6081},\"transport\":\"udp\"},"
	            "{\"kind\":\"6in4\",\"id\":null,\"src\":{\"ip\":\"192.0.2.1\",\"port\":null},"
	            "\"dst\":{\"ip\":\"198.51.100.2\",\"port\":null},\"transport\":\"41\"}]}",
	            "mpls 0, then gre 192.0.2.1 -> 198.51.100.2, "
	            "then geneve 0 [2001:db8::1]:49152 -> [2001:db8::2]:6081, "
	            "then 6in4 192.0.2.1 -> 198.51.100.2");
	sample_deinit(&s);
}

/* There was no room for the addresses: only the kind is said, and nothing made up. */
Test(report_tunnel, kind_only)
{
	struct sample s;
	const struct packet_tunnel list[] = { over_udp(TUNNEL_VXLAN, 5001, 4789) };

	sample_init(&s);
	struct flow_tunnels *tunnels = carry(&s, list, 1);
	flow_tunnels_free(tunnels);
	s.report.capture.tunnels = NULL;
	s.record.flow.tunnels = TUNNEL_VXLAN + 1;
	expect_both(&s,
	            "{\"tunnel\":[{\"kind\":\"vxlan\",\"id\":null,\"src\":null,\"dst\":null,"
	            "\"transport\":null}]}",
	            "vxlan");
	sample_deinit(&s);
}

/* In explain, and with an example of a finding, the outer tuple stands beside the inner one. */
Test(report_tunnel, told_with_the_flow)
{
	struct sample s;
	const struct packet_tunnel list[] = { over_udp(TUNNEL_VXLAN, 5001, 4789) };

	sample_init(&s);
	_cleanup_(flow_tunnels_freep) struct flow_tunnels *tunnels = carry(&s, list, 1);
	_cleanup_(freep) char *text = NULL;
	size_t len = 0;
	struct explanation e = { .report = &s.report, .record = &s.record };
	FILE *out = open_memstream(&text, &len);
	cr_assert_eq(report_explain_text(out, &e, &s.options), 0);
	fclose(out);
	cr_expect_not_null(
	        strstr(text, "\nInside      vxlan 5001 192.0.2.1:49152 -> 198.51.100.2:4789\n"),
	        "%s", text);
	struct values values = { 0 };
	char *json = sample_json(json_example(&values, &s.report, &s.record));
	cr_expect_not_null(strstr(json, ",\"security\":\"tls\",\"tunnel\":[{\"kind\":\"vxlan\","),
	                   "%s", json);
	free(json);
	sample_deinit(&s);
}
