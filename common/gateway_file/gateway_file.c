#include "common/gateway_file/gateway_file.h"

#include <stdlib.h>
#include <string.h>

#include "common/gateway_file/gateway_builtin.h"
#include "common/gateway_file/room_types_parse.h"
#include "common/gateway_file/routes_check.h"
#include "common/gateway_file/routes_file.h"
#include "common/gateway_file/routes_parse.h"
#include "common/hash.h"
#include "common/mem.h"

static bool read_rooms(struct file_reader *r, struct json_view value, void *into)
{
    struct gateway_file *file = into;

    return room_types_parse(r, value, file->rooms);
}

static bool read_client_events(struct file_reader *r, struct json_view value, void *into)
{
    struct gateway_file *file = into;

    return client_event_types_parse(r, value, file->client_events);
}

static bool read_publish(struct file_reader *r, struct json_view value, void *into)
{
    return reader_flag(r, value, &((struct gateway_file *)into)->publishes);
}

static bool read_users(struct file_reader *r, struct json_view value, void *into)
{
    return users_parse(r, value, &((struct gateway_file *)into)->users);
}

// Events name rooms, and may stand before them.
static bool pass_events(struct file_reader *r, struct json_view value, void *into)
{
    (void)r;
    (void)value;
    (void)into;
    return true;
}

static bool parse_into(struct file_reader *r, struct gateway_file *file)
{
    static const struct reader_member members[] = {
        {"rooms", read_rooms}, {"events", pass_events},   {"clientEvents", read_client_events},
        {"users", read_users}, {"publish", read_publish}, {NULL, NULL}};
    struct json_view top;

    if (!reader_top(r, "the file must be an object with \"rooms\" and \"events\"", &top) ||
        !reader_members(r, top, members,
                        "the file has \"rooms\", \"events\", \"clientEvents\", \"users\" and "
                        "\"publish\"",
                        file))
        return false;
    struct json_view events = reader_member(top, SPAN_LIT("events"));
    if (events.kind != JSON_KIND_NONE && !routes_parse(r, events, file->rooms, file->routes))
        return false;
    return routes_check(r,
                        &(struct checked_routes){file->rooms, file->routes, file->client_events});
}

void gateway_file_add_direct(struct gateway_file *file)
{
    struct routes *routes = file->routes;
    struct buffer queue = {0};

    if (!file->publishes)
        return;
    buffer_append(&queue, span_of(routes->queue_prefix));
    buffer_append(&queue, SPAN_LIT(ROUTE_DIRECT_KEY));
    routes_add(routes, &(struct route){.routing_key = span_dup(SPAN_LIT(ROUTE_DIRECT_KEY)),
                                       .queue = queue.ptr,
                                       .direct = file});
    routes_sort(routes);
}

struct gateway_file *gateway_file_parse(struct file_reader *r, const char *queue_prefix)
{
    struct gateway_file *file = mem_zalloc(sizeof(*file));

    file->rooms = room_types_new();
    file->routes = routes_new(queue_prefix);
    file->client_events = client_event_types_new();
    users_init(&file->users);
    if (parse_into(r, file))
        return file;
    gateway_file_free(file);
    return NULL;
}

void gateway_file_free(struct gateway_file *file)
{
    if (!file)
        return;
    room_types_free(file->rooms);
    routes_free(file->routes);
    client_event_types_free(file->client_events);
    users_fini(&file->users);
    free(file);
}

bool gateway_file_uses_uplink(const struct gateway_file *file)
{
    for (size_t i = 0; i < file->client_events->count; i++)
        if (file->client_events->items[i].exchange)
            return true;
    return file->users.exchange != NULL;
}

static struct gateway_file *load_file(const struct gateway_file_options *options,
                                      struct buffer *errors)
{
    struct file_reader r = {gateway_builtin(), "gateway.json", errors};
    struct gateway_file *file = NULL;
    struct buffer text = {0};

    if (options->path)
        r.path = options->path;
    if (!options->path || reader_load(&r, &text))
        file = gateway_file_parse(&r, options->queue_prefix);
    if (file)
        file->fingerprint = hash_keyed_64(r.text.ptr, r.text.len);
    buffer_fini(&text);
    return file;
}

static bool add_routes(struct gateway_file *file, const char *path, struct buffer *errors)
{
    struct file_reader r = {.path = path, .errors = errors};
    struct buffer text = {0};
    bool ok = reader_load(&r, &text) && routes_file_add(&r, file->rooms, file->routes) &&
              routes_check_added(
                  &r, &(struct checked_routes){file->rooms, file->routes, file->client_events});

    file->fingerprint += hash_keyed_64(text.ptr, text.len);
    buffer_fini(&text);
    return ok;
}

struct gateway_file *gateway_file_load(const struct gateway_file_options *options,
                                       struct buffer *errors)
{
    struct gateway_file *file = load_file(options, errors);

    if (!file || !options->routes_path || add_routes(file, options->routes_path, errors))
        return file;
    gateway_file_free(file);
    return NULL;
}

bool gateway_file_keeps(const struct gateway_file *file, struct span room)
{
    if (span_starts_with(room, SPAN_LIT(GATEWAY_USER_ROOMS)))
        return file->users.presence;
    const struct room_type *type = room_types_of(file->rooms, room);
    return type && type->counted;
}

bool gateway_file_keeps_any(const struct gateway_file *file)
{
    for (size_t i = 0; i < file->rooms->count; i++)
        if (file->rooms->items[i].counted)
            return true;
    return file->users.presence;
}
