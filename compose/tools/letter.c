#include "compose/tools/letter.h"

#include <inttypes.h>
#include <time.h>

#include "common/base64.h"
#include "common/clock.h"
#include "common/json_string.h"
#include "common/utf8.h"

bool letter_parse_time(struct span text, uint64_t *wall_ms)
{
    char copy[ISO8601_LEN + 1] = "", again[ISO8601_LEN + 1];
    struct tm tm = {0};

    if (text.len != ISO8601_LEN)
        return false;
    memcpy(copy, text.ptr, text.len);
    if (!strptime(copy, "%Y-%m-%dT%H:%M:%S", &tm))
        return false;
    time_t seconds = timegm(&tm);
    if (seconds < 0)
        return false;
    // Reads the milliseconds too. strptime() tolerates much, so the time must be the same when it
    // is written again.
    *wall_ms = (uint64_t)seconds * 1000;
    for (size_t i = 20; i < 23; i++)
        if (copy[i] < '0' || copy[i] > '9')
            return false;
    *wall_ms += (uint64_t)((copy[20] - '0') * 100 + (copy[21] - '0') * 10 + (copy[22] - '0'));
    clock_iso8601(*wall_ms, again);
    return strcmp(copy, again) == 0;
}

static bool fits_age(struct span failed_at, const struct letter_filter *filter, uint64_t now_ms)
{
    uint64_t at_ms;

    if (filter->older_than_s == 0 && filter->newer_than_s == 0)
        return true;
    if (!letter_parse_time(failed_at, &at_ms))
        return false;
    uint64_t age_ms = now_ms > at_ms ? now_ms - at_ms : 0;
    return (filter->older_than_s == 0 || age_ms > (uint64_t)filter->older_than_s * 1000) &&
           (filter->newer_than_s == 0 || age_ms < (uint64_t)filter->newer_than_s * 1000);
}

static bool has_part(struct span text, const char *part)
{
    return text.len > 0 && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

bool letter_fits(const struct letter *letter, const struct letter_filter *filter, uint64_t now_ms)
{
    return (!filter->reason || has_part(letter->reason, filter->reason)) &&
           (!filter->routing_key || span_is(letter->routing_key, filter->routing_key)) &&
           (!filter->id || span_is(letter->id, filter->id)) &&
           fits_age(letter->failed_at, filter, now_ms);
}

static void append_base64(struct buffer *out, struct span bytes)
{
    buffer_append_char(out, '"');
    base64_append(out, bytes);
    buffer_append_char(out, '"');
}

// A value that is not UTF-8 is written in base64: anyone who may publish to the queue can set
// headers.
static void append_member(struct buffer *out, const char *name, struct span value)
{
    bool is_text = utf8_valid(value);

    buffer_printf(out, "\"%s%s\":", name, is_text ? "" : "Base64");
    if (is_text)
        json_string_append(out, value);
    else
        append_base64(out, value);
    buffer_append_char(out, ',');
}

uint64_t letter_size(const struct letter *letter)
{
    return letter->size > letter->body.len ? letter->size : letter->body.len;
}

bool letter_is_whole(const struct letter *letter)
{
    return letter_size(letter) == letter->body.len;
}

void letter_write(const struct letter *letter, const char *outcome, bool show_body,
                  struct buffer *out)
{
    buffer_append_char(out, '{');
    if (outcome)
        append_member(out, "outcome", span_of(outcome));
    append_member(out, "id", letter->id);
    append_member(out, "failedAt", letter->failed_at);
    append_member(out, "reason", letter->reason);
    append_member(out, "routingKey", letter->routing_key);
    append_member(out, "exchange", letter->exchange);
    if (show_body)
        append_member(out, "body", letter->body);
    buffer_printf(out, "\"bytes\":%" PRIu64 "}\n", letter_size(letter));
}
