#include "common/gateway_file/room_types_parse.h"

#include <stdlib.h>

#include "common/buffer.h"
#include "common/json_string.h"
#include "common/path_template.h"
#include "common/service_url.h"

#define URL_MAX      2048
#define TEMPLATE_MAX 2048

static bool read_join(struct file_reader *r, struct json_view value, void *into)
{
    static const struct {
        struct span name;
        enum room_join join;
    } words[] = {{SPAN_INIT("open"), ROOM_JOIN_OPEN},
                 {SPAN_INIT("claims"), ROOM_JOIN_CLAIMS},
                 {SPAN_INIT("service"), ROOM_JOIN_SERVICE},
                 {SPAN_INIT("none"), ROOM_JOIN_NONE}};
    struct room_type *type = into;

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (value.kind == JSON_KIND_STRING &&
            json_string_is(json_view_inside(value), words[i].name))
            type->join = words[i].join;
    return type->join != ROOM_JOIN_AS_SET ||
           reader_refuse(r, value.raw, "\"join\" is \"open\", \"claims\", \"service\" or \"none\"");
}

// The error does not quote the URL, which may contain a password.
static bool read_url(struct file_reader *r, struct json_view value, void *into)
{
    struct room_type *type = into;
    struct buffer host = {0};

    if (!reader_name(r, value, URL_MAX, &type->url))
        return false;
    const char *fault = service_url_check(type->url, &host);
    buffer_fini(&host);
    return !fault || reader_refuse(r, value.raw, fault);
}

static bool read_path(struct file_reader *r, struct json_view value, void *into)
{
    struct room_type *type = into;

    if (!reader_name(r, value, TEMPLATE_MAX, &type->path))
        return false;
    return path_template_is_valid(span_of(type->path)) ||
           reader_refuse(r, value.raw,
                         "\"path\" must be a path with one {id} in it, like /api/rooms/{id}");
}

// Takes the name of the claim out of "team:{claims.teamId}".
static bool take_claim(struct room_type *type, struct span room)
{
    struct span name = span_of(type->name), mark = SPAN_LIT(":{claims.");

    if (!span_starts_with(room, name) || !span_starts_with(span_skip(room, name.len), mark))
        return false;
    struct span claim = span_skip(room, name.len + mark.len);
    if (claim.len < 2 || claim.ptr[claim.len - 1] != '}')
        return false;
    claim.len--;
    if (claim.len > ROOM_CLAIM_MAX || memchr(claim.ptr, '{', claim.len) ||
        memchr(claim.ptr, '}', claim.len))
        return false;
    type->claim = span_dup(claim);
    return true;
}

static bool read_on_connect(struct file_reader *r, struct json_view value, void *into)
{
    char *room = NULL;

    if (!reader_name(r, value, ROOM_TYPE_NAME_MAX + ROOM_CLAIM_MAX + 16, &room))
        return false;
    bool ok = take_claim(into, span_of(room));
    free(room);
    return ok || reader_refuse(r, value.raw,
                               "\"onConnect\" is a room of this type with a claim as its id, as "
                               "in \"team\": {\"onConnect\": \"team:{claims.teamId}\"}");
}

static bool read_announce(struct file_reader *r, struct json_view value, void *into)
{
    struct room_type *type = into;
    bool announce = true;
    bool ok = reader_flag(r, value, &announce);

    type->silent = !announce;
    return ok;
}

static bool read_presence(struct file_reader *r, struct json_view value, void *into)
{
    return reader_flag(r, value, &((struct room_type *)into)->counted);
}

static bool read_announce_count(struct file_reader *r, struct json_view value, void *into)
{
    return reader_flag(r, value, &((struct room_type *)into)->told);
}

// The services of these two types have settings.
static bool has_settings(const struct room_type *type)
{
    return strcmp(type->name, "conversation") == 0 || strcmp(type->name, "notification") == 0;
}

static bool check_service(struct file_reader *r, const struct room_type *type, struct span where)
{
    bool may_ask = type->join == ROOM_JOIN_SERVICE || type->join == ROOM_JOIN_AS_SET;

    if ((type->url || type->path) && !may_ask)
        return reader_refuse(r, where, "\"url\" and \"path\" are for \"join\": \"service\"");
    if (!type->url != !type->path && !has_settings(type))
        return reader_refuse(r, where, "\"url\" and \"path\" belong together");
    return type->join != ROOM_JOIN_SERVICE || type->url || has_settings(type) ||
           reader_refuse(r, where, "\"join\": \"service\" needs \"url\" and \"path\"");
}

static bool read_type(struct file_reader *r, struct json_view value, struct room_type *type)
{
    static const struct reader_member members[] = {
        {"join", read_join},
        {"url", read_url},
        {"path", read_path},
        {"onConnect", read_on_connect},
        {"announce", read_announce},
        {"presence", read_presence},
        {"announceCount", read_announce_count},
        {NULL, NULL},
    };

    if (value.kind != JSON_KIND_OBJECT)
        return reader_refuse(r, value.raw, "a type of rooms must be an object");
    return reader_members(r, value, members,
                          "a type of rooms has \"join\", \"url\", \"path\", \"onConnect\", "
                          "\"announce\", \"presence\" and \"announceCount\"",
                          type) &&
           check_service(r, type, value.raw) &&
           (type->counted || !type->told ||
            reader_refuse(r, value.raw, "\"announceCount\" needs \"presence\": true"));
}

static bool check_name(struct file_reader *r, const struct room_types *types, struct span name)
{
    if (name.len > ROOM_TYPE_NAME_MAX || !reader_is_word(name, "._-"))
        return reader_refuse(r, name,
                             "the name of a type has 1 to 64 letters, digits, and any of . _ -");
    if (span_is(name, "user"))
        return reader_refuse(r, name, "\"user\" is kept: each user is in a room of this type");
    if (room_types_find(types, name))
        return reader_refuse(r, name, "a second type with this name");
    return types->count < ROOM_TYPES_MAX || reader_refuse(r, name, "more than 64 types of rooms");
}

bool room_types_parse(struct file_reader *r, struct json_view rooms, struct room_types *into)
{
    struct json_walk walk;
    struct json_view value;
    struct span name;

    if (rooms.kind != JSON_KIND_OBJECT)
        return reader_refuse(r, rooms.raw, "\"rooms\" must be an object");
    walk = json_walk_into(rooms);
    while (json_walk_member(&walk, &name, &value)) {
        if (!check_name(r, into, name))
            return false;
        struct room_type *type = &into->items[into->count++];
        type->name = span_dup(name);
        type->line = reader_line(r, name);
        if (!read_type(r, value, type))
            return false;
    }
    return true;
}
