#include "common/rabbitmq_settings.h"

#include <stdio.h>
#include <string.h>

#include "common/broker_url.h"
#include "common/settings.h"
#include "common/url_settings.h"

#define URL      "RABBITMQ_URL"
#define PORT     5672
#define TLS_PORT 5671

static const char *const schemes[] = {"amqp", "amqps", NULL};

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

    url_setting_take_text(URL, "RABBITMQ_HOST", url->host, &settings->host, errors);
    url_setting_take_text(URL, "RABBITMQ_USER", url->user, &settings->user, errors);
    url_setting_take_text(URL, "RABBITMQ_PASSWORD", url->password, &settings->password, errors);
    url_setting_take_text(URL, "RABBITMQ_VHOST", url->path, &settings->vhost, errors);
    url_setting_take_switch(URL, "RABBITMQ_TLS", tls, &settings->tls, errors);
    if (url->port > 0)
        url_setting_take_number(URL, "RABBITMQ_PORT", url->port, &settings->port, errors);
    else if (tls && !settings_is_given("RABBITMQ_PORT"))
        settings->port = TLS_PORT;
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

static void take_hosts(struct rabbitmq_settings *settings, struct buffer *errors)
{
    if (settings->url || settings_is_given("RABBITMQ_HOST") || settings_is_given("RABBITMQ_PORT"))
        settings_fault(errors, "RABBITMQ_HOSTS says where RabbitMQ is: give no RABBITMQ_HOST, "
                               "RABBITMQ_PORT and RABBITMQ_URL beside it");
    host_list_parse(&settings->hosts, settings->host_list, "RABBITMQ_HOSTS",
                    settings->tls ? TLS_PORT : PORT, errors);
}

static void take_host(struct rabbitmq_settings *settings, struct buffer *errors)
{
    struct host_address *only = &settings->hosts.items[0];

    if (strlen(settings->host) >= sizeof(only->host))
        settings_fault(errors, "RABBITMQ_HOST has over %zu bytes", sizeof(only->host) - 1);
    snprintf(only->host, sizeof(only->host), "%s", settings->host);
    only->port = (uint16_t)settings->port;
    settings->hosts.count = 1;
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
    if (settings->host_list)
        take_hosts(settings, errors);
    else
        take_host(settings, errors);
    if (settings->tls)
        settings->store = tls_store_new(&settings->files, errors);
    else
        expect_no_files(errors);
}
