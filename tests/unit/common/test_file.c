#include "common/file.h"

#include <errno.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define MAX 20000 // more than one step of reading

struct file_case {
    const char *name;
    const char *path; // NULL: a file of `size` bytes
    size_t size;
    int error; // 0: read
};

static const struct file_case file_cases[] = {
    {"nothing in it", NULL, 0, 0},
    {"as long as allowed", NULL, MAX, 0},
    {"one byte too long", NULL, MAX + 1, EFBIG},
    {"much too long", NULL, 4 * MAX, EFBIG},
    {"no such file", "/nowhere/at/all", 0, ENOENT},
    {"a folder", "/", 0, EISDIR},
};

static char *make_file(size_t size)
{
    char path[] = "/tmp/test_file.XXXXXX";
    int fd = mkstemp(path);
    struct buffer content = {0};

    assert_true(fd >= 0);
    memset(buffer_reserve(&content, size), 'x', size);
    assert_int_equal(write(fd, content.ptr, size), size);
    close(fd);
    buffer_fini(&content);
    return span_dup(span_of(path));
}

static void reads(void **state)
{
    const struct file_case *c = *state;
    char *made = c->path ? NULL : make_file(c->size);
    struct buffer out = {0};

    memset(buffer_reserve(&out, MAX), '<', MAX);
    out.len = MAX; // what is there stays, and does not count
    bool read = file_read(made ? made : c->path, MAX, &out);
    int error = errno;
    assert_int_equal(read, c->error == 0);
    if (read) {
        assert_int_equal(out.len, MAX + c->size);
        assert_int_equal(out.ptr[out.len], '\0');
    } else {
        assert_int_equal(error, c->error);
    }
    if (made)
        unlink(made);
    free(made);
    buffer_fini(&out);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(file_cases)];
    size_t count = 0;

    ADD_ROWS(tests, count, file_cases, reads);
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
