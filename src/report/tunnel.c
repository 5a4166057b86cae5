/*
 * What carried a flow, outermost first: the tunnels of its first packet, with the addresses and
 * ports that packet had outside, as it was sent. They are the other tuple of a flow and are told
 * beside it; nothing judges them. Tunnels below IP have no addresses, and a few kinds no id.
 */
#include "report/priv.h"

static struct flow_tunnel_stack stack_of(const struct report *report, const struct flow *flow)
{
	return flow_tunnels_get(report->capture.tunnels, flow->tunnels);
}

/* 0 stands for "none" in those that may have one, and for itself in those that always do. */
static bool has_id(const struct packet_tunnel *tunnel)
{
	switch ((enum tunnel_kind)tunnel->kind) {
	case TUNNEL_MPLS:
	case TUNNEL_PPPOE:
	case TUNNEL_PBB:
	case TUNNEL_ERSPAN_2:
	case TUNNEL_ERSPAN_3:
	case TUNNEL_VXLAN:
	case TUNNEL_GENEVE:
		return true;
	case TUNNEL_GRE:
		return tunnel->id != 0;
	case TUNNEL_ERSPAN_1:
	case TUNNEL_IPIP:
	case TUNNEL_6IN4:
	case TUNNEL_TEREDO:
	case N_TUNNEL_KINDS:
		break;
	}
	return false;
}

static bool has_ports(const struct packet_tunnel *tunnel)
{
	return tunnel->transport == TRANSPORT_UDP;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put_end(struct values *values, struct json_object *object, const char *key,
                    const struct packet_tunnel *tunnel, const struct addr *addr, uint16_t port)
{
	char text[ADDR_TEXT_SIZE];

	if (!tunnel->transport) {
		values_put_null(values, object, key);
		return;
	}
	struct json_object *end = values_object(values);
	values_put(values, object, key, end);
	values_put_text(values, end, "ip", addr_format(addr, text));
	if (has_ports(tunnel))
		values_put_number(values, end, "port", port);
	else
		values_put_null(values, end, "port");
}

static struct json_object *tunnel_object(struct values *values, const struct packet_tunnel *tunnel,
                                         bool is_kind_only)
{
	struct json_object *object = values_object(values);
	char transport[4];

	values_put_text(values, object, "kind", tunnel_kind_word((enum tunnel_kind)tunnel->kind));
	if (has_id(tunnel) && !is_kind_only)
		values_put_number(values, object, "id", tunnel->id);
	else
		values_put_null(values, object, "id");
	put_end(values, object, "src", tunnel, &tunnel->src, tunnel->src_port);
	put_end(values, object, "dst", tunnel, &tunnel->dst, tunnel->dst_port);
	values_put_text(values, object, "transport",
	                tunnel->transport ? transport_word(tunnel->transport, transport) : NULL);
	return object;
}

void json_put_tunnels(struct values *values, struct json_object *object, const char *key,
                      const struct report *report, const struct flow *flow)
{
	struct flow_tunnel_stack stack = stack_of(report, flow);

	if (!stack.n) {
		values_put_null(values, object, key);
		return;
	}
	struct json_object *list = values_array(values);
	values_put(values, object, key, list);
	for (unsigned i = 0; i < stack.n; i++)
		values_append(values, list,
		              tunnel_object(values, &stack.list[i], stack.is_kind_only));
}

/* ---- Text ------------------------------------------------------------------------------------ */

static void add_end(struct strbuf *text, const struct packet_tunnel *tunnel,
                    const struct addr *addr, uint16_t port)
{
	char word[ADDR_TEXT_SIZE];
	bool is_bracketed = has_ports(tunnel) && !addr_is_ipv4(addr);

	strbuf_add_format(text, is_bracketed ? "[%s]" : "%s", addr_format(addr, word));
	if (has_ports(tunnel))
		strbuf_add_format(text, ":%u", port);
}

bool tunnels_add_text(struct strbuf *text, const struct report *report, const struct flow *flow)
{
	struct flow_tunnel_stack stack = stack_of(report, flow);

	for (unsigned i = 0; i < stack.n; i++) {
		const struct packet_tunnel *tunnel = &stack.list[i];
		strbuf_add(text, i ? ", then " : "");
		strbuf_add(text, tunnel_kind_word((enum tunnel_kind)tunnel->kind));
		if (stack.is_kind_only)
			continue;
		if (has_id(tunnel))
			strbuf_add_format(text, " %u", tunnel->id);
		if (!tunnel->transport)
			continue;
		strbuf_add(text, " ");
		add_end(text, tunnel, &tunnel->src, tunnel->src_port);
		strbuf_add(text, " -> ");
		add_end(text, tunnel, &tunnel->dst, tunnel->dst_port);
	}
	return stack.n > 0;
}
