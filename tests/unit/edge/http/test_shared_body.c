#include "edge/http/shared_body.h"

#include "tests/unit/unit.h"

static struct shared_body *make(const char *text)
{
    struct buffer content = {0};

    buffer_append(&content, span_of(text));
    struct shared_body *body = shared_body_new(&content);
    assert_null(content.ptr);
    return body;
}

static void is_compressed_once(void **state)
{
    struct compressor *compressor = compressor_new();
    struct shared_body *body = make("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");

    (void)state;
    assert_ptr_equal(shared_body_coded(body, CODING_IDENTITY, compressor).ptr,
                     shared_body_plain(body).ptr);
    struct span gzip = shared_body_coded(body, CODING_GZIP, compressor);
    struct span deflate = shared_body_coded(body, CODING_DEFLATE, compressor);
    assert_true(gzip.len < 60 && deflate.len < gzip.len);
    assert_ptr_equal(shared_body_coded(body, CODING_GZIP, NULL).ptr, gzip.ptr);
    assert_ptr_equal(shared_body_coded(body, CODING_DEFLATE, NULL).ptr, deflate.ptr);
    compressor_free(compressor);
    shared_body_unref(body);
}

static void goes_with_its_last_reader(void **state)
{
    struct shared_body *body = make("text");

    (void)state;
    assert_ptr_equal(shared_body_ref(body), body);
    shared_body_unref(body);
    assert_span(shared_body_plain(body), "text");
    shared_body_unref(body);
    shared_body_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_compressed_once),
        cmocka_unit_test(goes_with_its_last_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
