/*
 * Doubles: has this very packet been seen a moment ago?
 *
 * A span port that sees a packet on its way in and on its way out, two taps, or a capture of all
 * interfaces of a machine give the same packet twice. A double has the innermost IP header, but for
 * what hops change, and the payload of a packet seen within 50 ms at another place, or within 1 ms
 * at the same one. What was sent twice has another IP ID, or comes later: it is no double.
 *
 * The last sights, each in a record of 32 bytes, in the order they came. The room doubles, up to
 * its bound, when a sight would be forgotten before its time; then the oldest goes all the same, and
 * is counted. Times may go back: what counts is the distance. What is found does not depend on the
 * digests' key.
 */
#ifndef PCAUDIT_DOUBLES_H
#define PCAUDIT_DOUBLES_H

#include "pcaudit/decode.h"

#define DOUBLES_ELSEWHERE_NS ((int64_t)50 * 1000 * 1000) /* at another place: this far apart at most */
#define DOUBLES_SAME_NS      ((int64_t)1000 * 1000)      /* at the same place */
#define DOUBLES_MIN          8    /* sights there is room for at least */
#define DOUBLES_FIRST        16   /* at first */
#define DOUBLES_MAX          8192 /* at most */
#define DOUBLES_MAX_ALIKE    64   /* of packets with one head, only so many are looked at */
#define DOUBLES_SIGHT_BYTES  40   /* memory for each sight, at most */

struct double_sight {
	uint64_t head, body;
	int64_t time_ns;
	uint32_t place;
	uint16_t captured;
	uint16_t back; /* how many sights before it the one before it in its bucket is; 0: none */
};

struct doubles {
	struct double_sight *sights; /* a ring of size; NULL before the first */
	uint32_t *buckets;           /* twice as many: number of the last sight, from 1 */
	uint32_t size, max_size;     /* powers of two */
	uint32_t first, end;         /* numbers of the oldest sight there is, and of the next */
	int64_t now_ns, before_ns;   /* times of the last two packets */
	uint64_t forgotten;          /* sights replaced before their time was over */
};

/* max_size is rounded down to a power of two from DOUBLES_MIN to DOUBLES_MAX. Allocates nothing. */
void doubles_init(struct doubles *doubles, size_t max_size);
void doubles_deinit(struct doubles *doubles);
/* Makes the room there is at last, so that doubles_see() never has to. 0 or -ENOMEM. */
int doubles_reserve(struct doubles *doubles);
/* Notes the packet. 1: it is a double; 0: it is not; -ENOMEM: there is not even the first room. */
int doubles_see(struct doubles *doubles, const struct packet_digest *digest, int64_t time_ns);
size_t doubles_memory(const struct doubles *doubles);

#endif
