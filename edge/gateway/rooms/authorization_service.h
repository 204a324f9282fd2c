// Whoever knows which user may join which room: services elsewhere, as the gateway sees them.
//
// An adapter implements it. How many questions are under way and how long they may take is the
// asker's affair.
#pragma once

#include "common/attr.h"
#include "common/span.h"

enum room_service {
    ROOM_SERVICE_MESSAGES = 0,  // knows conversations
    ROOM_SERVICE_NOTIFICATIONS, // knows notifications
    ROOM_SERVICES,              // how many there are
};

enum room_answer {
    ROOM_ANSWER_YES = 0,
    ROOM_ANSWER_NO,
    ROOM_ANSWER_BAD_TOKEN,   // about the token, and not about the room
    ROOM_ANSWER_ERROR,       // neither yes nor no
    ROOM_ANSWER_UNREACHABLE, // no answer, or none that could be understood
    ROOM_ANSWER_TIMEOUT,     // none in time; what the asker makes of it
    ROOM_ANSWERS,            // how many there are
};

struct room_authority;
struct authority_call; // a question under way

struct authority_question {
    enum room_service service;
    struct span path;  // "/api/conversations/42"
    struct span token; // of the user, as it came
};

// `reason` is for a log and says why there is neither yes nor no; NULL when there is. Borrowed.
typedef void (*room_answer_fn)(enum room_answer answer, const char *reason, void *arg);

struct room_authority_ops {
    struct authority_call *(*ask)(struct room_authority *authority,
                                  const struct authority_question *question,
                                  room_answer_fn on_answer, void *arg);
    void (*cancel)(struct room_authority *authority, struct authority_call *call);
};

struct room_authority {
    const struct room_authority_ops *ops;
};

// Calls `on_answer` once and later, never before it returns, unless the call is cancelled. Borrows
// the question until return.
NODISCARD static inline struct authority_call *
room_authority_ask(struct room_authority *authority, const struct authority_question *question,
                   room_answer_fn on_answer, void *arg)
{
    return authority->ops->ask(authority, question, on_answer, arg);
}

// For a call that was not answered. The call is gone then.
static inline void room_authority_cancel(struct room_authority *authority,
                                         struct authority_call *call)
{
    authority->ops->cancel(authority, call);
}
