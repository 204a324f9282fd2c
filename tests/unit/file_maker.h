// Makes a gateway's file for tests.
#pragma once

#include "common/gateway_file/gateway_file.h"
#include "common/mem.h"
#include "tests/unit/unit.h"

// The file that `text` is. Types that do not say who may join become `join`.
static inline struct gateway_file *file_of(struct span text, enum room_join join)
{
    struct buffer errors = {0};
    struct gateway_file *file =
        gateway_file_parse(&(struct file_reader){text, "f", &errors}, "websocket.");

    assert_span(buffer_span(&errors), "");
    for (size_t i = 0; i < file->rooms->count; i++)
        if (file->rooms->items[i].join == ROOM_JOIN_AS_SET)
            file->rooms->items[i].join = join;
    return file;
}

// Conversations and notifications, with the services that the settings would give them, and an
// event that members may send.
static inline struct gateway_file *hometrip_file(enum room_join join)
{
    struct gateway_file *file =
        file_of(SPAN_LIT("{\"rooms\":{\"conversation\":{\"path\":\"/conversations/{id}\"},"
                         "\"notification\":{\"path\":\"/notifications/{id}\"}},"
                         "\"clientEvents\":{\"drawing\":{\"room\":true,\"as\":\"user_drawing\","
                         "\"maxBytes\":10,\"perSecond\":2}}}"),
                join);

    file->rooms->items[0].service = ROOM_SERVICE_MESSAGES;
    file->rooms->items[1].service = ROOM_SERVICE_NOTIFICATIONS;
    return file;
}
