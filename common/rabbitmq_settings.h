// How to reach RabbitMQ: the settings that the relay and tools share. shared_settings.h has their
// rows.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/host_list.h"
#include "common/tls_client.h"

struct rabbitmq_settings {
    const char *url; // or NULL
    const char *host;
    int64_t port;
    const char *host_list; // or NULL: `host` is the only one
    const char *user, *password, *vhost;
    bool tls;
    struct tls_files files; // of TLS
    // Filled by rabbitmq_settings_finish():
    struct tls_store *store; // NULL: plain text
    struct host_list hosts;  // one at least
};

// The settings that may be the cause when RabbitMQ cannot be reached or refuses the login.
#define RABBITMQ_CONNECTION_SETTINGS                                                               \
    "RABBITMQ_URL, RABBITMQ_HOST, RABBITMQ_PORT, RABBITMQ_HOSTS, RABBITMQ_TLS, RABBITMQ_USER, "    \
    "RABBITMQ_PASSWORD and RABBITMQ_VHOST"
// What a client says first without TLS, for tls_probe(), and what is wrong if that finds TLS.
#define RABBITMQ_GREETING   SPAN_LIT("AMQP\0\0\x09\x01")
#define RABBITMQ_SPEAKS_TLS "the server speaks TLS at this port; set RABBITMQ_TLS=true"

// Checks the loaded settings against each other, and puts what the URL names into the other fields.
// Adds a line to `errors` for each fault.
void rabbitmq_settings_finish(struct rabbitmq_settings *settings, struct buffer *errors);
