#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/side_port_internal.h"

#define BODY_RESERVE ((size_t)64 * 1024) // for a body before it has come

const char *side_request_method(const struct side_request *request)
{
    return request->method;
}

struct span side_request_path(const struct side_request *request)
{
    return (struct span){request->target, strcspn(request->target, "?")};
}

const char *side_request_header(const struct side_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection->library, MHD_HEADER_KIND, name);
}

struct lengths {
    unsigned count;
    const char *last;
};

static enum MHD_Result count_length(void *arg, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    struct lengths *lengths = arg;

    (void)kind;
    if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
        lengths->count++;
        lengths->last = value;
    }
    return MHD_YES;
}

enum side_framing side_request_framing(const struct side_request *request, uint64_t *length)
{
    struct lengths lengths = {0};

    *length = 0;
    MHD_get_connection_values(request->connection->library, MHD_HEADER_KIND, count_length,
                              &lengths);
    if (side_request_header(request, MHD_HTTP_HEADER_TRANSFER_ENCODING))
        return lengths.count > 0 ? SIDE_LENGTH_UNCLEAR : SIDE_LENGTH_UNKNOWN;
    if (lengths.count == 0)
        return SIDE_LENGTH_KNOWN;
    struct span digits = span_of(lengths.last);
    bool is_number = span_take_uint(&digits, INT64_MAX, length) && digits.len == 0;
    return lengths.count == 1 && is_number ? SIDE_LENGTH_KNOWN : SIDE_LENGTH_UNCLEAR;
}

struct span side_request_body(const struct side_request *request)
{
    return buffer_span(&request->body);
}

void side_request_trust(struct side_request *request)
{
    request->connection->trusted = true;
}

void side_request_allow_origin(struct side_request *request)
{
    request->allows_origin = true;
}

unsigned *side_request_mark(struct side_request *request)
{
    return &request->mark;
}

void side_request_answer(struct side_request *request, const struct side_answer *answer)
{
    struct side_port *port = request->port;

    assert(!request->is_answered);
    request->status = answer->status;
    request->type = answer->type;
    request->extra = answer->extra;
    request->more = answer->more;
    buffer_append(&request->answer, answer->body);
    pthread_mutex_lock(&port->lock);
    request->is_answered = true;
    list_append(&port->answered, &request->entry);
    pthread_mutex_unlock(&port->lock);
    wakeup_send(&port->wakeup);
}

static void add_headers(const struct side_request *request, struct MHD_Response *response)
{
    const struct side_header *header = request->more;

    if (request->type)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, request->type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (request->extra.name)
        MHD_add_response_header(response, request->extra.name, request->extra.value);
    for (; header && header->name; header++)
        MHD_add_response_header(response, header->name, header->value);
    if (!request->allows_origin)
        return;
    MHD_add_response_header(response, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_ORIGIN,
                            side_request_header(request, MHD_HTTP_HEADER_ORIGIN));
    MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ORIGIN);
}

static enum MHD_Result send_answer(struct side_request *request)
{
    struct side_port *port = request->port;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        request->answer.len, request->answer.ptr, MHD_RESPMEM_MUST_COPY);

    if (!response)
        return MHD_NO;
    if (port->options.on_answer)
        port->options.on_answer(request, request->status, port->options.arg);
    add_headers(request, response);
    enum MHD_Result queued =
        MHD_queue_response(request->connection->library, request->status, response);
    MHD_destroy_response(response);
    return queued;
}

// True if the handler has answered; the answer is taken off the list then.
static bool take_own_answer(struct side_request *request)
{
    pthread_mutex_lock(&request->port->lock);
    bool answered = request->is_answered;
    if (answered)
        list_unlink(&request->entry);
    pthread_mutex_unlock(&request->port->lock);
    return answered;
}

// Another thread may have answered in the meantime; its answer is sent in this turn all the same.
static enum MHD_Result hand_over(struct side_request *request)
{
    struct side_port *port = request->port;

    if (port->ending) // nobody would answer it, and the library must not end with a held request
        return MHD_NO;
    request->connection->held = true;
    port->held_count++;
    port->options.on_whole(request, port->options.arg);
    MHD_suspend_connection(request->connection->library);
    return MHD_YES;
}

static enum MHD_Result begin(struct side_request *request, const char *method)
{
    struct side_port *port = request->port;

    request->begun = true;
    request->method = method;
    port->options.on_head(request, port->options.arg);
    if (take_own_answer(request))
        return send_answer(request);
    return port->options.on_whole ? MHD_YES : MHD_NO;
}

static enum MHD_Result take_body(struct side_request *request, struct span piece)
{
    if (piece.len > request->port->options.body_max - request->body.len)
        return MHD_NO;
    if (!request->body.ptr)
        buffer_reserve(&request->body, piece.len < BODY_RESERVE ? piece.len : BODY_RESERVE);
    buffer_append(&request->body, piece);
    return MHD_YES;
}

enum MHD_Result side_request_on_piece(void *arg, struct MHD_Connection *library, const char *url,
                                      const char *method, const char *version, const char *upload,
                                      size_t *upload_size, void **context)
{
    struct side_request *request = *context;
    struct span piece = {upload, *upload_size};

    (void)arg, (void)library, (void)url, (void)version;
    if (!request->begun)
        return begin(request, method);
    if (request->is_answered)
        return MHD_NO;
    *upload_size = 0;
    return piece.len > 0 ? take_body(request, piece) : hand_over(request);
}

void side_request_free(struct side_request *request)
{
    if (!request)
        return;
    request->connection->request = NULL;
    request->connection->since_ms = clock_monotonic_ms();
    buffer_fini(&request->body);
    buffer_fini(&request->answer);
    free(request->target);
    free(request);
}

void *side_request_on_target(void *arg, const char *target, struct MHD_Connection *library)
{
    struct side_request *request = mem_zalloc(sizeof(*request));

    request->port = arg;
    request->connection =
        MHD_get_connection_info(library, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    request->target = span_dup(span_of(target));
    side_request_free(request->connection->request);
    request->connection->request = request;
    return request;
}

void side_request_on_completed(void *arg, struct MHD_Connection *library, void **context,
                               enum MHD_RequestTerminationCode code)
{
    (void)arg, (void)library, (void)code;
    side_request_free(*context);
    *context = NULL;
}

static struct side_request *next_answered(struct side_port *port)
{
    struct side_request *request = NULL;

    pthread_mutex_lock(&port->lock);
    if (!list_empty(&port->answered)) {
        request = list_entry(port->answered.next, struct side_request, entry);
        list_unlink(&request->entry);
    }
    pthread_mutex_unlock(&port->lock);
    return request;
}

void side_request_send_answers(struct side_port *port)
{
    struct side_request *request;
    bool sent = false;

    while ((request = next_answered(port))) {
        request->connection->held = false;
        port->held_count--;
        sent = true;
        if (send_answer(request) != MHD_YES)
            shutdown(request->connection->fd, SHUT_RDWR);
        MHD_resume_connection(request->connection->library);
    }
    if (sent)
        MHD_run(port->daemon);
}
