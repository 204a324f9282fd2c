#include "edge/edge_id.h"

#include <limits.h>
#include <unistd.h>

#include "common/random.h"

void edge_id_make(const char *wanted, struct buffer *out)
{
    char host[HOST_NAME_MAX + 1] = "edge", chance[RANDOM_ID_LEN + 1];

    if (wanted) {
        buffer_append(out, span_of(wanted));
        return;
    }
    gethostname(host, sizeof(host) - 1);
    random_id(chance);
    buffer_printf(out, "%s-%d-%.6s", host, (int)getpid(), chance);
}
