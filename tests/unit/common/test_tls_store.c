#include "common/tls_store.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static char folder[] = "/tmp/test_tls_store.XXXXXX";
static const struct tls_files files = {
    .prefix = "REDIS", .ca = "ca.pem", .certificate = "own.pem", .key = "own.key"};
static struct tls_store *store;

static void run(const char *command)
{
    assert_int_equal(system(command), 0);
}

// Two authorities, each of which is its own client, and a key of another type.
static int make_files(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    run("for name in one two; do openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
        "-noenc -days 2 -subj /CN=$name -keyout $name.key -out $name.pem 2>/dev/null || exit; "
        "done");
    run("openssl genrsa -out rsa.key 2048 2>/dev/null");
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    run("rm -f *.pem *.key");
    return rmdir(folder);
}

static int set_up(void **state)
{
    struct buffer errors = {0};

    (void)state;
    run("rm -f ca.pem own.pem own.key; cp one.pem ca.pem; cp one.pem own.pem; cp one.key own.key");
    store = tls_store_new(&files, &errors);
    assert_non_null(store);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tls_store_free(store);
    return 0;
}

static const struct row {
    const char *name;
    const char *command; // what happens to the files
    const char *fault;   // how the line begins
    const char *reason;  // and what it says
} refused[] = {
    {"no authority any more", "rm ca.pem", "REDIS_CA_FILE \"ca.pem\"", "No such file"},
    {"an empty authority", ": > ca.pem", "REDIS_CA_FILE \"ca.pem\"", "no certificate"},
    {"half an authority", "head -c 200 one.pem > ca.pem", "REDIS_CA_FILE \"ca.pem\"", "end"},
    {"half of a second authority", "(cat one.pem; head -c 200 two.pem) > ca.pem",
     "REDIS_CA_FILE \"ca.pem\"", ""},
    {"an authority that is a key", "cp one.key ca.pem", "REDIS_CA_FILE \"ca.pem\"", ""},
    {"an authority that is a named pipe", "rm ca.pem; mkfifo ca.pem", "REDIS_CA_FILE \"ca.pem\"",
     "named pipe"},
    {"an authority that is a folder", "rm ca.pem; mkdir ca.pem", "REDIS_CA_FILE \"ca.pem\"", ""},
    {"half a certificate", "head -c 200 two.pem > own.pem", "REDIS_CERT_FILE \"own.pem\"", ""},
    {"half of a second certificate", "(cat one.pem; head -c 200 two.pem) > own.pem",
     "REDIS_CERT_FILE \"own.pem\"", ""},
    {"a certificate that is a named pipe", "rm own.pem; mkfifo own.pem",
     "REDIS_CERT_FILE \"own.pem\"", "named pipe"},
    {"the key of another", "cp two.key own.key", "REDIS_KEY_FILE \"own.key\"", "mismatch"},
    {"the certificate of another", "cp two.pem own.pem", "REDIS_KEY_FILE \"own.key\"", "mismatch"},
    {"a key of another type", "cp rsa.key own.key", "REDIS_KEY_FILE \"own.key\"", ""},
    {"half a key", "head -c 80 one.key > own.key", "REDIS_KEY_FILE \"own.key\"", ""},
    {"a key with a passphrase", "openssl ec -in one.key -aes128 -passout pass:x -out own.key 2>&1",
     "REDIS_KEY_FILE \"own.key\"", ""},
    {"a key that is a named pipe", "rm own.key; mkfifo own.key", "REDIS_KEY_FILE \"own.key\"",
     "named pipe"},
};

static SSL_CTX *current(void)
{
    SSL_CTX *context = tls_store_take(store);

    SSL_CTX_free(context); // the store has one of its own
    return context;
}

static void refuses_whole(void **state)
{
    const struct row *row = *state;
    struct buffer errors = {0};
    SSL_CTX *before = current();

    run(row->command);
    assert_false(tls_store_read_again(store, &errors));
    assert_non_null(strstr(errors.ptr, row->fault));
    assert_non_null(strstr(errors.ptr, row->reason));
    assert_ptr_equal(strchr(errors.ptr, '\n'), errors.ptr + errors.len - 1); // one line
    assert_ptr_equal(current(), before);
    run("rm -rf ca.pem");
    buffer_fini(&errors);
}

// With a prefix of the file's name, since two certificates of one name are not the same.
static X509 *read_certificate(const char *name)
{
    FILE *file = fopen(name, "r");
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);

    fclose(file);
    assert_non_null(certificate);
    return certificate;
}

static void assert_has(const SSL_CTX *context, const char *name)
{
    X509 *certificate = read_certificate(name);

    assert_int_equal(X509_cmp(SSL_CTX_get0_certificate(context), certificate), 0);
    X509_free(certificate);
}

static void assert_trusts(SSL_CTX *context, const char *name, bool trusted)
{
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    X509 *certificate = read_certificate(name);

    X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(context), certificate, NULL);
    assert_int_equal(X509_verify_cert(check) == 1, trusted);
    X509_STORE_CTX_free(check);
    X509_free(certificate);
}

static void takes_new_ones(void **state)
{
    struct buffer errors = {0};
    SSL_CTX *before = tls_store_take(store), *library = SSL_CTX_new(TLS_client_method());

    (void)state;
    run("cp two.pem ca.pem; cat two.pem one.pem > own.pem; cp two.key own.key");
    assert_true(tls_store_read_again(store, &errors));
    tls_store_lend(store, library);
    assert_has(current(), "two.pem");
    assert_has(library, "two.pem");
    assert_int_equal(SSL_CTX_check_private_key(library), 1);
    assert_trusts(library, "two.pem", true);
    assert_trusts(library, "one.pem", false);
    STACK_OF(X509) * chain;
    SSL_CTX_get0_chain_certs(library, &chain);
    assert_int_equal(sk_X509_num(chain), 1);
    assert_int_equal(SSL_CTX_get_min_proto_version(library), TLS1_2_VERSION);
    assert_has(before, "one.pem"); // of a connection that is being made
    SSL_CTX_free(before);
    SSL_CTX_free(library);
}

static void tells_of_changes(void **state)
{
    struct buffer errors = {0};

    (void)state;
    assert_false(tls_store_has_changed(store));
    run("cp two.key own.key");
    assert_false(tls_store_has_changed(store)); // somebody may still be writing
    assert_true(tls_store_has_changed(store));
    assert_false(tls_store_read_again(store, &errors));
    run("cp two.pem own.pem");
    assert_false(tls_store_has_changed(store));
    assert_true(tls_store_has_changed(store));
    buffer_clear(&errors);
    assert_true(tls_store_read_again(store, &errors));
    assert_false(tls_store_has_changed(store));
    assert_has(current(), "two.pem");
    buffer_fini(&errors);
}

static void needs_no_file(void **state)
{
    static const struct tls_files none = {.prefix = "RABBITMQ"};
    struct buffer errors = {0};
    SSL_CTX *library = SSL_CTX_new(TLS_client_method());
    struct tls_store *of_system = tls_store_new(&none, &errors);

    (void)state;
    assert_non_null(of_system);
    tls_store_lend(of_system, library);
    assert_null(SSL_CTX_get0_certificate(library));
    assert_false(tls_store_has_changed(of_system));
    assert_true(tls_store_read_again(of_system, &errors));
    tls_store_free(of_system);
    SSL_CTX_free(library);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(refused) + 3];
    size_t count = 0;

    ADD_ROWS(tests, count, refused, refuses_whole);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(takes_new_ones);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(tells_of_changes);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(needs_no_file);
    for (size_t i = 0; i < count; i++) {
        tests[i].setup_func = set_up;
        tests[i].teardown_func = tear_down;
    }
    return cmocka_run_group_tests_name("tls_store", tests, make_files, remove_files);
}
