#include "common/memory_limit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buffer.h"
#include "tests/unit/unit.h"

struct row {
    const char *name;
    const char *proc; // what /proc/self/cgroup says
    struct {
        const char *path, *text; // below /sys/fs/cgroup
    } files[3];
    size_t limit;
};

static const struct row rows[] = {
    {"version 2: of the group", "0::/a\n", {{"a/memory.max", "1000\n"}}, 1000},
    {"version 2: no limit", "0::/a\n", {{"a/memory.max", "max\n"}}, 0},
    {"version 2: a container sees its group as the top",
     "0::/\n",
     {{"memory.max", "1000\n"}},
     1000},
    {"version 2: of the group above", "0::/a/b\n", {{"a/memory.max", "500\n"}}, 500},
    {"version 2: the least of all",
     "0::/a/b\n",
     {{"a/b/memory.max", "1000\n"}, {"a/memory.max", "500\n"}, {"memory.max", "max\n"}},
     500},
    {"version 2: a path of the host", "0::/host/only\n", {{"memory.max", "700\n"}}, 700},
    {"version 1: of the group",
     "11:cpu,cpuacct:/x\n5:memory:/a\n",
     {{"memory/a/memory.limit_in_bytes", "1000\n"}},
     1000},
    {"version 1: among other controllers",
     "5:pids,memory:/a\n",
     {{"memory/a/memory.limit_in_bytes", "1000\n"}},
     1000},
    {"version 1: no limit",
     "5:memory:/a\n",
     {{"memory/a/memory.limit_in_bytes", "9223372036854771712\n"}},
     0},
    {"version 1: a path of the host",
     "5:memory:/docker/x\n",
     {{"memory/memory.limit_in_bytes", "800\n"}},
     800},
    {"both versions",
     "5:memory:/a\n0::/\n",
     {{"memory/a/memory.limit_in_bytes", "900\n"}, {"memory.max", "800\n"}},
     800},
    {"another controller's folder", "5:memory_pressure:/a\n", {{"memory.max", "1\n"}}, 0},
    {"nothing there", "0::/\n", {{NULL, NULL}}, 0},
    {"a line of nothing", "\n::\n0:\n", {{NULL, NULL}}, 0},
};

static void write_file(const char *folder, const char *name, const char *text)
{
    struct buffer path = {0};

    buffer_printf(&path, "%s/", folder);
    for (const char *at = name; *at; at++) {
        if (*at == '/')
            mkdir(path.ptr, 0700);
        buffer_append_char(&path, *at);
    }
    FILE *file = fopen(path.ptr, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    buffer_fini(&path);
}

static void remove_all(const char *folder)
{
    struct buffer command = {0};

    buffer_printf(&command, "rm -r %s", folder);
    assert_int_equal(system(command.ptr), 0);
    buffer_fini(&command);
}

static void finds(void **state)
{
    const struct row *row = *state;
    char folder[] = "/tmp/cgroup-XXXXXX", proc[64];

    assert_non_null(mkdtemp(folder));
    write_file(folder, "proc", row->proc);
    for (size_t i = 0; i < ARRAY_LEN(row->files) && row->files[i].path; i++)
        write_file(folder, row->files[i].path, row->files[i].text);
    snprintf(proc, sizeof(proc), "%s/proc", folder);
    assert_int_equal(memory_limit_of_groups(proc, folder), row->limit);
    remove_all(folder);
}

static void of_this_machine(void **state)
{
    (void)state;
    assert_int_equal(memory_limit_of_groups("/nowhere", "/nowhere"), 0);
    assert_true(memory_limit_find() > 0);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 1] = {cmocka_unit_test(of_this_machine)};
    size_t count = 1;

    ADD_ROWS(tests, count, rows, finds);
    return cmocka_run_group_tests_name("memory_limit", tests, NULL, NULL);
}
