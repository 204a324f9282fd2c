#include "edge/asyncapi/asyncapi.h"
#include "edge/edge.h"
#include "edge/edge_limits.h"
#include "edge/edge_settings_load.h"

static bool load(void *arg, struct buffer *errors, struct buffer *warnings)
{
    return edge_settings_load(arg, errors, warnings);
}

static void print(const void *arg, struct buffer *out)
{
    asyncapi_write(arg, out);
}

static bool run(void *arg)
{
    const struct edge_settings *settings = arg;

    raise_file_limit();
    struct edge *edge = edge_new(settings);
    bool ok = edge_run(edge);
    edge_free(edge);
    return ok;
}

int main(int argc, char **argv)
{
    static struct edge_settings settings; // its texts live as long as the process
    const struct program_parts parts = {
        .load = load, .print = print, .run = run, .log = &settings.log, .arg = &settings};

    return program_run(edge_program(), &parts, argc, argv);
}
