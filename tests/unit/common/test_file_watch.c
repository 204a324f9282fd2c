#include "common/file_watch.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static char folder[] = "/tmp/test_file_watch.XXXXXX";
static struct deadlines clock_;
static struct file_watch watch;
static int changes;

static void on_changed(void *arg)
{
    (void)arg;
    changes++;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

// The times of a file, without which a test would have to wait until it is not recent any more.
static void write_long_ago(const char *name, const char *text)
{
    const struct timespec times[2] = {{1000, 0}, {1000, 0}};

    write_file(name, text);
    assert_int_equal(utimensat(AT_FDCWD, name, times, 0), 0);
}

static void look(void)
{
    deadlines_run(&clock_, clock_.now_ms + FILE_WATCH_LOOK_MS);
}

static int set_up(void **state)
{
    static const char *const paths[] = {"one", NULL, "two"};

    (void)state;
    memcpy(strrchr(folder, '.'), ".XXXXXX", 8);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    write_file("one", "1");
    write_file("two", "2");
    changes = 0;
    deadlines_init(&clock_, 1000);
    file_watch_init(&watch, &clock_, on_changed, NULL);
    file_watch_set(&watch, paths, ARRAY_LEN(paths), false);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    file_watch_fini(&watch);
    assert_int_equal(system("rm -rf one two three data old new"), 0);
    return rmdir(folder);
}

static void write_in_place(void)
{
    write_file("one", "1 and more");
}

static void write_the_same_length(void)
{
    write_long_ago("one", "3");
}

static void replace(void)
{
    write_file("three", "1");
    assert_int_equal(rename("three", "one"), 0);
}

static void turn_a_link(void)
{
    replace(); // "one" is another file, and becomes a link that leads to one of two folders
    assert_int_equal(mkdir("old", 0700) | mkdir("new", 0700), 0);
    write_file("old/file", "1");
    write_file("new/file", "1");
    assert_int_equal(symlink("old", "data"), 0);
    assert_int_equal(unlink("one"), 0);
    assert_int_equal(symlink("data/file", "one"), 0);
    look();
    look();
    changes = 0;
    assert_int_equal(symlink("new", "three"), 0);
    assert_int_equal(rename("three", "data"), 0);
}

static void remove_it(void)
{
    unlink("one");
}

static void put_a_folder(void)
{
    unlink("one");
    assert_int_equal(mkdir("one", 0700), 0);
}

static void put_a_pipe(void)
{
    unlink("one");
    assert_int_equal(mkfifo("one", 0600), 0);
}

static void change_the_other(void)
{
    write_file("two", "2 and more");
}

static const struct row {
    const char *name;
    void (*act)(void);
} rows[] = {
    {"written in place", write_in_place},
    {"written in place with the same length", write_the_same_length},
    {"replaced", replace},
    {"a link that is turned", turn_a_link},
    {"removed", remove_it},
    {"a folder in its place", put_a_folder},
    {"a pipe in its place", put_a_pipe},
    {"the other file", change_the_other},
};

static void notices_once(void **state)
{
    const struct row *row = *state;

    look();
    row->act();
    look();
    assert_int_equal(changes, 0); // it may not be complete
    look();
    assert_int_equal(changes, 1);
    look();
    look();
    assert_int_equal(changes, 1);
}

static void says_nothing_of_itself(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        look();
    assert_int_equal(changes, 0);
}

static void waits_until_all_are_still(void **state)
{
    (void)state;
    write_file("one", "half");
    look();
    for (int i = 0; i < 3; i++) {
        write_file("two", i % 2 ? "more" : "most of it");
        look();
    }
    assert_int_equal(changes, 0);
    look();
    assert_int_equal(changes, 1);
}

static void a_file_that_comes_back_is_noticed(void **state)
{
    (void)state;
    unlink("one");
    look();
    look();
    assert_int_equal(changes, 1);
    write_file("one", "again");
    look();
    look();
    assert_int_equal(changes, 2);
}

static void one_that_was_just_written_may_have_been_read_before(void **state)
{
    static const char *const paths[] = {"one"};

    (void)state;
    file_watch_set(&watch, paths, 1, true);
    look();
    assert_int_equal(changes, 1);
    look();
    assert_int_equal(changes, 1);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 4];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, notices_once);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(says_nothing_of_itself);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(waits_until_all_are_still);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_file_that_comes_back_is_noticed);
    tests[count++] =
        (struct CMUnitTest)cmocka_unit_test(one_that_was_just_written_may_have_been_read_before);
    for (size_t i = 0; i < count; i++) {
        tests[i].setup_func = set_up;
        tests[i].teardown_func = tear_down;
    }
    return cmocka_run_group_tests_name("file_watch", tests, NULL, NULL);
}
