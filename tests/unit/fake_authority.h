// Stands in for the services: writes down what they are asked, and answers when the test says.
#pragma once

#include "common/buffer.h"
#include "common/list.h"
#include "common/mem.h"
#include "edge/gateway/rooms/authorization_service.h"
#include "tests/unit/unit.h"

struct fake_authority {
    struct room_authority authority;
    struct buffer asked; // "messages /api/conversations/1 TOKEN; cancel; "
    struct list calls;   // under way, oldest first
};

struct authority_call {
    struct list node;
    room_answer_fn on_answer;
    void *arg;
};

static inline struct authority_call *fake_ask(struct room_authority *authority,
                                              const struct authority_question *question,
                                              room_answer_fn on_answer, void *arg)
{
    struct fake_authority *self = container_of(authority, struct fake_authority, authority);
    struct authority_call *call = mem_alloc(sizeof(*call));

    *call = (struct authority_call){.on_answer = on_answer, .arg = arg};
    list_append(&self->calls, &call->node);
    buffer_printf(&self->asked, "%s " SPAN_FMT " " SPAN_FMT "; ",
                  question->service == ROOM_SERVICE_MESSAGES ? "messages" : "notifications",
                  SPAN_ARG(question->path), SPAN_ARG(question->token));
    return call;
}

static inline void fake_cancel(struct room_authority *authority, struct authority_call *call)
{
    struct fake_authority *self = container_of(authority, struct fake_authority, authority);

    buffer_append(&self->asked, SPAN_LIT("cancel; "));
    list_unlink(&call->node);
    free(call);
}

static const struct room_authority_ops fake_authority_ops = {.ask = fake_ask,
                                                             .cancel = fake_cancel};

static inline void fake_authority_init(struct fake_authority *self)
{
    *self = (struct fake_authority){.authority = {.ops = &fake_authority_ops}};
    list_init(&self->calls);
}

static inline void fake_authority_fini(struct fake_authority *self)
{
    assert_true(list_empty(&self->calls));
    buffer_fini(&self->asked);
}

static inline size_t fake_authority_count(const struct fake_authority *self)
{
    size_t count = 0;

    list_for_each (node, &self->calls)
        count++;
    return count;
}

// Answers the oldest question that is under way.
static inline void fake_authority_answer(struct fake_authority *self, enum room_answer answer)
{
    assert_false(list_empty(&self->calls));
    struct authority_call *call = list_entry(self->calls.next, struct authority_call, node);
    struct authority_call copy = *call;

    list_unlink(&call->node);
    free(call);
    copy.on_answer(answer, "as the test wants it", copy.arg);
}
