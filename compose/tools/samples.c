#include "compose/tools/samples.h"

#include "common/clock.h"
#include "common/json_string.h"

static void append_field(struct buffer *out, const char *name, struct span text)
{
    buffer_printf(out, "\"%s\":", name);
    json_string_append(out, text);
    buffer_append_char(out, ',');
}

static void append_timestamp(struct buffer *out)
{
    char now[ISO8601_LEN + 1];

    clock_iso8601(clock_wall_ms(), now);
    buffer_printf(out, "\"timestamp\":\"%s\"", now);
}

static void write_booking(struct buffer *out, struct span user, struct span conversation)
{
    (void)conversation;
    buffer_append(out, SPAN_LIT("{\"eventType\":\"booking.confirmed\",\"data\":{"
                                "\"reservationId\":\"reservation-{n}\","));
    append_field(out, "userId", user);
    buffer_append(out, SPAN_LIT("\"hostId\":\"host-7\",\"listingId\":\"listing-21\","
                                "\"total\":240.5,"));
    append_timestamp(out);
    buffer_append(out, SPAN_LIT("},"));
    append_timestamp(out);
    buffer_append(out, SPAN_LIT(",\"source\":\"booking-service\"}"));
}

static void write_message(struct buffer *out, struct span user, struct span conversation)
{
    buffer_append(out, SPAN_LIT("{\"eventName\":\"message.sent\",\"data\":{"
                                "\"messageId\":\"message-{n}\","));
    append_field(out, "conversationId", conversation);
    append_field(out, "senderId", user);
    buffer_append(out, SPAN_LIT("\"text\":\"Hello, this is message {n}\","));
    append_timestamp(out);
    buffer_append(out, SPAN_LIT("},"));
    append_timestamp(out);
    buffer_append(out, SPAN_LIT(",\"service\":\"message-service\"}"));
}

static void write_notification(struct buffer *out, struct span user, struct span conversation)
{
    (void)conversation;
    buffer_append(out, SPAN_LIT("{\"notificationId\":\"notification-{n}\","));
    append_field(out, "userId", user);
    buffer_append(out, SPAN_LIT("\"type\":\"reminder\",\"title\":\"Check-in tomorrow\","
                                "\"message\":\"Your stay begins at 15:00\",\"data\":{},"));
    append_timestamp(out);
    buffer_append_char(out, '}');
}

static const struct sample SAMPLES[] = {
    {"booking", "hometrip", "booking.confirmed", write_booking},
    {"message", "hometrip-events", "message.sent", write_message},
    {"notification", "hometrip_events", "notification.created", write_notification},
};

const struct sample *find_sample(struct span name)
{
    for (size_t i = 0; i < ARRAY_LEN(SAMPLES); i++) {
        if (span_is(name, SAMPLES[i].name))
            return &SAMPLES[i];
    }
    return NULL;
}
