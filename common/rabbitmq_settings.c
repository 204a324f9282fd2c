#include "common/rabbitmq_settings.h"

#include <stdlib.h>

#include "common/broker_url.h"
#include "common/mem.h"
#include "common/settings.h"

#define TLS_PORT 5671

static const char *const schemes[] = {"amqp", "amqps", NULL};

// What a variable says holds beside the URL only if the URL says the same, or nothing.
static bool differs(const char *name, bool given, bool same, struct buffer *errors)
{
    if (!given || same)
        return false;
    settings_fault(errors, "%s and RABBITMQ_URL say different things; give one of them", name);
    return true;
}

// Texts of settings are copies, so the one before is freed.
static void take_text(const char *name, bool given, const char *named, const char **field,
                      struct buffer *errors)
{
    if (!named || differs(name, given, strcmp(*field, named) == 0, errors))
        return;
    free((void *)*field);
    *field = mem_strdup(named);
}

// The one of RabbitMQ's URLs ends where the path does, which is one name. Returns what is wrong.
static const char *check_path(const char *text)
{
    const char *path = strchr(strstr(text, "://") + 3, '/');

    if (!path)
        return NULL;
    if (path[1] == '\0')
        return "it names an empty virtual host; write /%2F for the virtual host /, or no / at all";
    return strchr(path + 1, '/') ? "a / in the name of the virtual host must be written %2F" : NULL;
}

static void take_url(const struct broker_url *url, struct rabbitmq_settings *settings,
                     struct buffer *errors)
{
    bool tls = strcmp(url->scheme, "amqps") == 0;
    bool password =
        settings_is_given("RABBITMQ_PASSWORD") || settings_is_given("RABBITMQ_PASSWORD_FILE");

    take_text("RABBITMQ_HOST", settings_is_given("RABBITMQ_HOST"), url->host, &settings->host,
              errors);
    take_text("RABBITMQ_USER", settings_is_given("RABBITMQ_USER"), url->user, &settings->user,
              errors);
    take_text("RABBITMQ_PASSWORD", password, url->password, &settings->password, errors);
    take_text("RABBITMQ_VHOST", settings_is_given("RABBITMQ_VHOST"), url->path, &settings->vhost,
              errors);
    if (!differs("RABBITMQ_TLS", settings_is_given("RABBITMQ_TLS"), settings->tls == tls, errors))
        settings->tls = tls;
    if (url->port == 0) {
        if (!settings_is_given("RABBITMQ_PORT") && tls)
            settings->port = TLS_PORT;
    } else if (!differs("RABBITMQ_PORT", settings_is_given("RABBITMQ_PORT"),
                        settings->port == url->port, errors)) {
        settings->port = url->port;
    }
}

static void apply_url(struct rabbitmq_settings *settings, struct buffer *errors)
{
    struct broker_url url;
    const char *fault = broker_url_parse(&url, settings->url, schemes);

    fault = fault || !url.query ? fault : "it must not have a query";
    fault = fault ? fault : check_path(settings->url);
    if (fault)
        settings_fault(errors,
                       "RABBITMQ_URL must be like amqp://user:password@host:5672/vhost or "
                       "amqps://…: %s",
                       fault);
    else
        take_url(&url, settings, errors);
    broker_url_fini(&url);
}

// A file that has no effect is meant to have one.
static void expect_no_files(struct buffer *errors)
{
    static const char *const names[] = {"RABBITMQ_CA_FILE", "RABBITMQ_CERT_FILE",
                                        "RABBITMQ_KEY_FILE"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (settings_is_given(names[i]))
            settings_fault(errors, "%s needs RABBITMQ_TLS=true or amqps://", names[i]);
}

void rabbitmq_settings_finish(struct rabbitmq_settings *settings, struct buffer *errors)
{
    settings->files.prefix = "RABBITMQ";
    if (settings->url)
        apply_url(settings, errors);
    else if (settings->tls && !settings_is_given("RABBITMQ_PORT"))
        settings->port = TLS_PORT;
    if (!settings->tls) {
        expect_no_files(errors);
        return;
    }
    tls_files_check(&settings->files, errors);
}
