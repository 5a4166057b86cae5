/* The small protocols of one or two datagrams: src/detect/dhcp.c, ssrp.c, dns.c (TCP as well). */
#include "flow_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return flow_input_run(data, size, 53);
}
