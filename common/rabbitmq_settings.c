#include "common/rabbitmq_settings.h"

#include "common/settings.h"

#define TLS_PORT 5671

// A file that has no effect is meant to have one.
static void expect_no_files(struct buffer *errors)
{
    static const char *const names[] = {"RABBITMQ_CA_FILE", "RABBITMQ_CERT_FILE",
                                        "RABBITMQ_KEY_FILE"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (settings_is_given(names[i]))
            settings_fault(errors, "%s needs RABBITMQ_TLS=true", names[i]);
}

void rabbitmq_settings_finish(struct rabbitmq_settings *settings, struct buffer *errors)
{
    settings->files.prefix = "RABBITMQ";
    if (!settings->tls) {
        expect_no_files(errors);
        return;
    }
    if (!settings_is_given("RABBITMQ_PORT"))
        settings->port = TLS_PORT;
    tls_files_check(&settings->files, errors);
}
