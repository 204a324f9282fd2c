#include "edge/adapters/redis/session_hash.h"

#include <inttypes.h>

#include "edge/gateway/delivery/offset.h"
#include "proto/redis_keys.h"

#define BY_ACTION "s"

static void add_field(struct redis_command *command, const char *name, struct span value)
{
    redis_command_add_text(command, name);
    redis_command_add(command, value);
}

void session_hash_add_room_name(struct redis_command *command, struct span room)
{
    buffer_append(&command->bytes, SPAN_LIT(REDIS_ROOM_FIELD));
    redis_command_add(command, room);
}

void session_hash_add_room(struct redis_command *command, const struct session_room *room)
{
    const struct cut *joined = &room->joined;
    char position[POSITION_TEXT_MAX], offset[OFFSET_TEXT_MAX];

    session_hash_add_room_name(command, room->name);
    position_print(joined->at[shard_of_room(room->name, joined->shards)], position);
    buffer_printf(&command->bytes, "%s ", position);
    if (joined->shards > 1) {
        (void)offset_print(joined, offset);
        buffer_printf(&command->bytes, "%s ", offset);
    }
    buffer_printf(&command->bytes, "%s%" PRIu64, room->by_action ? BY_ACTION " " : "",
                  room->granted_ms);
    redis_command_end_argument(command);
}

void session_hash_add_position(struct redis_command *command, struct position position)
{
    char text[POSITION_TEXT_MAX] = "";

    if (!position_is_none(position))
        position_print(position, text);
    redis_command_add_text(command, text);
}

void session_hash_add(struct redis_command *command, const struct session_record *record)
{
    add_field(command, "u", record->user);
    add_field(command, "s", record->socket_id);
    add_field(command, "e", record->edge);
    redis_command_add_text(command, "c");
    redis_command_add_number(command, record->created_ms);
    if (record->stale.len > 0)
        add_field(command, "o", record->stale);
    if (!position_is_none(record->acted)) {
        redis_command_add_text(command, "a");
        session_hash_add_position(command, record->acted);
    }
    for (size_t i = 0; i < record->room_count; i++)
        session_hash_add_room(command, &record->rooms[i]);
}

static uint64_t read_number(struct span text)
{
    uint64_t n = 0;

    return span_take_uint(&text, UINT64_MAX, &n) ? n : 0;
}

// Without an offset the position of the other shards is not known. None is noted then: what is from
// before the join there is told apart by the client's own offset alone.
static bool read_room(struct span name, struct span value, unsigned shards,
                      struct session_room *room)
{
    struct span text;

    *room = (struct session_room){.name = name, .joined.shards = shards};
    if (!span_take_until(&value, ' ', &text) ||
        !position_parse(text, &room->joined.at[shard_of_room(name, shards)]))
        return false;
    while (value.len > 0 && memchr(value.ptr, ' ', value.len)) {
        struct cut joined;
        (void)span_take_until(&value, ' ', &text);
        if (span_is(text, BY_ACTION))
            room->by_action = true;
        else if (offset_parse(text, shards, &joined))
            room->joined = joined;
    }
    room->granted_ms = read_number(value);
    return true;
}

static void read_field(struct session_record *record, struct session_room *rooms,
                       struct session_taken *taken, unsigned shards, struct span name,
                       struct span value)
{
    static const struct span room = SPAN_INIT(REDIS_ROOM_FIELD),
                             left = SPAN_INIT("x" REDIS_ROOM_FIELD);

    if (name.len > room.len && span_starts_with(name, room)) {
        if (read_room(span_skip(name, room.len), value, shards, &rooms[record->room_count]))
            record->room_count++;
    } else if (span_starts_with(name, left)) {
        taken[record->taken_count++] =
            (struct session_taken){span_skip(name, left.len), read_number(value)};
    } else if (span_is(name, "g")) {
        record->key.generation = read_number(value);
    } else if (span_is(name, "u")) {
        record->user = value;
    } else if (span_is(name, "s")) {
        record->socket_id = value;
    } else if (span_is(name, "e")) {
        record->edge = value;
    } else if (span_is(name, "c")) {
        record->created_ms = read_number(value);
    } else if (span_is(name, "l")) {
        record->left = span_is(value, "1");
    } else if (span_is(name, "a")) {
        if (!position_parse(value, &record->acted))
            record->acted = (struct position){0};
    } else if (span_is(name, "o")) {
        record->stale = value;
    } else if (span_is(name, "f") && span_take_until(&value, ' ', &record->sent)) {
        record->had = value;
    }
}

void session_hash_read(const struct redis_value *fields, struct session_room *rooms,
                       struct session_taken *taken, unsigned shards, struct session_record *record)
{
    size_t count = redis_value_count(fields);

    record->rooms = rooms;
    record->taken = taken;
    for (size_t i = 0; i + 1 < count; i += 2)
        read_field(record, rooms, taken, shards, redis_value_text(redis_value_item(fields, i)),
                   redis_value_text(redis_value_item(fields, i + 1)));
}
