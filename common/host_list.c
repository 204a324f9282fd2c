#include "common/host_list.h"

#include <stdio.h>
#include <string.h>

#include "common/broker_url.h"
#include "common/settings.h"
#include "common/span.h"

// An entry is taken apart as the host and port of a URL.
static bool parse_entry(struct span entry, uint16_t default_port, struct host_address *out)
{
    static const char *const schemes[] = {"host", NULL};
    struct buffer text = {0};
    struct broker_url url;

    buffer_printf(&text, "host://" SPAN_FMT, SPAN_ARG(entry));
    bool ok = !broker_url_parse(&url, text.ptr, schemes) && !url.user && !url.password &&
              !url.path && !url.query && strlen(url.host) < sizeof(out->host);
    if (ok) {
        snprintf(out->host, sizeof(out->host), "%s", url.host);
        out->port = (uint16_t)(url.port > 0 ? url.port : default_port);
    }
    broker_url_fini(&url);
    buffer_fini(&text);
    return ok;
}

void host_list_parse(struct host_list *list, const char *text, const char *name,
                     uint16_t default_port, struct buffer *errors)
{
    struct span rest = span_of(text), entry;

    list->count = 0;
    while (span_take_until(&rest, ',', &entry)) {
        if (list->count == HOST_LIST_MAX) {
            settings_fault(errors, "%s names over %d hosts", name, HOST_LIST_MAX);
            return;
        }
        if (!parse_entry(span_trim(entry), default_port, &list->items[list->count++]))
            settings_fault(errors,
                           "%s must list hosts and ports like 10.0.0.1:%u; the entry number %zu is "
                           "none",
                           name, default_port, list->count);
    }
}
