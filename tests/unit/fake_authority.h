// A fake of the services: records what they are asked, and answers when the test says so.
#pragma once

#include "common/buffer.h"
#include "common/list.h"
#include "common/mem.h"
#include "edge/gateway/rooms/authorization_service.h"
#include "tests/unit/unit.h"

struct fake_authority {
    struct authorization_service authority;
    struct buffer asked; // "messages /api/conversations/1 TOKEN; cancel; "
    struct list calls;   // requests without an answer, oldest first
};

struct authorization_call {
    struct list node;
    service_answer_fn on_answer;
    void *arg;
};

static inline struct authorization_call *fake_ask(struct authorization_service *authority,
                                                  const struct authorization_query *question,
                                                  service_answer_fn on_answer, void *arg)
{
    struct fake_authority *self = container_of(authority, struct fake_authority, authority);
    struct authorization_call *call = mem_alloc(sizeof(*call));

    *call = (struct authorization_call){.on_answer = on_answer, .arg = arg};
    list_append(&self->calls, &call->node);
    buffer_printf(&self->asked, "%s " SPAN_FMT " " SPAN_FMT "; ",
                  question->type == 0 ? "messages" : "notifications", SPAN_ARG(question->path),
                  SPAN_ARG(question->token));
    return call;
}

static inline void fake_cancel(struct authorization_service *authority,
                               struct authorization_call *call, bool is_late)
{
    (void)is_late;
    struct fake_authority *self = container_of(authority, struct fake_authority, authority);

    buffer_append(&self->asked, SPAN_LIT("cancel; "));
    list_unlink(&call->node);
    free(call);
}

static inline void fake_use(struct authorization_service *authority, const struct room_types *types)
{
    struct fake_authority *self = container_of(authority, struct fake_authority, authority);

    assert_true(list_empty(&self->calls));
    buffer_printf(&self->asked, "use %zu; ", types->count);
}

static const struct authorization_service_ops fake_authority_ops = {
    .ask = fake_ask, .cancel = fake_cancel, .use = fake_use};

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

// Answers the oldest request.
static inline void fake_authority_answer(struct fake_authority *self, enum service_answer answer)
{
    assert_false(list_empty(&self->calls));
    struct authorization_call *call = list_entry(self->calls.next, struct authorization_call, node);
    struct authorization_call copy = *call;

    list_unlink(&call->node);
    free(call);
    copy.on_answer(answer, "as the test wants it", copy.arg);
}
