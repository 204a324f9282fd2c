// Decides when deliveries to rooms are held back for a moment, so that more of them share a write.
//
// A write costs far more than the frames in it. On an edge that spends most of its time in flushes,
// a flush that waits for the next events of the same rooms saves more time than it takes; on any
// other edge it would only make clients wait. So the pace measures the share of time that flushes
// take, multiplied by the writes that holding saved: the share that they would take if nothing were
// held. Up to a half nothing is held. Above it, deliveries wait until each waiting session has as
// many frames as bring that share down to FLUSH_SHARE_AIM.
//
// Where the events of a moment go to different rooms, waiting saves nothing. The pace sees that
// too, and then holds nothing for FLUSH_PACE_REST_US.
//
// It has no clock and no timer: its owner tells it the time, and ends a hold that lasts too long.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define FLUSH_SHARE_BUSY     0.5     // of the time; up to it, nothing is held
#define FLUSH_SHARE_AIM      0.4     // that flushes are brought down to
#define FLUSH_FRAMES_AIM_MAX 16      // frames of a write that are worth waiting for
#define FLUSH_PACE_SMOOTH_US 500000  // what was measured that long ago counts a third
#define FLUSH_PACE_REST_US   1000000 // after a hold that saved too little

struct flush_pace {
    bool holds;       // deliveries are to be held
    uint32_t waiting; // sessions whose frames are held
    uint32_t joined;  // writes saved for them so far: frames that joined those of an earlier turn
    uint32_t saved;   // of what was released, until it is measured
    double surplus;   // frames of a write beyond those wanted, for the next release
    double share;     // of the time that flushes would take if nothing were held, smoothed
    uint64_t measured_us; // when that was
    uint64_t rests_until_us;
};

// Notes that a session's first frame is held, that another turn's frame joined it, and that the
// session is to be written without the others.
static inline void flush_pace_wait(struct flush_pace *pace)
{
    pace->waiting++;
}

static inline void flush_pace_join(struct flush_pace *pace)
{
    pace->joined++;
}

static inline void flush_pace_leave(struct flush_pace *pace)
{
    pace->waiting--;
}

// True if what is held should be written now: so much has joined, or the edge is no longer busy.
bool flush_pace_is_due(const struct flush_pace *pace, uint64_t now_us);
// All that is held is written now, because it is due or has waited long enough.
void flush_pace_release(struct flush_pace *pace, uint64_t now_us);
// Takes in what a flush has cost: it ran from `begun_us` to `ended_us`, and made `writes` writes.
// Sets `holds` for the time until the next flush.
void flush_pace_measure(struct flush_pace *pace, uint64_t begun_us, uint64_t ended_us,
                        uint32_t writes);
