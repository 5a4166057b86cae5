/* RTP and RTCP: src/detect/rtp.c, over UDP and in the frames of RFC 4571. */
#include "flow_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return flow_input_run(data, size, 50000);
}
