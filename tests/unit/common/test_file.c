#include "common/file.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

// One without a writer would keep its reader for ever.
static void a_named_pipe_is_refused_at_once(void **state)
{
    struct buffer out = {0};

    (void)state;
    unlink("test_file.pipe");
    assert_int_equal(mkfifo("test_file.pipe", 0600), 0);
    assert_false(file_read("test_file.pipe", MAX, &out));
    assert_int_equal(errno, ENOTSUP);
    unlink("test_file.pipe");
    buffer_fini(&out);
}

// "<(command)" of a shell. What the command has not written yet is waited for.
static void a_pipe_of_the_shell_is_read(void **state)
{
    struct buffer out = {0};
    char path[32];
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    if (fork() == 0) {
        usleep(50000);
        _exit(write(ends[1], "text", 4) != 4);
    }
    close(ends[1]);
    snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
    assert_true(file_read(path, MAX, &out));
    assert_string_equal(out.ptr, "text");
    wait(NULL);
    close(ends[0]);
    buffer_fini(&out);
}

static void zeros_without_end_are_too_long(void **state)
{
    struct buffer out = {0};

    (void)state;
    assert_false(file_read("/dev/zero", MAX, &out));
    assert_int_equal(errno, EFBIG);
    buffer_fini(&out);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(file_cases) + 3];
    size_t count = 0;

    ADD_ROWS(tests, count, file_cases, reads);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_named_pipe_is_refused_at_once);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_pipe_of_the_shell_is_read);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(zeros_without_end_are_too_long);
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
