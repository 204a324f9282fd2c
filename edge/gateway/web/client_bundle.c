#define LOG_MODULE "client_bundle"

#include "edge/gateway/web/client_bundle.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/file.h"
#include "common/log.h"
#include "common/mem.h"
#include "edge/gateway/clients/json_doc.h"

#define FILE_MAX ((size_t)8 * 1024 * 1024)

#define SCRIPT "application/javascript; charset=utf-8"
#define MAP    "application/json; charset=utf-8"

static const struct {
    const char *name, *content_type;
} known_files[] = {
    {"socket.io.js", SCRIPT},
    {"socket.io.js.map", MAP},
    {"socket.io.min.js", SCRIPT},
    {"socket.io.min.js.map", MAP},
    {"socket.io.esm.min.js", SCRIPT},
    {"socket.io.esm.min.js.map", MAP},
    {"socket.io.msgpack.min.js", SCRIPT},
    {"socket.io.msgpack.min.js.map", MAP},
};

struct client_bundle {
    struct buffer etag;
    struct bundle_file files[ARRAY_LEN(known_files)];
    size_t count;
};

static bool read_file(const char *folder, const char *name, struct buffer *out)
{
    struct buffer path = {0};

    buffer_printf(&path, "%s/%s", folder, name);
    bool read = file_read(path.ptr, FILE_MAX, out);
    buffer_fini(&path);
    return read;
}

static bool read_version(struct client_bundle *bundle, const char *folder)
{
    struct buffer text = {0};
    struct json_doc *package = NULL;
    struct span version = {0};

    if (read_file(folder, "package.json", &text)) {
        package = json_doc_parse(buffer_span(&text));
        version = json_doc_text(json_doc_member(package, "version"));
        buffer_printf(&bundle->etag, "\"" SPAN_FMT "\"", SPAN_ARG(version));
    }
    json_doc_free(package);
    buffer_fini(&text);
    return version.len > 0;
}

static struct shared_body *make_content(struct buffer *content, struct compressor *compressor)
{
    struct shared_body *body = shared_body_new(content);

    for (enum content_coding coding = CODING_IDENTITY; coding < CODINGS; coding++)
        (void)shared_body_coded(body, coding, compressor);
    return body;
}

static void read_files(struct client_bundle *bundle, const char *folder)
{
    struct compressor *compressor = compressor_new();

    for (size_t i = 0; i < ARRAY_LEN(known_files); i++) {
        struct buffer content = {0};
        if (read_file(folder, known_files[i].name, &content))
            bundle->files[bundle->count++] =
                (struct bundle_file){known_files[i].name, known_files[i].content_type,
                                     make_content(&content, compressor)};
        buffer_fini(&content);
    }
    compressor_free(compressor);
}

static struct client_bundle *load_from(const char *folder)
{
    struct client_bundle *bundle = mem_zalloc(sizeof(*bundle));

    if (read_version(bundle, folder))
        read_files(bundle, folder);
    if (bundle->count > 0)
        return bundle;
    log_warn("no client bundle; /socket.io/socket.io.js answers 404 folder=%s remedy=%s", folder,
             "set CLIENT_BUNDLE_DIR to a folder with the files of socket.io-client's dist/ and "
             "its package.json");
    client_bundle_free(bundle);
    return NULL;
}

// Appends the first place that exists, as in a build or an installation; if there is none, the last
// place, for the warning in the log.
static void append_place_beside_program(struct buffer *out)
{
    static const char *const places[] = {"client_bundle",
                                         "../share/websocket-gateway/client_bundle"};
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program));

    while (len > 0 && program[len - 1] != '/')
        len--;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        buffer_clear(out);
        buffer_append(out, (struct span){program, len > 0 ? (size_t)len : 0});
        buffer_append(out, span_of(places[i]));
        if (access(out->ptr, R_OK) == 0)
            return;
    }
}

struct client_bundle *client_bundle_load(const char *folder)
{
    struct buffer found = {0};

    if (!folder)
        append_place_beside_program(&found);
    struct client_bundle *bundle = load_from(folder ? folder : found.ptr);
    buffer_fini(&found);
    return bundle;
}

void client_bundle_free(struct client_bundle *bundle)
{
    if (!bundle)
        return;
    buffer_fini(&bundle->etag);
    for (size_t i = 0; i < bundle->count; i++)
        shared_body_unref(bundle->files[i].content);
    free(bundle);
}

const struct bundle_file *client_bundle_find(const struct client_bundle *bundle, struct span name)
{
    for (size_t i = 0; bundle && i < bundle->count; i++)
        if (span_is(name, bundle->files[i].name))
            return &bundle->files[i];
    return NULL;
}

const char *client_bundle_etag(const struct client_bundle *bundle)
{
    return bundle->etag.ptr;
}
