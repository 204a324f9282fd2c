#include "common/gateway_file/succession.h"

#include "tests/unit/file_maker.h"

#define SERVICE(url, path) "{\"join\":\"service\",\"url\":\"" url "\",\"path\":\"" path "\"}"
#define CLAIM(claim)       "{\"join\":\"none\",\"onConnect\":\"a:{claims." claim "}\"}"
#define NOW_MS             5000

struct row {
    const char *name, *old, *fresh; // the type "a"; NULL: there is none
    bool keeps_rule, keeps_claim;
};

// clang-format off
static const struct row rows[] = {
    {"nothing", "{\"join\":\"open\"}", "{\"join\":\"open\"}", true, true},
    {"another way to join", "{\"join\":\"open\"}", "{\"join\":\"none\"}", false, true},
    {"another URL", SERVICE("http://o", "/{id}"), SERVICE("http://p", "/{id}"), false, true},
    {"another path", SERVICE("http://o", "/{id}"), SERVICE("http://o", "/p/{id}"), false, true},
    {"a service that is gone", SERVICE("http://o", "/{id}"), "{\"join\":\"open\"}", false, true},
    {"another claim", CLAIM("b"), CLAIM("c"), true, false},
    {"a claim that is gone", CLAIM("b"), "{\"join\":\"none\"}", true, false},
    {"a new claim", "{\"join\":\"none\"}", CLAIM("b"), true, false},
    {"the same claim", CLAIM("b"), CLAIM("b"), true, true},
    {"what is announced", "{\"join\":\"open\"}", "{\"join\":\"open\",\"announce\":false}", true, true},
    {"a new type", NULL, "{\"join\":\"open\"}", false, false},
};
// clang-format on

static struct gateway_file *make(const char *type)
{
    struct buffer text = {0};

    buffer_printf(&text, "{\"rooms\":{\"x\":{\"join\":\"open\"}%s%s}}", type ? ",\"a\":" : "",
                  type ? type : "");
    struct gateway_file *file = file_of(buffer_span(&text), ROOM_JOIN_OPEN);
    buffer_fini(&text);
    return file;
}

static void inherits(void **state)
{
    const struct row *row = *state;
    struct gateway_file *old = make(row->old), *fresh = make(row->fresh);

    for (size_t i = 0; i < old->rooms->count; i++) {
        old->rooms->items[i].claim_since = 3;
        old->rooms->items[i].rule_since_ms = 1000;
    }
    old->generation = 7;
    gateway_file_succeed(fresh, old, NOW_MS);
    const struct room_type *type = room_types_find(fresh->rooms, SPAN_LIT("a"));
    assert_int_equal(fresh->generation, 8);
    assert_int_equal(type->claim_since, row->keeps_claim ? 3 : 8);
    assert_int_equal(type->rule_since_ms, row->keeps_rule ? 1000 : NOW_MS);
    assert_int_equal(fresh->rooms->items[0].rule_since_ms, 1000);
    assert_int_equal(room_types_join_alike(fresh->rooms, old->rooms),
                     row->keeps_rule && row->keeps_claim);
    assert_true(room_types_join_alike(fresh->rooms, fresh->rooms));
    gateway_file_free(old);
    gateway_file_free(fresh);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, inherits);
    return cmocka_run_group_tests_name("succession", tests, NULL, NULL);
}
