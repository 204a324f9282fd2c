#define LOG_MODULE "unit"

#include "common/log.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/unit/capture.h"

#define FILE_MAX  (5 * 1024 * 1024)
#define STAMP_LEN ISO8601_LEN

static char folder[] = "log-XXXXXX"; // in the working directory

static void remove_files(void)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    char path[300];

    while (dir && (entry = readdir(dir))) {
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(path);
    }
    if (dir)
        closedir(dir);
}

static int empty_folder(void **state)
{
    (void)state;
    log_close();
    remove_files();
    log_threshold = LOG_INFO;
    return 0;
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    empty_folder(state);
    return rmdir(folder);
}

static struct buffer read_file(const char *name)
{
    struct buffer out = {0};
    char path[64];
    size_t n;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    while (file && (n = fread(buffer_reserve(&out, 65536), 1, 65536, file)) > 0)
        out.len += n;
    if (file)
        fclose(file);
    buffer_append(&out, SPAN_LIT(""));
    return out;
}

static long size_of(const char *name)
{
    struct stat st;
    char path[64];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

// A file of that size without the time to write it.
static void grow_file(const char *name, long size)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(truncate(path, size), 0);
}

static bool open_in(const char *dir, enum log_format format)
{
    return log_open(&(struct log_options){
        .service = "test-service", .level = LOG_DEBUG, .format = format, .dir = dir});
}

// Everything that the console got, with the time of each line replaced by T.
static struct buffer console_of(int fd, void (*act)(const void *arg), const void *arg)
{
    struct buffer raw = {0}, out = {0};
    struct capture capture = capture_start(fd);
    struct span rest, line;

    act(arg);
    capture_end(&capture, &raw);
    rest = buffer_span(&raw);
    while (span_take_until(&rest, '\n', &line) && rest.ptr) {
        size_t stamp = line.ptr[0] == '{' ? strlen("{\"timestamp\":\"") : 0;
        assert_true(line.len >= stamp + STAMP_LEN);
        assert_int_equal(line.ptr[stamp + STAMP_LEN - 1], 'Z');
        buffer_append(&out, (struct span){line.ptr, stamp});
        buffer_append_char(&out, 'T');
        buffer_append(&out, span_skip(line, stamp + STAMP_LEN));
        buffer_append_char(&out, '\n');
    }
    buffer_append(&out, SPAN_LIT(""));
    buffer_fini(&raw);
    return out;
}

struct line_case {
    const char *name;
    enum log_level level;
    enum log_format format;
    const char *message;
    const char *line;
};

#define JSON(level, message)                                                                       \
    "{\"timestamp\":\"T\",\"level\":\"" level "\",\"service\":\"test-service\","                   \
    "\"module\":\"unit\",\"message\":\"" message "\"}\n"

// clang-format off
static const struct line_case line_cases[] = {
    {"json error", LOG_ERROR, LOG_JSON, "m",  JSON("error", "m")},
    {"json warn",  LOG_WARN,  LOG_JSON, "m",  JSON("warn", "m")},
    {"json info",  LOG_INFO,  LOG_JSON, "m",  JSON("info", "m")},
    {"json http",  LOG_HTTP,  LOG_JSON, "m",  JSON("http", "m")},
    {"json debug", LOG_DEBUG, LOG_JSON, "m",  JSON("debug", "m")},
    {"text error", LOG_ERROR, LOG_TEXT, "m",  "T ERROR unit: m\n"},
    {"text warn",  LOG_WARN,  LOG_TEXT, "m",  "T WARN unit: m\n"},
    {"text info",  LOG_INFO,  LOG_TEXT, "m",  "T INFO unit: m\n"},
    {"text http",  LOG_HTTP,  LOG_TEXT, "m",  "T HTTP unit: m\n"},
    {"text debug", LOG_DEBUG, LOG_TEXT, "m",  "T DEBUG unit: m\n"},
    {"json: a value is quoted twice", LOG_INFO, LOG_JSON, "a \"b\"", JSON("info", "\\\"a \\\\\\\"b\\\\\\\"\\\"")},
    {"text: a value is quoted once",  LOG_INFO, LOG_TEXT, "a \"b\"", "T INFO unit: \"a \\\"b\\\"\"\n"},
    {"json: forged line", LOG_INFO, LOG_JSON, "a\n{\"level\":1}",  JSON("info", "\\\"a\\\\n{\\\\\\\"level\\\\\\\":1}\\\"")},
    {"text: forged line", LOG_INFO, LOG_TEXT, "a\r\nT ERROR x: y", "T INFO unit: \"a\\u000d\\nT ERROR x: y\"\n"},
    {"beyond ASCII",      LOG_INFO, LOG_JSON, "é✓😀",              JSON("info", "é✓😀")},
};
// clang-format on

static void write_case(const void *arg)
{
    const struct line_case *c = arg;

    assert_true(open_in(NULL, c->format));
    log_at(c->level, "%s", c->message);
}

// JSON goes to stdout, text to stderr.
static void writes_a_line(void **state)
{
    const struct line_case *c = *state;
    int fd = c->format == LOG_JSON ? STDOUT_FILENO : STDERR_FILENO;
    struct buffer got = console_of(fd, write_case, c);

    empty_folder(NULL);
    assert_string_equal(got.ptr, c->line);
    buffer_fini(&got);
}

static void write_before_open(const void *arg)
{
    (void)arg;
    log_info("early n=%d", 1);
}

static void writes_text_before_it_is_open(void **state)
{
    struct buffer got = console_of(STDERR_FILENO, write_before_open, NULL);

    (void)state;
    assert_string_equal(got.ptr, "T INFO unit: early n=1\n");
    buffer_fini(&got);
}

static int evaluated;

static int evaluate(void)
{
    return ++evaluated;
}

static void write_below_threshold(const void *arg)
{
    (void)arg;
    log_threshold = LOG_WARN;
    log_info("n=%d", evaluate());
    log_warn("n=%d", evaluate());
}

static void leaves_out_what_is_below_the_level(void **state)
{
    struct buffer got = console_of(STDERR_FILENO, write_below_threshold, NULL);

    (void)state;
    assert_string_equal(got.ptr, "T WARN unit: n=1\n");
    assert_int_equal(evaluated, 1);
    buffer_fini(&got);
}

static void write_both_levels(const void *arg)
{
    (void)arg;
    assert_true(open_in(folder, LOG_JSON));
    log_error("bad");
    log_warn("middling");
}

static void errors_stand_in_a_file_of_their_own(void **state)
{
    struct buffer got = console_of(STDOUT_FILENO, write_both_levels, NULL);
    struct buffer all = read_file("all.log"), error = read_file("error.log");

    (void)state;
    assert_string_equal(got.ptr, JSON("error", "bad") JSON("warn", "middling"));
    assert_non_null(strstr(all.ptr, "\"bad\"}\n"));
    assert_non_null(strstr(all.ptr, "\"middling\"}\n"));
    assert_non_null(strstr(error.ptr, "\"bad\"}\n"));
    assert_null(strstr(error.ptr, "middling"));
    buffer_fini(&got);
    buffer_fini(&all);
    buffer_fini(&error);
}

static void write_round(const void *arg)
{
    log_info("round %d", *(const int *)arg);
}

// What follows writes to files only for the sake of the files.
static void log_quietly(void (*act)(const void *arg), const void *arg)
{
    struct buffer got = console_of(STDERR_FILENO, act, arg);

    buffer_fini(&got);
}

static void appends_to_what_is_there(void **state)
{
    (void)state;
    for (int round = 1; round <= 2; round++) {
        assert_true(open_in(folder, LOG_TEXT));
        log_quietly(write_round, &round);
        log_close();
    }
    struct buffer all = read_file("all.log");
    assert_non_null(strstr(all.ptr, "round 1\n"));
    assert_non_null(strstr(all.ptr, "round 2\n"));
    buffer_fini(&all);
}

static void keeps_five_files_of_5_mb(void **state)
{
    (void)state;
    for (int round = 1; round <= 6; round++) {
        assert_true(open_in(folder, LOG_TEXT));
        log_quietly(write_round, &round);
        log_close();
        grow_file("all.log", FILE_MAX - 10);
    }
    struct buffer newest = read_file("all.log"), oldest = read_file("all.log.4");
    assert_non_null(strstr(newest.ptr, "round 6\n"));
    assert_non_null(strstr(oldest.ptr, "round 2\n"));
    assert_int_equal(size_of("all.log.1"), FILE_MAX - 10);
    assert_int_equal(size_of("all.log.5"), -1);
    assert_int_equal(size_of("error.log.1"), -1);
    buffer_fini(&newest);
    buffer_fini(&oldest);
}

static void write_twice(const void *arg)
{
    (void)arg;
    log_info("123456789");
    log_info("123456789");
}

static void a_full_file_holds_exactly_5_mb(void **state)
{
    const long line = STAMP_LEN + (long)strlen(" INFO unit: 123456789\n");

    (void)state;
    assert_true(open_in(folder, LOG_TEXT));
    log_close();
    grow_file("all.log", FILE_MAX - line);
    assert_true(open_in(folder, LOG_TEXT));
    log_quietly(write_twice, NULL);
    assert_int_equal(size_of("all.log.1"), FILE_MAX);
    assert_int_equal(size_of("all.log"), line);
}

static void goes_on_when_the_file_was_moved_away(void **state)
{
    const int rounds[] = {1, 2};
    char from[32], to[32];

    (void)state;
    snprintf(from, sizeof(from), "%s/all.log", folder);
    snprintf(to, sizeof(to), "%s/elsewhere", folder);
    assert_true(open_in(folder, LOG_TEXT));
    log_quietly(write_round, &rounds[0]);
    assert_int_equal(rename(from, to), 0);
    usleep(1100 * 1000); // it looks once a second
    log_quietly(write_round, &rounds[1]);
    struct buffer all = read_file("all.log");
    assert_non_null(strstr(all.ptr, "round 2\n"));
    buffer_fini(&all);
}

static void write_on_full_disk(const void *arg)
{
    (void)arg;
    for (int i = 0; i < 3; i++)
        log_info("lost");
}

static void a_full_disk_is_named_once(void **state)
{
    char path[32];

    (void)state;
    snprintf(path, sizeof(path), "%s/all.log", folder);
    assert_int_equal(symlink("/dev/full", path), 0);
    assert_true(open_in(folder, LOG_JSON));
    struct buffer complaint = {0};
    struct capture capture = capture_start(STDERR_FILENO);
    struct buffer console = console_of(STDOUT_FILENO, write_on_full_disk, NULL);
    capture_end(&capture, &complaint);
    assert_string_equal(console.ptr,
                        JSON("info", "lost") JSON("info", "lost") JSON("info", "lost"));
    const char *said = strstr(complaint.ptr, "No space left on device; set LOG_DIR");
    assert_non_null(said);
    assert_null(strstr(said + 1, "No space left on device"));
    buffer_fini(&console);
    buffer_fini(&complaint);
}

static void open_below_a_file(const void *arg)
{
    int *opened = *(int *const *)arg;
    char dir[48];

    snprintf(dir, sizeof(dir), "%s/all.log/logs", folder);
    *opened = open_in(dir, LOG_TEXT);
}

static void a_folder_that_cannot_be_is_named(void **state)
{
    struct buffer complaint = {0};
    int opened = -1, *result = &opened;

    (void)state;
    assert_true(open_in(folder, LOG_TEXT));
    log_close();
    struct capture capture = capture_start(STDERR_FILENO);
    open_below_a_file(&result);
    log_info("still here");
    capture_end(&capture, &complaint);
    assert_int_equal(opened, false);
    assert_non_null(strstr(complaint.ptr, "all.log/logs/all.log: Not a directory; set LOG_DIR"));
    assert_non_null(strstr(complaint.ptr, "INFO unit: still here\n"));
    buffer_fini(&complaint);
}

static void makes_missing_folders(void **state)
{
    char dir[32], path[48];

    (void)state;
    snprintf(dir, sizeof(dir), "%s/a/b", folder);
    assert_true(open_in(dir, LOG_TEXT));
    log_close();
    snprintf(path, sizeof(path), "%s/all.log", dir);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof(path), "%s/error.log", dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
    snprintf(dir, sizeof(dir), "%s/a", folder);
    assert_int_equal(rmdir(dir), 0);
}

#define WRITERS 4

// Long enough that several writers rotate the files while all of them write.
#define LINES_OF_THREAD  200
#define LINES_OF_PROCESS 500

static void write_lines(int writer, int count)
{
    char filler[1001];

    memset(filler, 'a' + writer, sizeof(filler));
    filler[sizeof(filler) - 1] = '\0';
    for (int i = 0; i < count; i++)
        log_info("%s%s%s", filler, filler, filler);
}

static void *write_in_thread(void *arg)
{
    write_lines(*(int *)arg, LINES_OF_THREAD);
    return NULL;
}

static void write_in_threads(const void *arg)
{
    pthread_t threads[WRITERS];
    int writers[WRITERS];

    (void)arg;
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, write_in_thread, &writers[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
}

// Counts the lines of a text and sees that none is torn or mixed with another.
static int count_whole_lines(struct span text)
{
    const struct span head = SPAN_LIT(" INFO unit: ");
    struct span line;
    int count = 0;

    while (span_take_until(&text, '\n', &line) && text.ptr) {
        assert_int_equal(line.len, STAMP_LEN + head.len + 3000);
        line = span_skip(line, STAMP_LEN);
        assert_true(span_starts_with(line, head));
        line = span_skip(line, head.len);
        for (size_t i = 1; i < line.len; i++)
            assert_int_equal(line.ptr[i], line.ptr[0]);
        count++;
    }
    return count;
}

static int count_lines_of_files(void)
{
    static const char *const names[] = {"all.log", "all.log.1", "all.log.2", "all.log.3",
                                        "all.log.4"};
    int count = 0;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct buffer text = read_file(names[i]);
        count += count_whole_lines(buffer_span(&text));
        buffer_fini(&text);
    }
    return count;
}

static void threads_do_not_mix_lines(void **state)
{
    (void)state;
    assert_true(open_in(folder, LOG_TEXT));
    log_quietly(write_in_threads, NULL);
    assert_int_equal(count_lines_of_files(), WRITERS * LINES_OF_THREAD);
}

static void write_in_processes(const void *arg)
{
    pid_t children[WRITERS];

    (void)arg;
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            bool opened = open_in(folder, LOG_TEXT);
            write_lines(i, LINES_OF_PROCESS);
            _exit(opened ? 0 : 1);
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
}

static void processes_share_the_folder(void **state)
{
    (void)state;
    log_quietly(write_in_processes, NULL);
    assert_int_equal(count_lines_of_files(), WRITERS * LINES_OF_PROCESS);
    assert_true(size_of("all.log.1") > 0);
    assert_int_equal(size_of("all.log.4"), -1);
}

#define LOG_TEST(f) cmocka_unit_test_teardown(f, empty_folder)

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(line_cases) + 12] = {
        LOG_TEST(writes_text_before_it_is_open),
        LOG_TEST(leaves_out_what_is_below_the_level),
        LOG_TEST(errors_stand_in_a_file_of_their_own),
        LOG_TEST(appends_to_what_is_there),
        LOG_TEST(keeps_five_files_of_5_mb),
        LOG_TEST(a_full_file_holds_exactly_5_mb),
        LOG_TEST(goes_on_when_the_file_was_moved_away),
        LOG_TEST(a_full_disk_is_named_once),
        LOG_TEST(a_folder_that_cannot_be_is_named),
        LOG_TEST(makes_missing_folders),
        LOG_TEST(threads_do_not_mix_lines),
        LOG_TEST(processes_share_the_folder),
    };
    size_t count = 12;

    ADD_ROWS(tests, count, line_cases, writes_a_line);
    return cmocka_run_group_tests_name("log", tests, make_folder, remove_folder);
}
