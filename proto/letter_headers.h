// Names of the queue of dead letters and of their headers. The relay writes them, ws-dead-letters
// reads them.
//
// Letters stay in the queue across releases, so a name never changes. docs/protocol.md describes
// the values.
#pragma once

#define DEAD_LETTER_KEY "dead-letter" // behind the prefix of queues: the queue of dead letters

#define LETTER_REASON      "x-reason"
#define LETTER_FAILED_AT   "x-failed-at"
#define LETTER_ROUTING_KEY "x-original-routing-key"
#define LETTER_EXCHANGE    "x-original-exchange"
#define LETTER_SIZE        "x-original-size"

// Original values of properties and headers on which RabbitMQ would act if the letter had them.
#define LETTER_EXPIRATION "x-original-expiration"
#define LETTER_USER_ID    "x-original-user-id"
#define LETTER_CC         "x-original-cc"

// Size in bytes of the event's properties and headers, if its headers were dropped because they
// leave no room in the frame for those above, or because they cannot be decoded.
#define LETTER_HEADERS_DROPPED "x-original-headers-dropped"
