#include "common/log_file.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/capture.h"

#define LINE   "a line\n"
#define MINUTE 60000

// Lines that are written, and whether the disk is full then.
struct step {
    uint64_t at_ms;
    bool full;
};

// clang-format off
static const struct row {
    const char *name;
    size_t reports;
    struct step steps[8]; // up to one at 0
} rows[] = {
    {"no failure", 0, {{1, false}, {MINUTE, false}}},
    {"one line fails", 1, {{1, true}}},
    {"many lines fail", 1, {{1, true}, {2, true}, {MINUTE, true}, {9 * MINUTE, true}}},
    {"the disk is full again much later", 2,
     {{1, true}, {10, false}, {MINUTE + 2000, false}, {MINUTE + 3000, true}, {MINUTE + 3001, true}}},
    {"the disk is full now and then", 1,
     {{1, true}, {10, false}, {20, true}, {30, false}, {MINUTE, true}, {MINUTE + 10, false},
      {MINUTE + 20, true}}},
    {"a third time", 3,
     {{1, true}, {MINUTE + 2000, false}, {MINUTE + 3000, true}, {3 * MINUTE, false},
      {4 * MINUTE, true}}},
};
// clang-format on

// A limit of the process stands for the disk's: the file may not grow at all.
static void set_full(const struct log_file *file, bool full)
{
    struct rlimit limit;

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = full ? (rlim_t)lseek(file->fd, 0, SEEK_END) : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void says_when_it_begins_to_fail(void **state)
{
    const struct row *row = *state;
    char folder[] = "log-file-XXXXXX"; // in the working directory
    struct buffer console = {0};
    struct log_file file;

    assert_non_null(mkdtemp(folder));
    assert_true(log_file_open(&file, folder, "x.log", 1));
    assert_int_equal(ftruncate(file.fd, 1000000), 0); // far beyond what the console gets
    struct capture capture = capture_start(STDERR_FILENO);
    for (const struct step *step = row->steps; step->at_ms > 0; step++) {
        set_full(&file, step->full);
        log_file_write(&file, SPAN_LIT(LINE), step->at_ms);
        set_full(&file, false);
    }
    capture_end(&capture, &console);
    assert_int_equal(capture_count(&console, "cannot write the log file "), row->reports);

    buffer_fini(&console);
    unlink(file.path);
    log_file_close(&file);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];
    size_t count = 0;

    signal(SIGXFSZ, SIG_IGN);
    ADD_ROWS(tests, count, rows, says_when_it_begins_to_fail);
    return cmocka_run_group_tests_name("log file", tests, NULL, NULL);
}
