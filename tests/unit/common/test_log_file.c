#include "common/log_file.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
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

// Returns the size of the file, or -1.
static off_t size_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? st.st_size : -1;
}

// As a program does that moves logs away, and then sends SIGHUP.
static void is_opened_anew(void **state)
{
    char folder[] = "log-file-XXXXXX";
    struct log_file file;

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_true(log_file_open(&file, folder, "x.log", 1));
    log_file_write(&file, SPAN_LIT(LINE), 2);
    assert_int_equal(rename(file.path, "moved.log"), 0);
    log_file_write(&file, SPAN_LIT(LINE), 3);
    assert_true(log_file_reopen(&file, 4));
    log_file_write(&file, SPAN_LIT(LINE), 5);
    assert_int_equal(size_of("moved.log"), 2 * strlen(LINE));
    assert_int_equal(size_of(file.path), strlen(LINE));

    unlink("moved.log");
    unlink(file.path);
    log_file_close(&file);
    assert_true(log_file_reopen(&file, 6)); // there is none
    assert_int_equal(rmdir(folder), 0);
}

static void what_cannot_be_opened_anew_stays(void **state)
{
    char folder[] = "log-file-XXXXXX";
    struct buffer console = {0};
    struct log_file file;

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_true(log_file_open(&file, folder, "x.log", 1));
    assert_int_equal(rename(file.path, "moved.log"), 0);
    assert_int_equal(mkdir(file.path, 0700), 0);
    struct capture capture = capture_start(STDERR_FILENO);
    assert_false(log_file_reopen(&file, 2));
    capture_end(&capture, &console);
    assert_int_equal(capture_count(&console, "cannot open the log file "), 1);
    log_file_write(&file, SPAN_LIT(LINE), 3);
    assert_int_equal(size_of("moved.log"), strlen(LINE));

    buffer_fini(&console);
    unlink("moved.log");
    assert_int_equal(rmdir(file.path), 0);
    log_file_close(&file);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 2];
    size_t count = 0;

    signal(SIGXFSZ, SIG_IGN);
    ADD_ROWS(tests, count, rows, says_when_it_begins_to_fail);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(is_opened_anew);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(what_cannot_be_opened_anew_stays);
    return cmocka_run_group_tests_name("log file", tests, NULL, NULL);
}
