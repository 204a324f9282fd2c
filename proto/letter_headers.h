// The headers of a dead letter, which the relay writes and ws-dead-letters reads.
//
// They stay in the queue over releases, so a name is part of the contract. docs/protocol.md says
// what stands in each.
#pragma once

#define LETTER_REASON      "x-reason"
#define LETTER_FAILED_AT   "x-failed-at"
#define LETTER_ROUTING_KEY "x-original-routing-key"
#define LETTER_EXCHANGE    "x-original-exchange"
#define LETTER_SIZE        "x-original-size"

// In place of properties and headers that RabbitMQ would act on.
#define LETTER_EXPIRATION "x-original-expiration"
#define LETTER_USER_ID    "x-original-user-id"
#define LETTER_CC         "x-original-cc"

// In place of headers that leave no room for the ones above: how many bytes they had.
#define LETTER_HEADERS_DROPPED "x-original-headers-dropped"
