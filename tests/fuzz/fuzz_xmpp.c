/* XMPP streams and their upgrade. */
#include "flow_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return flow_input_run(data, size, 5269);
}
