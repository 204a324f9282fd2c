#include "common/list.h"

#include "tests/unit/unit.h"

struct item {
    struct list node;
    char letter;
};

static struct item items[3];

static void fill(struct list *head, size_t count)
{
    list_init(head);
    for (size_t i = 0; i < count; i++) {
        items[i].letter = (char)('a' + i);
        list_append(head, &items[i].node);
    }
}

static void assert_letters(struct list *head, const char *expected)
{
    char seen[ARRAY_LEN(items) + 1] = "";
    size_t count = 0;

    list_for_each (node, head)
        seen[count++] = list_entry(node, struct item, node)->letter;
    assert_string_equal(seen, expected);
    for (struct list *node = head->prev; node != head; node = node->prev)
        assert_int_equal(list_entry(node, struct item, node)->letter, seen[--count]);
}

struct unlink_case {
    const char *name;
    size_t index;
    const char *left;
};

static const struct unlink_case unlink_cases[] = {
    {"unlinks the first", 0, "bc"},
    {"unlinks one between", 1, "ac"},
    {"unlinks the last", 2, "ab"},
};

static void unlinks(void **state)
{
    const struct unlink_case *c = *state;
    struct list head;

    fill(&head, 3);
    list_unlink(&items[c->index].node);
    assert_letters(&head, c->left);
    list_unlink(&items[c->index].node); // harmless
    assert_letters(&head, c->left);
}

static void may_unlink_the_visited(void **state)
{
    struct list head;

    (void)state;
    fill(&head, 3);
    list_for_each (node, &head)
        list_unlink(node);
    assert_true(list_empty(&head));
}

struct move_case {
    const char *name;
    size_t count;
    const char *moved;
};

static const struct move_case move_cases[] = {
    {"moves none", 0, ""},
    {"moves one", 1, "a"},
    {"moves three", 3, "abc"},
};

static void moves_all(void **state)
{
    const struct move_case *c = *state;
    struct list from, to;

    fill(&from, c->count);
    list_move_all(&from, &to);
    assert_true(list_empty(&from));
    assert_letters(&to, c->moved);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(unlink_cases) + ARRAY_LEN(move_cases) + 1] = {
        cmocka_unit_test(may_unlink_the_visited),
    };
    size_t count = 1;

    ADD_ROWS(tests, count, unlink_cases, unlinks);
    ADD_ROWS(tests, count, move_cases, moves_all);
    return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
