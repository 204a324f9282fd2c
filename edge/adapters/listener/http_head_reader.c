#include "edge/adapters/listener/http_head_reader.h"

#include <string.h>
#include <strings.h>

#define LINE_END    2 // bytes of CR LF
#define VERSION_LEN 8 // of "HTTP/1.1"

// The name of a Cookie header that the library shall not know. A client that writes it itself gains
// nothing over writing Cookie.
#define HIDDEN "_ookie"

// The library would store each parameter in the connection's memory, and when that is used up drop
// the request silently.
static void hide_query(char *target)
{
    char *mark = strchr(target, '?');

    if (mark)
        mark[1] = '\0';
}

static void hide_line(char *line, const char *end)
{
    static const char name[] = "Cookie:";

    if ((size_t)(end - line) >= sizeof(name) && strncasecmp(line, name, sizeof(name) - 1) == 0)
        line[0] = HIDDEN[0];
}

// The library would store a copy of the cookies, and a record for each. `end` is the end of the
// library's memory, which holds zeros behind what was read.
static void hide_cookies(char *line, const char *end)
{
    while (line < end && *line != '\r' && *line != '\n') {
        hide_line(line, end);
        char *newline = memchr(line, '\n', (size_t)(end - line));
        if (!newline)
            return;
        line = newline + 1;
    }
}

void http_head_reader_hide(const struct http_connection *connection, const char *target)
{
    char *at = (char *)(uintptr_t)target; // in the library's own memory
    char *line = at + strlen(at) + 1 + VERSION_LEN;
    const char *end = connection->pool ? connection->pool + HTTP_POOL_BYTES : at + HTTP_HEAD_MAX;

    for (int i = 0; i < LINE_END && line < end && *line == '\0'; i++)
        line++;
    if (connection->pool || !connection->has_asked)
        hide_cookies(line, end);
    hide_query(at);
}

struct reading {
    struct http_head *head;
    const char *at; // where the last line ended
    bool is_exact;
    size_t cookie_bytes; // that the library copies
};

static bool is_value(struct span s)
{
    return s.len == 0 || !memchr(s.ptr, '\r', s.len);
}

static enum MHD_Result add_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                  size_t name_len, const char *value, size_t value_len)
{
    struct reading *reading = arg;
    struct http_head *head = reading->head;
    struct http_header header = {{name, name_len}, {value, value_len}};

    (void)kind;
    if (head->header_count == HTTP_HEADERS_MAX)
        return MHD_NO;
    reading->is_exact &= name == reading->at + LINE_END && http_is_token(header.name) &&
                         value > name + name_len && is_value(header.value);
    reading->at = value + value_len;
    if (span_eq_nocase(header.name, SPAN_LIT("Cookie")) && reading->cookie_bytes == 0)
        reading->cookie_bytes = value_len; // the library copies only the first Cookie header
    if (span_eq_nocase(header.name, SPAN_LIT(HIDDEN)))
        header.name = SPAN_LIT("Cookie");
    head->headers[head->header_count++] = header;
    return MHD_YES;
}

static size_t head_size(struct MHD_Connection *library)
{
    return MHD_get_connection_info(library, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size;
}

static bool is_exact_line(const struct request_line *line)
{
    const char *method_end = line->method + strlen(line->method);

    return method_end + 1 == line->target_at &&
           line->target_at + line->target.len + 1 == line->version &&
           http_is_token(span_of(line->method));
}

// True if the library has memory left. Without any it would neither read on nor close.
static bool leaves_room(const struct http_connection *connection, const struct reading *reading,
                        const char *end)
{
    const char *pool = connection->pool ? connection->pool : reading->head->method.ptr;
    size_t cookies =
        (size_t)MHD_get_connection_values(connection->library, MHD_COOKIE_KIND, NULL, NULL);
    size_t used = (size_t)(end - pool) + reading->cookie_bytes +
                  HTTP_POOL_RECORD * (reading->head->header_count + cookies);

    return used + HTTP_POOL_RESERVE <= HTTP_POOL_BYTES;
}

enum head_fault http_head_reader_read(struct http_connection *connection,
                                      const struct request_line *line, struct http_head *head)
{
    struct MHD_Connection *library = connection->library;
    const char *end = line->method + head_size(library);
    struct reading reading = {
        .head = head, .at = line->version + strlen(line->version), .is_exact = true};

    head->method = span_of(line->method);
    head->target = line->target;
    head->version = span_of(line->version);
    head->header_count = 0;
    MHD_get_connection_values_n(library, MHD_HEADER_KIND, add_header, &reading);
    if (end - line->method > HTTP_HEAD_MAX)
        return HEAD_TOO_LARGE;
    if (MHD_get_connection_values(library, MHD_HEADER_KIND, NULL, NULL) > HTTP_HEADERS_MAX ||
        !leaves_room(connection, &reading, end))
        return HEAD_TOO_MANY_HEADERS;
    if (!reading.is_exact || !is_exact_line(line) || reading.at + 2 * LINE_END != end)
        return HEAD_MALFORMED;
    return HEAD_FINE;
}
