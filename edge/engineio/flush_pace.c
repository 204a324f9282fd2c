#include "edge/engineio/flush_pace.h"

#define ONE_FRAME 0.8 // what a write of one frame costs, beside one of several
#define SAVED_MIN 4   // a hold pays if it saves one write for so many waiting sessions

// The share as of now: a time without flushes counts as well.
static double share_at(const struct flush_pace *pace, uint64_t now_us)
{
    double since_us = (double)(now_us - pace->measured_us);

    return pace->share * FLUSH_PACE_SMOOTH_US / (FLUSH_PACE_SMOOTH_US + since_us);
}

// Frames that a write should have. 1: it need not wait for more.
static double frames_wanted(const struct flush_pace *pace, uint64_t now_us)
{
    double share = share_at(pace, now_us);

    if (share <= FLUSH_SHARE_BUSY || now_us < pace->rests_until_us)
        return 1;
    double frames = share / FLUSH_SHARE_AIM;
    return frames < FLUSH_FRAMES_AIM_MAX ? frames : FLUSH_FRAMES_AIM_MAX;
}

// By how many frames a write now has more than wanted, those of earlier writes included: events
// come whole, and 2.3 for each write means 3 once and 2 twice.
static double surplus(const struct flush_pace *pace, uint64_t now_us)
{
    double frames = 1 + (double)pace->joined / pace->waiting;

    return frames + pace->surplus - frames_wanted(pace, now_us);
}

bool flush_pace_is_due(const struct flush_pace *pace, uint64_t now_us)
{
    return pace->waiting == 0 || surplus(pace, now_us) >= 0;
}

void flush_pace_release(struct flush_pace *pace, uint64_t now_us)
{
    double left = pace->waiting > 0 ? surplus(pace, now_us) : 0;

    pace->surplus = left < 0 ? 0 : left < 1 ? left : 1;
    if (left < 0 && (uint64_t)pace->joined * SAVED_MIN < pace->waiting)
        pace->rests_until_us = now_us + FLUSH_PACE_REST_US;
    pace->saved += pace->joined;
    pace->joined = 0;
    pace->waiting = 0;
}

// A release that takes several flushes is counted in the first, which weighs the same in the end.
void flush_pace_measure(struct flush_pace *pace, uint64_t begun_us, uint64_t ended_us,
                        uint32_t writes)
{
    double period = (double)(ended_us - pace->measured_us);
    double spent = (double)(ended_us - begun_us);

    if (writes > 0)
        spent *= 1 + ONE_FRAME * pace->saved / writes;
    pace->saved = 0;
    if (period > 0)
        pace->share += (spent - pace->share * period) / (FLUSH_PACE_SMOOTH_US + period);
    pace->measured_us = ended_us;
    pace->holds = frames_wanted(pace, ended_us) > 1;
}
