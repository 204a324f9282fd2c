#include "edge/edge_rooms.h"

#include <string.h>

#include "common/mem.h"
#include "common/path_template.h"
#include "common/service_url.h"

#define QUEUE_PREFIX "websocket." // the edge names no queue; the relay checks with its own
#define OTHERWISE    "; or choose ROOM_AUTHORIZATION=claims or open"

// Where the service of a type is if the file does not say it.
struct service_settings {
    const char *type;
    enum room_service service;
    const char *url_name, *url;
    const char *path_name, *path;
};

static enum room_join join_of(const struct edge_settings *settings)
{
    static const enum room_join joins[] = {
        [ROOM_AUTHORIZATION_OPEN] = ROOM_JOIN_OPEN,
        [ROOM_AUTHORIZATION_CLAIMS] = ROOM_JOIN_CLAIMS,
        [ROOM_AUTHORIZATION_SERVICE] = ROOM_JOIN_SERVICE,
    };

    return joins[settings->room_authorization];
}

// The error does not quote the URL, which may contain a password.
static void check_url(const struct service_settings *from, struct buffer *errors)
{
    struct buffer host = {0};
    const char *fault = service_url_check(from->url, &host);

    if (fault)
        settings_fault(errors,
                       "%s must be an address like http://service.example:4006 (%s)" OTHERWISE,
                       from->url_name, fault);
    buffer_fini(&host);
}

static void check_path(const struct service_settings *from, struct buffer *errors)
{
    if (!path_template_is_valid(span_of(from->path)))
        settings_fault(errors,
                       "%s must be a path with one {id} in it, like /api/rooms/{id}" OTHERWISE,
                       from->path_name);
}

static void use_settings(struct room_type *type, const struct service_settings *from,
                         struct buffer *errors)
{
    if (!type->url) {
        check_url(from, errors);
        type->url = mem_strdup(from->url);
        type->service = from->service;
    }
    if (!type->path) {
        check_path(from, errors);
        type->path = mem_strdup(from->path);
    }
}

static void find_service(struct room_type *type, const struct edge_settings *s,
                         struct buffer *errors)
{
    const struct service_settings known[] = {
        {"conversation", ROOM_SERVICE_MESSAGES, "MESSAGE_SERVICE_URL", s->message_service_url,
         "MESSAGE_SERVICE_PATH", s->message_service_path},
        {"notification", ROOM_SERVICE_NOTIFICATIONS, "NOTIFICATION_SERVICE_URL",
         s->notification_service_url, "NOTIFICATION_SERVICE_PATH", s->notification_service_path},
    };

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strcmp(type->name, known[i].type) == 0)
            use_settings(type, &known[i], errors);
    if (!type->url)
        settings_fault(errors,
                       "%s:%u: no \"join\", so ROOM_AUTHORIZATION=service asks a service, but no "
                       "\"url\" and \"path\"",
                       s->gateway_file.path, type->line);
}

struct gateway_file *edge_rooms_load(const struct edge_settings *settings, bool *assumes,
                                     struct buffer *errors)
{
    size_t before = errors->len;
    struct gateway_file *file = gateway_file_load(
        &(struct gateway_file_options){.path = settings->gateway_file.path,
                                       .routes_path = settings->gateway_file.routes_path,
                                       .queue_prefix = QUEUE_PREFIX},
        errors);

    for (size_t i = 0; file && i < file->rooms->count; i++) {
        struct room_type *type = &file->rooms->items[i];
        if (type->join == ROOM_JOIN_AS_SET) {
            type->join = join_of(settings);
            *assumes = true;
        }
        if (type->join == ROOM_JOIN_SERVICE)
            find_service(type, settings, errors);
    }
    if (errors->len == before)
        return file;
    gateway_file_free(file);
    return NULL;
}
