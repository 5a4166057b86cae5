/* The other detectors that read TCP conversations: HTTP, SSH, SMB, DCE/RPC, TDS, RDP, file
 * transfer. */
#include "flow_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return flow_input_run(data, size, 40000);
}
